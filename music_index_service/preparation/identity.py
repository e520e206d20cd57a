"""Checks of what a clip is called and where it is: its id, its video, and where it starts and ends."""

import re
from collections.abc import Sequence
from math import inf

from ambiance.limits import MAX_CLIP_ID_CHARACTERS
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.validation import shown
from music_index_service.preparation.offences import Offences

# No white space, no control character (category Cc).
_ID = re.compile(rf"[^\s\x00-\x1f\x7f-\x9f]{{1,{MAX_CLIP_ID_CHARACTERS}}}")
_YOUTUBE_ID = re.compile(r"[0-9A-Za-z_-]{11}", re.ASCII)


def check_identity(batch: Sequence[ClipInput], offences: Offences) -> None:
    """Note what is wrong with ids, video ids, starts and ends; of several clips of one id the last counts."""
    last = {clip.id: i for i, clip in enumerate(batch)}
    for i, clip in enumerate(batch):
        if (later := last[clip.id]) != i:
            offences.add(i, "id", f"{shown(clip.id)} stands again in clips[{later}]; the last of them counts")
        elif not _ID.fullmatch(clip.id):
            offences.add(i, "id", _id_offence(clip.id))
        if clip.youtube_id and not _YOUTUBE_ID.fullmatch(clip.youtube_id):
            needed = "11 characters of A-Z, a-z, 0-9, - and _, or none"
            offences.add(i, "youtube_id", f"{needed}, got {shown(clip.youtube_id)}")
        start, end = clip.start_seconds, clip.end_seconds
        if not 0 <= start < inf:
            offences.add(i, "start_seconds", f"finite, at least 0, got {start:g}")
        if end and not start < end < inf and 0 <= start < inf:
            offences.add(i, "end_seconds", f"above start_seconds, {start:g}, or 0 if unknown, got {end:g}")


def _id_offence(clip_id: str) -> str:
    if not clip_id:
        return "is required"
    if len(clip_id) > MAX_CLIP_ID_CHARACTERS:
        return f"at most {MAX_CLIP_ID_CHARACTERS} characters, got {len(clip_id):,}"
    return f"no white space and no control character, got {shown(clip_id)}"
