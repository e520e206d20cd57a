"""The segments that an index that is written to consists of, and how a write changes them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.live.model import IndexModel
from music_index_service.live.own_catalog import Written, memory_segment, merged, sequences
from music_index_service.segment import Segment
from music_index_service.snapshot import IndexSnapshot
from music_index_service.store.store import Kept, State, Store

# The latest segments in memory, up to one that is this much larger than all after it, are merged once there
# are more than a few: few are searched, and each clip is moved a few times only.
_FEW = 2
_RATIO = 4

# What the store says of the released clips is read off its changes where there are so few, else asked by id:
# 12,642 ids take 18 ms at best, a hundred changes 1.
_FEW_CHANGES = 1_000
_ASKED_AT_ONCE = 1_000  # ids


@dataclass(frozen=True, slots=True)
class Update:
    """The state that a write left a clip in; `clip` if it was written."""

    clip_id: str
    sequence: int
    state: State
    clip: StoredClip | None


@dataclass(frozen=True)
class Compacted:
    """What was written up to a write, as one segment whose clips' prices are learned."""

    segment: Segment | None  # None if no clip was left
    sequence: int
    worth: NDArray[np.float32] | None  # see `Standing`; None if no clip is worth hearing


class Parts:
    """The segments and their masks. One thread changes them; the segments themselves never change."""

    def __init__(
        self, model: IndexModel, released: IndexSnapshot | None, compacted: Compacted | None, store: Store
    ) -> None:
        """Take them as they were compacted; what was written since then is to be applied."""
        self._model = model
        self._base = _overlaid(released.segments[0], store) if released is not None else None
        self._own: Segment | None = None
        self._recent: list[Segment] = []
        self._changed: dict[str, int] = {}  # ids that changed since the compaction -> their last write
        self.sequence = self.compacted_sequence = 0
        self._first_pricing = self.pricing = model.pricing(over_release=released is not None)
        if compacted is not None:
            self.adopt(compacted)

    @property
    def change_count(self) -> int:
        """Clips that changed since the compaction."""
        return len(self._changed)

    @property
    def compacted_count(self) -> int:
        """Clips in what was compacted last."""
        return len(self._own.catalog) if self._own is not None else 0

    def segments(self) -> tuple[Segment, ...]:
        """Those to search: at least one."""
        held = [segment for segment in (self._base, self._own, *self._recent) if segment is not None]
        return tuple(held) or (self._empty(),)

    def apply(self, updates: Sequence[Update]) -> None:
        """Make updates part of the segments; of several of one clip the last write counts.

        What was compacted may hold a write that comes here only now: then only the released clips lack it.
        """
        latest: dict[str, Update] = {}
        for update in updates:
            before = latest.get(update.clip_id)
            last = before.sequence if before is not None else self._changed.get(update.clip_id, -1)
            if update.sequence >= last:
                latest[update.clip_id] = update
            self.sequence = max(self.sequence, update.sequence)
        if not latest:
            return
        if self._base is not None:
            self._base = _with_dead(self._base, _gone(latest.values()))
            for state, unavailable in ((State.UNAVAILABLE, True), (State.AVAILABLE, False)):
                marked = [each for each, update in latest.items() if update.state is state]
                self._base = _with_unavailable(self._base, marked, unavailable)
        fresh = [update for update in latest.values() if update.sequence > self.compacted_sequence]
        gone = _gone(fresh)
        gone_again = [each for each in gone if each in self._changed]  # others aren't in memory
        self._changed |= {update.clip_id: update.sequence for update in fresh}
        if self._own is not None:
            self._own = _with_dead(self._own, gone)
        self._recent = [_with_dead(segment, gone_again) for segment in self._recent]
        written = [Written(each.clip, each.sequence) for each in fresh if each.clip is not None]
        if written:
            self._recent.append(memory_segment(written, self._model, self.pricing))
        self._tidy()

    def adopt(self, compacted: Compacted) -> None:
        """Take what was compacted in place of all that it holds. One that was overtaken has no effect."""
        if compacted.sequence < self.compacted_sequence:
            return
        self._changed = {each: at for each, at in self._changed.items() if at > compacted.sequence}
        own = compacted.segment
        self._own = _with_dead(own, list(self._changed)) if own is not None else None
        self._recent = [
            segment.without(np.flatnonzero(sequences(segment) <= compacted.sequence))
            for segment in self._recent
        ]
        self.compacted_sequence = compacted.sequence
        self.sequence = max(self.sequence, compacted.sequence)
        self.pricing = self._first_pricing.beside(compacted.worth)
        self._tidy()

    def _tidy(self) -> None:
        """Drop segments without a clip, and merge some if there are many."""
        recent = [segment for segment in self._recent if len(segment)]
        first = max(len(recent) - 1, 0)
        together = sum(map(len, recent[first:]))
        while first and len(recent[first - 1]) < _RATIO * together:
            first -= 1
            together += len(recent[first])
        if len(recent) - first > _FEW:
            joined = merged(recent[first:], self._model)
            recent[first:] = [joined] if joined is not None else []
        self._recent = recent

    def _empty(self) -> Segment:
        """The released segment with every clip dead: there must be something to ask."""
        segment = self._model.released.segments[0]
        return segment.without(np.arange(len(segment.catalog)))


def _overlaid(base: Segment, store: Store) -> Segment:
    """A released segment with the marks of what the store says of its clips."""
    changes = list(islice(store.since(-1), _FEW_CHANGES + 1))
    told = changes if len(changes) <= _FEW_CHANGES else list(_told_by_id(base, store))
    gone = [kept.clip_id for kept in told if kept.state in (State.WRITTEN, State.DELETED)]
    unavailable = [kept.clip_id for kept in told if kept.state is State.UNAVAILABLE]
    return _with_unavailable(_with_dead(base, gone), unavailable, True)


def _told_by_id(base: Segment, store: Store) -> Iterator[Kept]:
    """What the store says of the clips of a segment."""
    size = len(base.catalog)
    for start in range(0, size, _ASKED_AT_ONCE):
        rows = range(start, min(start + _ASKED_AT_ONCE, size))
        yield from store.get([base.catalog.clip_id(row) for row in rows]).values()


def _gone(updates: Iterable[Update]) -> list[str]:
    """Ids of clips that aren't any more what they were before."""
    return [each.clip_id for each in updates if each.state in (State.WRITTEN, State.DELETED)]


def _with_dead(segment: Segment, clip_ids: Sequence[str]) -> Segment:
    return segment.without(segment.rows_of(clip_ids))


def _with_unavailable(segment: Segment, clip_ids: Sequence[str], unavailable: bool) -> Segment:
    rows = segment.rows_of(clip_ids)
    if not len(rows):
        return segment
    before = segment.unavailable
    mask = before.copy() if before is not None else np.zeros(len(segment.catalog), np.bool_)
    mask[rows] = unavailable
    return replace(segment, unavailable=mask)
