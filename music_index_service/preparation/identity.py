"""Checks of what a clip is called and where it is: its id, its video, and where it starts and ends."""

import re
from collections.abc import Sequence
from math import inf

import numpy as np

from ambiance.limits import MAX_CLIP_ID_CHARACTERS
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.validation import shown
from music_index_service.preparation.offences import Offences

# No white space, no control character (category Cc).
_ID = re.compile(rf"[^\s\x00-\x1f\x7f-\x9f]{{1,{MAX_CLIP_ID_CHARACTERS}}}")
_YOUTUBE_ID = re.compile(r"[0-9A-Za-z_-]{11}", re.ASCII)


def check_identity(batch: Sequence[ClipInput], offences: Offences) -> None:
    """Note what is wrong with ids, video ids, starts and ends; of several clips of one id the last counts."""
    ids = [clip.id for clip in batch]
    last = {clip_id: i for i, clip_id in enumerate(ids)}
    if len(last) < len(ids) or not all(map(_ID.fullmatch, ids)):  # seldom, and one look tells
        for i, clip_id in enumerate(ids):
            _check_id(i, clip_id, last[clip_id], offences)
    for i, clip in enumerate(batch):
        if clip.youtube_id and not _YOUTUBE_ID.fullmatch(clip.youtube_id):
            needed = "11 characters of A-Z, a-z, 0-9, - and _, or none"
            offences.add(i, "youtube_id", f"{needed}, got {shown(clip.youtube_id)}")
    _check_times(batch, offences)


def _check_id(clip: int, clip_id: str, last: int, offences: Offences) -> None:
    if last != clip:
        offences.add(clip, "id", f"{shown(clip_id)} stands again in clips[{last}]; the last of them counts")
    elif not _ID.fullmatch(clip_id):
        offences.add(clip, "id", _id_offence(clip_id))


def _check_times(batch: Sequence[ClipInput], offences: Offences) -> None:
    starts = np.array([clip.start_seconds for clip in batch])
    ends = np.array([clip.end_seconds for clip in batch])
    begun = (starts >= 0) & (starts < inf)
    for i in np.flatnonzero(~begun).tolist():
        offences.add(i, "start_seconds", f"finite, at least 0, got {starts[i]:g}")
    ended = (ends == 0) | ((starts < ends) & (ends < inf))
    for i in np.flatnonzero(begun & ~ended).tolist():
        needed = f"above start_seconds, {starts[i]:g}, or 0 if unknown"
        offences.add(i, "end_seconds", f"{needed}, got {ends[i]:g}")


def _id_offence(clip_id: str) -> str:
    if not clip_id:
        return "is required"
    if len(clip_id) > MAX_CLIP_ID_CHARACTERS:
        return f"at most {MAX_CLIP_ID_CHARACTERS} characters, got {len(clip_id):,}"
    return f"no white space and no control character, got {shown(clip_id)}"
