"""What a migration asks of either end, and how it tells that both hold the same."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from music_index_service.store.changes import Change, State


class End(Protocol):
    """Where an index lies."""

    def changes(self) -> Iterator[list[Change]]:
        """What was written to the index, some at a time; of each clip the latest."""

    def write(self, changes: list[Change]) -> None:
        """Write to the index, whatever is held of these clips."""

    @property
    def attribute_types(self) -> Mapping[str, str]:
        """The type of each attribute that clips were written with, by name."""

    def learn_attribute_types(self, types: Mapping[str, str]) -> None:
        """Keep these types."""

    def close(self) -> None:
        """Let go of what was opened."""


@dataclass(frozen=True)
class Content:
    """How much an end holds, and a digest of all of it."""

    written: int
    deleted: int
    unavailable: int  # released clips that were reported
    digest: str  # SHA-256 over (clip id, state, document) of each, by ascending id

    def __str__(self) -> str:
        counts = (
            f"{self.written:,} clips, {self.deleted:,} deleted, {self.unavailable:,} released unavailable"
        )
        return f"{counts}, SHA-256 {self.digest}"


Held = Mapping[str, tuple[State, bytes]]  # by clip id its state, and the SHA-256 of its document


def held_by(changes: Iterable[list[Change]]) -> Held:
    """What some changes leave of each clip."""
    return {
        change.clip_id: (change.state, hashlib.sha256(change.document).digest())
        for some in changes
        for change in some
    }


def content(held: Held) -> Content:
    """What clips come to."""
    whole = hashlib.sha256()
    for clip_id in sorted(held):
        state, document = held[clip_id]
        whole.update(f"{clip_id}\0{int(state)}\0".encode() + document)
    states = [state for state, _ in held.values()]
    written, deleted, unavailable = (states.count(state) for state in CARRIED)
    return Content(written, deleted, unavailable, whole.hexdigest())


# A released clip that was reported, and then found to play after all, is as it was released.
CARRIED = (State.WRITTEN, State.DELETED, State.UNAVAILABLE)
