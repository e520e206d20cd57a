"""Rows of a store: read back only as they were written."""

from pathlib import Path
from zlib import crc32

from music_index_service.store.changes import Kept, State
from music_index_service.store.faults import damaged

COLUMNS = "clip_id, sequence, state, document, checksum"


def checksum(clip_id: str, sequence: int, state: int, document: bytes) -> int:
    """CRC-32 of all that a row says."""
    return crc32(document, crc32(f"{sequence} {state} {clip_id}".encode()))


def kept(path: Path, row: tuple[str, int, int, bytes, int]) -> Kept:
    """What a row of COLUMNS says.

    Raises:
        StorageError: if it isn't what was written.
    """
    clip_id, sequence, state, document, check = row
    try:
        sound = checksum(clip_id, sequence, state, document) == check
    except (TypeError, UnicodeEncodeError):  # a value of another type than was written
        sound = False
    if not sound:
        raise damaged(path, f"the checksum of clip {clip_id!a} differs")
    return Kept(clip_id, sequence, State(state), document)
