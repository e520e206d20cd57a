"""Clips to write, from what was heard in a recording."""

import hashlib
import os
from pathlib import Path

from ambiance.audio.listening import Heard, Window
from ambiance.clip_input import ClipInput

_TRACK_CHARACTERS = 24  # of a SHA-256 in hexadecimal: 96 bits, enough for any number of files


def track_id(path: Path) -> str:
    """Which recording a clip is of: told by where it lies, so that hearing it again replaces its clips."""
    return hashlib.sha256(file_uri(path).encode()).hexdigest()[:_TRACK_CHARACTERS]


def file_uri(path: Path) -> str:
    """The file's address. Names that aren't UTF-8 are kept, byte by byte."""
    return path.absolute().as_uri()


def clips_of(path: Path, heard: Heard) -> list[ClipInput]:
    """A clip for each window of a recording, in order.

    A recording without a title is called by its file's name.
    """
    track = track_id(path)
    return [_clip(path, track, heard, window) for window in heard.windows]


def _clip(path: Path, track: str, heard: Heard, window: Window) -> ClipInput:
    return ClipInput(
        id=_clip_id(track, window.start_seconds),
        start_seconds=window.start_seconds,
        end_seconds=window.end_seconds,
        frames=window.frames,
        title=heard.tags.title or os.fsencode(path.stem).decode(errors="replace"),
        artist=heard.tags.artist,
        album=heard.tags.album,
        track_id=track,
        uri=file_uri(path),
        duration_seconds=heard.duration_seconds,
    )


def _clip_id(track: str, start_seconds: float) -> str:
    return f"{track}@{start_seconds:.3f}".rstrip("0").rstrip(".")
