"""Writes to an index in Milvus: each is one call, with a number that rises, of rows that are complete."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from time import time_ns
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.live.write_outcome import Outcome
from music_index_service.milvus.attributes import attribute_types
from music_index_service.milvus.clips import MilvusClip
from music_index_service.milvus.model import Model
from music_index_service.milvus.rows import SEQUENCE, Vectors
from music_index_service.milvus.schema import RowState
from music_index_service.milvus.server import Row, Server

# Of documents in one call; gRPC's limit at Milvus is 64 MiB, and rows take more than their documents.
_MAX_CALL_CHARACTERS = 8 * 1024 * 1024

_NO_TYPES: Mapping[str, str] = MappingProxyType({})

Held = Sequence[MilvusClip | None]
Written = tuple[list[Outcome], int]


class WrittenIndex(Protocol):
    """What a writer knows of its index."""

    @property
    def server(self) -> Server: ...
    @property
    def collection(self) -> str: ...
    @property
    def model(self) -> Model: ...

    def get_newest(self, clip_ids: Sequence[str]) -> tuple[Held, int]: ...

    def vectors(self, space: str, clips: Sequence[MilvusClip]) -> NDArray[np.float32]: ...

    def forget_counts(self) -> None: ...


class Writer:
    """Writes one after the other. Of several processes, the one that Milvus hears last wins.

    Whether a write changes anything is told by the newest of what is held: else one that repeats what
    another process has just undone would be acknowledged as needless, and lost.
    """

    def __init__(self, index: WrittenIndex) -> None:
        self._index, self._rows = index, index.model.rows
        self._last = 0
        self._lock = Lock()

    def upsert(self, clips: Sequence[StoredClip]) -> Written:
        """Write complete clips of different ids."""
        with self._lock:
            held, last = self._index.get_newest([clip.id for clip in clips])
            outcomes = [_outcome(clip, old) for clip, old in zip(clips, held, strict=True)]
            judged = zip(clips, outcomes, strict=True)
            changed = [clip for clip, outcome in judged if outcome is not Outcome.UNCHANGED]
            if not changed:
                return outcomes, last
            sequence = self._next(last)
            states, none = [RowState.WRITTEN] * len(changed), [()] * len(changed)
            rows = self._rows.of_clips(changed, self._index.model.place(changed), sequence, states, none)
            self._write(rows, sequence, attribute_types(clip.metadata for clip in changed))
            return outcomes, sequence

    def delete(self, clip_ids: Sequence[str]) -> Written:
        """Delete clips of different ids; what stays of each keeps older versions from bringing it back."""
        with self._lock:
            held, last = self._index.get_newest(clip_ids)
            outcomes = [Outcome.NOT_FOUND if old is None else Outcome.DELETED for old in held]
            gone = [clip.id for clip in held if clip is not None]
            if not gone:
                return outcomes, last
            sequence = self._next(last)
            self._write((self._rows.of_deleted(clip_id, sequence) for clip_id in gone), sequence)
            return outcomes, sequence

    def set_available(self, clip_ids: Sequence[str], available: bool) -> Written:
        """Say of clips whether they can be played."""
        with self._lock:
            held, last = self._index.get_newest(clip_ids)
            outcomes = [_marked(old, available) for old in held]
            changed = [
                clip
                for clip, outcome in zip(held, outcomes, strict=True)
                if clip is not None and outcome is Outcome.UPDATED
            ]
            if not changed:
                return outcomes, last
            sequence = self._next(last)
            vectors = {
                space.name: self._index.vectors(space.name, changed) for space in self._index.model.spaces
            }
            stored = [_with_available(clip.stored, available) for clip in changed]
            states = [_marked_state(clip.state, available) for clip in changed]
            labels = [clip.mood_labels for clip in changed]
            self._write(self._rows.of_clips(stored, vectors, sequence, states, labels), sequence)
            return outcomes, sequence

    def learn_attribute_types(self, types: Mapping[str, str]) -> None:
        """Keep the types of further attributes."""
        with self._lock:
            _, last = self._index.get_newest([])
            self._write([[]], self._next(last), types)

    def put(
        self,
        clips: Sequence[StoredClip],
        vectors: Vectors,
        sequence: int,
        states: Sequence[RowState],
        mood_labels: Sequence[Sequence[int]],
    ) -> None:
        """Write clips as they are, whatever is held of them: those of a release, or of another version."""
        types = attribute_types(clip.metadata for clip in clips)
        self._write(self._rows.of_clips(clips, vectors, sequence, states, mood_labels), sequence, types)

    def put_deleted(self, clip_ids: Sequence[str], sequence: int) -> None:
        """Write that clips are deleted, whatever is held of them."""
        self._write((self._rows.of_deleted(clip_id, sequence) for clip_id in clip_ids), sequence)

    def next_sequence(self) -> int:
        """A number for what is put."""
        with self._lock:
            _, last = self._index.get_newest([])
            return self._next(last)

    def _next(self, last: int) -> int:
        """A number above `last` and all of this process, whatever its clock says."""
        self._last = max(self._last + 1, last + 1, time_ns() // 1_000)
        return self._last

    def _write(self, clips: Iterable[list[Row]], sequence: int, types: Mapping[str, str] = _NO_TYPES) -> None:
        settings = [self._rows.of_setting(name, sequence, kind) for name, kind in types.items()]
        for batch in _batches(clips):
            number = self._rows.of_setting(SEQUENCE, sequence)
            self._index.server.upsert(self._index.collection, [*batch, *settings, number])
        self._index.forget_counts()


def _batches(clips: Iterable[list[Row]]) -> Iterator[list[Row]]:
    """Rows for one call each; those of a clip stay together."""
    batch: list[Row] = []
    size = 0
    for rows in clips:
        if size > _MAX_CALL_CHARACTERS:
            yield batch
            batch, size = [], 0
        batch += rows
        size += sum(len(piece) for row in rows for piece in row["document"]) + 512 * len(rows)
    if batch or not size:
        yield batch


def _outcome(clip: StoredClip, old: MilvusClip | None) -> Outcome:
    if old is None:
        return Outcome.CREATED
    same = clip.SerializeToString(deterministic=True) == old.document
    return Outcome.UNCHANGED if same else Outcome.UPDATED


def _marked(old: MilvusClip | None, available: bool) -> Outcome:
    if old is None:
        return Outcome.NOT_FOUND
    return Outcome.UNCHANGED if old.stored.available == available else Outcome.UPDATED


def _marked_state(state: RowState, available: bool) -> RowState:
    if state is RowState.WRITTEN:
        return state
    return RowState.AVAILABLE if available else RowState.UNAVAILABLE


def _with_available(clip: StoredClip, available: bool) -> StoredClip:
    marked = StoredClip()
    marked.CopyFrom(clip)
    marked.available = available
    return marked
