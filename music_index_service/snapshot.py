"""An index in the numpy world: segments of vectors and catalogue, and the rules of asking them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import merge
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.clip_filter import Conditions
from music_index_service.catalog.asked_clips import check_id, check_ids, first_clip, page_size, unknown_clips
from music_index_service.catalog.clip_catalog import Clip, ClipCatalog
from music_index_service.catalog.labels import Label
from music_index_service.catalog.page_token import PageToken
from music_index_service.engines.port import VectorEngine
from music_index_service.filtering.filters import ClipFilters
from music_index_service.index_port import Answers, Asked, Hits, Page
from music_index_service.searching.answers import ROW, ROW_BITS, SegmentAnswers
from music_index_service.searching.match_probability import MatchProbability
from music_index_service.searching.queries import Query
from music_index_service.searching.search import answers_asked, search
from music_index_service.searching.selection import NO_LIMITS, Limits
from music_index_service.segment import Segment


@dataclass(frozen=True, eq=False)
class IndexSnapshot:
    """Answers what may be asked of an index as it is at one moment. Any number of threads may ask at once.

    It never changes: what its parts keep for the requests that follow is derived from it, and goes with it.
    """

    name: str
    version: int
    segments: tuple[Segment, ...]  # at least one, of the same spaces; no clip is alive in two of them
    match_probability: MatchProbability | None = None  # of one of the spaces, if there is a calibration
    notices: Sequence[str] = ()
    sequence: int = 0  # number of the last write that it holds
    writable: bool = False
    changed: Sequence[str] = ()  # ids of clips that writes changed since the snapshot before it

    @classmethod
    def released(
        cls,
        name: str,
        version: int,
        engines: Mapping[str, VectorEngine],
        catalog: ClipCatalog,
        filters: ClipFilters,
        match_probability: MatchProbability | None = None,
        notices: Sequence[str] = (),
    ) -> "IndexSnapshot":
        """One version of a released index, which nobody wrote to; `engines` and `filters` as of `Segment`."""
        return cls(name, version, (Segment(engines, catalog, filters),), match_probability, notices)

    @cached_property
    def spaces(self) -> dict[str, Space]:
        """The spaces that may be searched, by name."""
        return {name: engine.space for name, engine in self.segments[0].engines.items()}

    @cached_property
    def _size(self) -> int:
        return sum(map(len, self.segments))

    def __len__(self) -> int:
        """Clips held."""
        return self._size

    def clip(self, handle: int) -> Clip:
        """The clip of a handle."""
        return self.segments[handle >> ROW_BITS].catalog.clip(handle & ROW)

    def is_available(self, handle: int) -> bool:
        """Whether the clip of a handle can be played."""
        unavailable = self.segments[handle >> ROW_BITS].unavailable
        return unavailable is None or not unavailable[handle & ROW]

    def message(self, handle: int, make: Callable[[Clip], bytes]) -> bytes:
        """What `make`, always the same, makes of the clip of a handle; kept for the requests that follow."""
        segment, row = self.segments[handle >> ROW_BITS], handle & ROW
        kept = segment.messages.get(row)
        return kept if kept is not None else segment.messages.keep(row, make(segment.catalog.clip(row)))

    def place(self, handle: int) -> tuple[Segment, int]:
        """The segment of a handle, and the row in there."""
        return self.segments[handle >> ROW_BITS], handle & ROW

    def without(self, clip_ids: Sequence[str]) -> "IndexSnapshot":
        """The index without some clips of distinct ids, whether it holds them or not."""
        kept = (segment.without(segment.rows_of(clip_ids)) for segment in self.segments)
        return replace(self, segments=tuple(kept))

    def expected_queries(self) -> dict[str, NDArray[np.float32]]:
        """<float32>[dimension] of every space a query like those that are expected, and so answered fast."""
        return {name: engine.expected_query()[0] for name, engine in self.segments[0].engines.items()}

    def search(
        self,
        queries: Sequence[Query],
        k: int,
        seed: int = 0,
        conditions: Conditions | None = None,
        *,
        include_unlistenable: bool = False,
        include_unavailable: bool = False,
        limits: Limits = NO_LIMITS,
    ) -> Hits:
        """Find the k nearest clips of each query, of those that meet the conditions; k of 0 is the default.

        Clips that aren't worth hearing are left out unless they are included, even where the conditions name
        them, and so are those that can't be played. A seed other than 0 draws k of the near ones instead, see
        `sampling.draw`.

        Raises:
            InvalidInputError: if queries, k or conditions break their limits, the queries' space isn't held,
                or the conditions name an unknown label.
            PreconditionError: if a query has another lineage than its space, or the index is too old for the
                conditions.
        """
        return search(
            self,
            self.match_probability,
            queries,
            k,
            seed,
            conditions,
            include_unlistenable=include_unlistenable,
            include_unavailable=include_unavailable,
            limits=limits,
        )

    def answers_to(
        self,
        space: str,
        conditions: Conditions | None,
        *,
        include_unlistenable: bool,
        include_unavailable: bool,
    ) -> Answers:
        """The clips that may answer, by a filter if there is one; raises as `search`."""
        return SegmentAnswers(
            self,
            space,
            conditions,
            include_unlistenable=include_unlistenable,
            include_unavailable=include_unavailable,
        )

    def answers(self, space: str, options: Asked) -> Answers:
        """The clips that may answer, by the filter and the flags of options; raises as `search`."""
        return answers_asked(self, space, options)

    @cached_property
    def attribute_types(self) -> dict[str, str]:
        """The type of each attribute that some clip bears, by its name."""
        types: dict[str, str] = {}
        for segment in self.segments:
            types |= segment.filters.attributes.types
        return types

    def find(self, clip_id: str) -> int | None:
        """The handle of a clip, None if there is none of that id."""
        for number, segment in enumerate(self.segments):
            if (row := segment.row_of(clip_id)) is not None:
                return row | number << ROW_BITS
        return None

    def find_each(self, clip_ids: Sequence[str]) -> list[int | None]:
        """As `find`, of several at once."""
        handles = np.full(len(clip_ids), -1)
        for number, segment in enumerate(self.segments):
            rows = segment.catalog.rows_of(clip_ids)
            there = rows >= 0 if segment.dead is None else (rows >= 0) & ~segment.dead[rows]
            handles[there] = rows[there] | number << ROW_BITS
        return [None if handle < 0 else handle for handle in handles.tolist()]

    def clip_id(self, handle: int) -> str:
        """The id of the clip of a handle."""
        segment, row = self.place(handle)
        return segment.catalog.clip_id(row)

    def handle_of(self, clip_id: str) -> int:
        """The handle of a clip.

        Raises:
            InvalidInputError: if the id is empty.
            NotFoundError: if there is no such clip.
        """
        check_id(clip_id)
        handle = self.find(clip_id)
        if handle is None:
            raise unknown_clips("clip_id", self.name, [clip_id])
        return handle

    def handles_of(self, clip_ids: Sequence[str]) -> list[int]:
        """The handles of several clips, in their order.

        Raises:
            InvalidInputError: if there is no id, too many, or an empty one.
            NotFoundError: naming the first unknown clips.
        """
        check_ids(clip_ids)
        handles = self.find_each(clip_ids)
        if unknown := [clip_id for clip_id, handle in zip(clip_ids, handles, strict=True) if handle is None]:
            raise unknown_clips("clip_ids", self.name, unknown)
        return [handle for handle in handles if handle is not None]

    def labels(self, prefix: str = "", parent: str = "") -> list[Label]:
        """The labels that conditions may name, see `ClipFilters.labels`, which tells of the errors, too.

        Clips that were written again since, or deleted, are still counted.
        """
        of_each = [segment.filters.labels(prefix, parent) for segment in self.segments]
        return [
            same[0]._replace(clip_count=sum(label.clip_count for label in same))
            for same in zip(*of_each, strict=True)
        ]

    def page(self, size: int, token: str) -> Page:
        """A page of the catalogue, by clip id: the first for an empty token; a size of 0 is the default.

        What is written while somebody turns pages is seen if it comes after the page.

        Raises:
            InvalidInputError: if the size is out of range or the token isn't of this version of this index.
        """
        size = page_size(size)
        walks = [
            self._walk(number, token and first_clip(token, self.version, self.name))
            for number in range(len(self.segments))
        ]
        found = list(islice(merge(*walks), size + 1))
        if len(found) <= size:
            return Page([handle for _, handle in found], "")
        following = PageToken(self.version, self.name, found[size][0])
        return Page([handle for _, handle in found[:size]], following.encode())

    def _walk(self, number: int, first_id: str) -> Iterator[tuple[str, int]]:
        """Id and handle of the clips of a segment that aren't dead, from an id on."""
        segment = self.segments[number]
        catalog = segment.catalog
        for row in range(catalog.first_from(first_id) if first_id else 0, len(catalog)):
            if segment.is_alive(row):
                yield catalog.clip_id(row), row | number << ROW_BITS
