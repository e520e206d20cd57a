"""What is written to a store, and what it says of it later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ambiance.errors import Violation
from ambiance.validation import raise_violations, shown

# SQLite holds no larger value; what a request may hold is far below it.
MAX_DOCUMENT_BYTES = 1_000_000_000


class State(IntEnum):
    """What a clip's latest change made of it. Figures are those on disk: never change one."""

    WRITTEN = 0  # it has a document
    DELETED = 1  # it stays as a tombstone, so that no older segment brings the clip back
    UNAVAILABLE = 2  # a released clip that can't be played
    AVAILABLE = 3  # a released clip that can be played again


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one clip; `document` is a serialised StoredClip if it is WRITTEN, else empty."""

    clip_id: str
    state: State
    document: bytes = b""


@dataclass(frozen=True, slots=True)
class Kept:
    """The latest state of a clip; `sequence` numbers the commit that it comes from."""

    clip_id: str
    sequence: int
    state: State
    document: bytes


def latest_of(changes: Sequence[Change]) -> list[Change]:
    """The last change of each id, in the order of those.

    Raises:
        InvalidInputError: if an id is empty or no Unicode, or a document missing, too large or unasked for.
    """
    raise_violations(_violations(changes))
    latest: dict[str, Change] = {}
    for change in changes:
        latest.pop(change.clip_id, None)
        latest[change.clip_id] = change
    return list(latest.values())


def _violations(changes: Sequence[Change]) -> Iterator[Violation]:
    for i, change in enumerate(changes):
        size, written = len(change.document), change.state is State.WRITTEN
        if not change.clip_id or not _is_encodable(change.clip_id):
            fault = "must be Unicode text that isn't empty"
            yield Violation(f"changes[{i}].clip_id", f"{fault}, got {shown(change.clip_id)}")
        if written != bool(size):
            fault = "is empty" if written else f"must be empty for {change.state.name}, has {size:,} bytes"
            yield Violation(f"changes[{i}].document", fault)
        elif size > MAX_DOCUMENT_BYTES:
            yield Violation(f"changes[{i}].document", f"at most {MAX_DOCUMENT_BYTES:,} bytes, got {size:,}")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True
