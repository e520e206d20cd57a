"""The clips of an index in Milvus that may answer one request: what `index_port.Answers` promises."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ambiance.clip_filter import Conditions
from music_index_service.index_port import FilterCounts
from music_index_service.milvus import expressions
from music_index_service.milvus.clips import FIELDS, MilvusClip, heard_of
from music_index_service.milvus.nearest import nearest
from music_index_service.milvus.server import Hit, from_distance
from music_index_service.searching.selection import Candidates

if TYPE_CHECKING:
    from music_index_service.milvus.index import MilvusIndex


class MilvusAnswers:
    """Asks Milvus for clips that pass a filter, are worth hearing and can be played, and counts them.

    Counts may lack what other replicas wrote within a second.
    """

    def __init__(
        self,
        index: "MilvusIndex",
        space: str,
        conditions: Conditions | None,
        *,
        include_unlistenable: bool,
        include_unavailable: bool,
    ) -> None:
        """Write the filter, if there is one, in Milvus's language.

        Raises:
            InvalidInputError: if it breaks its limits, or names what the index doesn't know.
        """
        self._index, self._space = index, index.spaces[space]
        self._everything, self._unavailable = include_unlistenable, include_unavailable
        self._named = index.canonical(conditions) if conditions is not None else None
        self._met = expressions.met(self._named, index.model.labels) if self._named is not None else ""
        self._held: list[MilvusClip] = []  # what was found, as long as its handles may be used

    def find(self, queries: NDArray[np.float32], count: int) -> list[Candidates]:
        """See Answers."""
        number = self._index.number_of(self._space.name)
        condition = self._condition(number, self._everything, self._unavailable)
        index = self._index

        def search(asked: NDArray[np.float32], limit: int, least: float | None) -> list[list[Hit]]:
            params = index.vector_index.search_params | (from_distance(least) if least is not None else {})
            return index.server.search(index.collection, asked, limit, condition, FIELDS, params)

        dimension = self._space.dimension
        width = max(space.dimension for space in index.spaces.values())
        filled_up = np.pad(queries, ((0, 0), (0, width - dimension)))
        found = []
        for near in nearest(search, filled_up, dimension, count):
            clips = index.handles.of(near.rows)
            self._held += clips
            found.append((near.distances, np.array([clip.handle for clip in clips], np.int64)))
        return found

    def vectors(self, handles: NDArray[np.int64]) -> NDArray[np.float32]:
        """See Answers."""
        return self._index.vectors(self._space.name, self._clips(handles))

    def facets(self, handles: NDArray[np.int64]) -> NDArray[np.float32]:
        """See Answers."""
        return heard_of([clip.stored for clip in self._clips(handles)]).facets

    def groups(self, field: str, handles: NDArray[np.int64]) -> list[str]:
        """See Answers."""
        clips = [clip.stored for clip in self._clips(handles)]
        if field == "youtube_id":
            return [clip.youtube_id for clip in clips]
        return [str(getattr(clip.metadata, field)) for clip in clips]

    @property
    def index_size(self) -> int:
        """See Answers."""
        return len(self._index)

    @cached_property
    def count(self) -> int:
        """See Answers."""
        return self._index.count(self._condition(0, self._everything, True))

    @property
    def left_out(self) -> int:
        """See Answers."""
        return self._all_met - self.count

    @cached_property
    def filtered(self) -> FilterCounts | None:
        """See Answers."""
        if self._named is None:
            return None
        clips = self._index.unknown("clip_id", self._named.clip_ids, self._named.without_clip_ids)
        videos = self._index.unknown("youtube_id", self._named.youtube_ids, self._named.without_youtube_ids)
        return FilterCounts(self._all_met, clips, videos)

    @cached_property
    def _all_met(self) -> int:
        return self._index.count(self._condition(0, True, True))

    def _condition(self, number: int, everything: bool, unavailable: bool) -> str:
        may = expressions.answers(number, unlistenable=everything, unavailable=unavailable)
        return expressions.every(may, self._met)

    def _clips(self, handles: NDArray[np.int64]) -> Sequence[MilvusClip]:
        return [self._index.handles.clip(handle) for handle in handles.tolist()]
