"""The clips of an index of segments that may answer one request, in the space that it searches."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ambiance.clip_filter import Conditions
from music_index_service.filtering.filter_cache import FilteredClips
from music_index_service.index_port import FilterCounts
from music_index_service.searching.selection import Candidates
from music_index_service.segment import Segment

# A handle names a clip of a snapshot: the number of its segment, shifted by so much, and its row in there.
ROW_BITS = 32
ROW = (1 << ROW_BITS) - 1

Handles = NDArray[np.int64]


class Segmented(Protocol):
    """What the clips are of; `IndexSnapshot` is one."""

    @property
    def segments(self) -> Sequence[Segment]: ...

    @property
    def attribute_types(self) -> Mapping[str, str]: ...

    def clip_id(self, handle: int) -> str: ...

    def find(self, clip_id: str) -> int | None: ...


class SegmentAnswers:
    """Clips that may be answers, by handle: they pass a filter, are worth hearing, and can be played."""

    def __init__(
        self,
        index: Segmented,
        space: str,
        conditions: Conditions | None,
        *,
        include_unlistenable: bool,
        include_unavailable: bool,
    ) -> None:
        """Apply a filter, if there is one, to every segment.

        Raises:
            InvalidInputError: if it breaks its limits, or names what the index doesn't know.
            PreconditionError: if the index is too old for it.
        """
        self._index, self._space, self._conditions = index, space, conditions
        self._include_unlistenable, self._everything = include_unlistenable, include_unavailable
        self._parts = [(segment, self._of(segment)) for segment in index.segments]

    def _of(self, segment: Segment) -> FilteredClips | None:
        """The clips of a segment that may be answers; None if all may."""
        if self._conditions is None:
            return None if self._include_unlistenable else segment.filters.listenable
        return segment.filters.apply(
            self._conditions,
            include_unlistenable=self._include_unlistenable,
            attribute_types=self._index.attribute_types,
        )

    def find(self, queries: NDArray[np.float32], count: int) -> list[Candidates]:
        """The nearest to each query <float32>[n, dimension], or all if there are fewer.

        Of equally near ones the smaller id comes first.
        """
        found: list[Candidates] = []
        for number, (segment, some) in enumerate(self._parts):
            within = some.rows if some is not None and len(some.rows) < len(segment.catalog) else None
            limits = None
            if number and all(len(distances) == count for distances, _ in found):
                limits = np.array([distances[-1] for distances, _ in found])
            distances, rows = segment.nearest(
                self._space, queries, count, within, limits, everything=self._everything
            )
            if not number:
                found = list(zip(distances, rows, strict=True))
            elif rows.shape[1]:
                also = zip(distances, rows | number << ROW_BITS, strict=True)
                found = [self._nearest(one, other, count) for one, other in zip(found, also, strict=True)]
        return found

    def _nearest(self, one: Candidates, other: Candidates, count: int) -> Candidates:
        """The nearest of what was found in a segment, or several, and in another."""
        if len(one[0]) == count and other[0][0] > one[0][-1]:  # nearly always: the other holds few clips
            return one
        distances, handles = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
        order = distances.argsort(kind="stable")
        near = distances[order]
        if (near[1:] == near[:-1]).any():
            order = np.array(
                sorted(
                    range(len(handles)), key=lambda i: (distances[i], self._index.clip_id(int(handles[i])))
                ),
                np.int64,
            )
        order = order[:count]
        return distances[order], handles[order]

    def vectors(self, handles: Handles) -> NDArray[np.float32]:
        """<float32>[n, dimension] the vector of each clip <int64>[n]."""
        engine = self._parts[0][0].engines[self._space]
        if len(self._parts) == 1 or not (handles >> ROW_BITS).any():
            return engine.vectors(handles)
        vectors = np.empty((len(handles), engine.space.dimension), np.float32)
        for segment, there, rows in self._apart(handles):
            vectors[there] = segment.engines[self._space].vectors(rows)
        return vectors

    def facets(self, handles: Handles) -> NDArray[np.float32]:
        """<float32>[n, facets] the probability of each facet of each clip <int64>[n]."""
        facets = np.empty((len(handles), self._index.segments[0].catalog.facets().shape[1]), np.float32)
        for segment, there, rows in self._apart(handles):
            facets[there] = segment.catalog.facets()[rows]
        return facets

    def groups(self, field: str, handles: Handles) -> list[str]:
        """A text of each clip <int64>[n], by one of `selection.GROUPED_BY`; empty if it isn't known."""
        texts = np.empty(len(handles), object)
        for segment, there, rows in self._apart(handles):
            texts[there] = segment.texts(field, rows)
        return list(texts)

    def _apart(self, handles: Handles) -> "list[tuple[Segment, NDArray[np.bool_], Handles]]":
        """For each segment that some are of: which these are, and their rows."""
        numbers, rows = handles >> ROW_BITS, handles & ROW
        of_each = ((number, numbers == number) for number in set(numbers.tolist()))
        return [(self._index.segments[number], there, rows[there]) for number, there in of_each]

    @property
    def index_size(self) -> int:
        """Clips of the index."""
        return sum(len(segment) for segment, _ in self._parts)

    @property
    def count(self) -> int:
        """Clips that pass the filter and are worth hearing, or all if that was asked for, played or not."""
        return sum(
            len(segment) if some is None else segment.count(some.rows) for segment, some in self._parts
        )

    @property
    def left_out(self) -> int:
        """Clips that the filter lets through, or all without one, that aren't answers: not worth hearing."""
        counts = [
            (segment.count(some.met), segment.count(some.rows)) for segment, some in self._parts if some
        ]
        return sum(met - answers for met, answers in counts)

    @property
    def _met(self) -> int:
        parts = self._parts
        return sum(len(segment) if some is None else segment.count(some.met) for segment, some in parts)

    @cached_property
    def filtered(self) -> FilterCounts | None:
        """What the filter let through; None without one."""
        conditions = self._conditions
        if conditions is None:
            return None
        only = self._parts[0][1]
        if len(self._parts) == 1 and self._parts[0][0].dead is None and only is not None:
            return FilterCounts(only.clip_count, only.unknown_clip_ids, only.unknown_youtube_ids)
        clip_ids = {*conditions.clip_ids, *conditions.without_clip_ids}
        videos = {*conditions.youtube_ids, *conditions.without_youtube_ids}
        return FilterCounts(
            self._met,
            tuple(sorted(clip_id for clip_id in clip_ids if self._index.find(clip_id) is None)),
            tuple(sorted(video for video in videos if not self._has_video(video))),
        )

    def _has_video(self, youtube_id: str) -> bool:
        return any(
            segment.is_alive(row)
            for segment in self._index.segments
            for row in segment.catalog.rows_of_video(youtube_id).tolist()
        )
