"""A part of an index: clips with their vectors, found in one go. A released index is one segment."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.engines.port import Neighbors, VectorEngine
from music_index_service.filtering.filters import ClipFilters
from music_index_service.filtering.row_set import RowSet

Mask = NDArray[np.bool_]

# Messages kept of a segment's clips, about 650 bytes each in memory.
KEPT_MESSAGES = 32_768

# Asked for beyond what is wanted at first, where some of what is found isn't an answer.
_SPARE = 8


class MessageCache:
    """What was made of clips, by row: of those asked for last."""

    def __init__(self, most: int = KEPT_MESSAGES) -> None:
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._most = most

    def get(self, row: int) -> bytes | None:
        """What is kept of a row, if anything is; any number of threads may ask, and keep."""
        return self._kept.get(row)

    def keep(self, row: int, made: bytes) -> bytes:
        """Keep what was made of a row, and return it."""
        self._kept[row] = made
        if len(self._kept) > self._most:
            with suppress(KeyError):  # another thread was as far
                self._kept.popitem(last=False)
        return made

    def kept(self) -> dict[int, bytes]:
        """All that is kept now, by row; what was asked for longest ago comes first."""
        return dict.copy(self._kept)  # in one step: others may keep something meanwhile

    def keep_each(self, rows: NDArray[np.integer], made: Iterable[bytes]) -> None:
        """Keep what was made elsewhere of the clips of some rows <int>[n]; none of a row below 0."""
        for row, of_it in zip(rows.tolist(), made, strict=True):
            if row >= 0:
                self.keep(row, of_it)


@dataclass(frozen=True, eq=False)
class Segment:
    """Clips that never change, and which of them are no answers any more. Any number of threads may ask."""

    engines: Mapping[str, VectorEngine]  # space -> its vectors, of which row i is row i of the catalogue
    catalog: ClipCatalog
    filters: ClipFilters  # of the catalogue
    dead: Mask | None = None  # <bool>[clips] deleted, or written again since: in a later segment
    unavailable: Mask | None = None  # <bool>[clips] can't be played
    messages: MessageCache = field(default_factory=MessageCache)  # of the catalogue, whatever the masks

    # how many are dead, of all and of those that answer without a filter: kept from write to write
    dead_count: int = 0
    dead_listenable_count: int = 0

    def __len__(self) -> int:
        """Clips that aren't dead."""
        return len(self.catalog) - self.dead_count

    def without(self, rows: NDArray[np.int64]) -> "Segment":
        """The segment with some distinct rows <int64>[n] dead as well."""
        rows = rows if self.dead is None else rows[~self.dead[rows]]
        if not len(rows):
            return self
        dead = np.zeros(len(self.catalog), np.bool_) if self.dead is None else self.dead.copy()
        dead[rows] = True
        listenable = self.filters.listenable.rows.count(rows)
        return replace(
            self,
            dead=dead,
            dead_count=self.dead_count + len(rows),
            dead_listenable_count=self.dead_listenable_count + listenable,
        )

    def is_alive(self, row: int) -> bool:
        """Whether the clip of a row is still part of the index."""
        return self.dead is None or not self.dead[row]

    def is_available(self, row: int) -> bool:
        """Whether the clip of a row can be played."""
        return self.unavailable is None or not self.unavailable[row]

    def rows_of(self, clip_ids: Sequence[str]) -> NDArray[np.int64]:
        """The rows <int64>[at most n] of those of some clips that it has, dead or not."""
        rows = self.catalog.rows_of(clip_ids)
        return rows[rows >= 0]

    def row_of(self, clip_id: str) -> int | None:
        """The row of a clip that isn't dead, None if there is none of that id."""
        row = self.catalog.row_of(clip_id)
        return row if row is not None and self.is_alive(row) else None

    def texts(self, field: str, rows: NDArray[np.int64]) -> list[str]:
        """A text of each of some clips <int64>[n]: of the video, or an attribute; empty if it isn't known."""
        if field == "youtube_id":
            return [self.catalog.youtube_id(row) for row in rows.tolist()]
        return self.filters.attributes.texts(field, rows)

    def warm(self) -> None:
        """Let the first search derive what every search uses, so that no caller waits for it."""
        rows = self.filters.listenable.rows
        within = rows if len(rows) < len(self.catalog) else None
        for space, engine in self.engines.items():
            if within is None or len(within):
                self.nearest(space, engine.expected_query(), _SPARE, within, everything=False)

    def count(self, rows: RowSet) -> int:
        """How many of the rows aren't dead."""
        if self.dead is None:
            return len(rows)
        if rows is self.filters.listenable.rows:
            return len(rows) - self.dead_listenable_count
        if rows is self.filters.listenable.met:
            return len(rows) - self.dead_count
        return len(rows) - rows.count(self._dead_rows)

    def nearest(
        self,
        space: str,
        queries: NDArray[np.float32],
        count: int,
        within: RowSet | None,
        limits: NDArray[np.float32] | None = None,
        *,
        everything: bool,
    ) -> Neighbors:
        """Distances and rows of the nearest that aren't dead, [queries, at most count].

        As `VectorEngine.search` gives them.

        Args:
            space: one of `engines`.
            queries: <float32>[n, dimension] in it.
            count: how many of each query.
            within: the rows that may be answers; all if None.
            limits: <float32>[n] the distance up to which each query wants them; of others some may lack.
            everything: whether those that can't be played may be, too.
        """
        search = self.engines[space].search
        excluded = self.dead if everything else self._excluded
        if excluded is None:
            return search(queries, count, within, limits)
        wanted = count + _SPARE
        while True:
            distances, rows = search(queries, wanted, within, limits)
            if not rows.shape[1]:
                return distances, rows
            kept = ~excluded[rows]
            if kept[:, :count].all():
                return distances[:, :count], rows[:, :count]
            if rows.shape[1] < wanted or np.count_nonzero(kept, axis=1).min() >= count:
                break
            wanted *= 4
        # the same rows are left for every query, so that each keeps as many, or count at least
        first = np.array([of_query.nonzero()[0][:count] for of_query in kept], np.int64)
        queried = np.arange(len(kept))[:, None]
        return distances[queried, first], rows[queried, first]

    @cached_property
    def _excluded(self) -> Mask | None:
        if self.dead is None or self.unavailable is None:
            return self.dead if self.unavailable is None else self.unavailable
        return self.dead | self.unavailable

    @cached_property
    def _dead_rows(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.dead) if self.dead is not None else np.empty(0, np.int64)
