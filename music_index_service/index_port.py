"""What the service asks of an index, whatever keeps its clips: to be searched, listed and written to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.clip_filter import Conditions
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.catalog.clip_catalog import Clip
from music_index_service.catalog.labels import Label
from music_index_service.live.write_outcome import Outcome
from music_index_service.searching.queries import Query
from music_index_service.searching.selection import Candidates, Described, Limits, Shortage


@dataclass(frozen=True)
class FilterCounts:
    """What a filter let through."""

    clip_count: int  # clips that it alone lets through
    unknown_clip_ids: tuple[str, ...]  # in the filter, and not in the index
    unknown_youtube_ids: tuple[str, ...]


class Asked(Protocol):
    """The options of a search that say which clips may answer; `ambiance.music.v1.SearchOptions` are."""

    @property
    def filter(self) -> Conditions: ...

    @property
    def include_unlistenable(self) -> bool: ...

    @property
    def include_unavailable(self) -> bool: ...

    def HasField(self, name: Literal["filter"], /) -> bool: ...  # noqa: N802  # protobuf's name


class Answers(Described, Protocol):
    """The clips of an index that may answer one request, in the space that it searches."""

    def find(self, queries: NDArray[np.float32], count: int) -> Sequence[Candidates]:
        """The nearest to each query <float32>[n, dimension], or all if there are fewer; equals by clip id."""

    def vectors(self, handles: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[n, dimension] the vector of each clip <int64>[n]."""

    @property
    def filtered(self) -> FilterCounts | None:
        """What the filter let through; None without one. Counted once."""

    @property
    def index_size(self) -> int:
        """Clips of the index."""

    @property
    def count(self) -> int:
        """Clips that pass the filter and are worth hearing, or all if that was asked for, played or not."""

    @property
    def left_out(self) -> int:
        """Clips that pass the filter, and aren't answers only because they aren't worth hearing."""


@dataclass(frozen=True)
class Hits:
    """The clips found for each query, nearest first; fewer than k if fewer may be answers."""

    space: Space
    k: int
    distances: list[NDArray[np.float32]]  # of each query [hits] by the metric of the space
    handles: list[NDArray[np.int64]]  # of each query [hits]
    shortages: list[Shortage | None]  # of each query, the limit that leaves fewer than k
    answers: Answers  # what they were found among
    match_probabilities: list[NDArray[np.float64]] | None  # of each query [hits], if there is a calibration

    @property
    def filtered(self) -> FilterCounts | None:
        """What the filter let through; None without one."""
        return self.answers.filtered

    @property
    def left_out(self) -> int:
        """Clips that may not be answers only because they aren't worth hearing."""
        return self.answers.left_out


@dataclass(frozen=True)
class Page:
    """Consecutive clips of the catalogue; the token of the page after them is empty for the last."""

    handles: list[int]
    next_token: str


class Index(Protocol):
    """One state of an index, from which a request is answered to its end; it knows its clips by handles."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def notices(self) -> Sequence[str]: ...

    @property
    def spaces(self) -> Mapping[str, Space]: ...

    @property
    def sequence(self) -> int:
        """Number of the last write that it holds, 0 if there was none."""

    @property
    def writable(self) -> bool: ...

    def __len__(self) -> int: ...

    def without(self, clip_ids: Sequence[str]) -> "Index":
        """It without what it knows of some clips, of distinct ids, that were written since."""

    def search(
        self,
        queries: Sequence[Query],
        k: int,
        seed: int = 0,
        conditions: Conditions | None = None,
        *,
        include_unlistenable: bool = False,
        include_unavailable: bool = False,
        limits: Limits = ...,
    ) -> Hits:
        """See `IndexSnapshot.search`."""

    def answers(self, space: str, options: Asked) -> Answers:
        """See `IndexSnapshot.answers`."""

    def handle_of(self, clip_id: str) -> int:
        """See `IndexSnapshot.handle_of`."""

    def handles_of(self, clip_ids: Sequence[str]) -> list[int]:
        """See `IndexSnapshot.handles_of`."""

    def page(self, size: int, token: str) -> Page:
        """See `IndexSnapshot.page`."""

    def clip(self, handle: int) -> Clip:
        """The clip of a handle."""

    def is_available(self, handle: int) -> bool:
        """Whether the clip of a handle can be played."""

    def message(self, handle: int, make: Callable[[Clip], bytes]) -> bytes:
        """What `make` makes of the clip of a handle; kept for the requests that follow, where that pays."""

    def labels(self, prefix: str = "", parent: str = "") -> list[Label]:
        """See `IndexSnapshot.labels`."""

    def expected_queries(self) -> Mapping[str, NDArray[np.float32]]:
        """See `IndexSnapshot.expected_queries`."""


class WritableIndex(Protocol):
    """An index that takes writes; what writes raises StorageError or UnavailableError if it can't."""

    @property
    def attribute_types(self) -> Mapping[str, str]:
        """The type of each attribute that some clip was written with, by its name."""

    def learn_attribute_types(self, types: Mapping[str, str]) -> None:
        """Keep these types of further attributes."""

    def upsert(self, clips: Sequence[StoredClip]) -> tuple[list[Outcome], int]:
        """Write clips of different ids; what became of each, and the number of the write."""

    def delete(self, clip_ids: Sequence[str]) -> tuple[list[Outcome], int]:
        """Delete clips; what became of each, and the number of the write."""

    def set_available(self, clip_ids: Sequence[str], available: bool) -> tuple[list[Outcome], int]:
        """Say whether clips can be played; what became of each, and the number of the write."""


class WritableIndexes(Protocol):
    """The indexes that take writes, by name."""

    def index(self, name: str) -> WritableIndex:
        """See `Catalogues.index`."""

    def create(self, name: str) -> bool:
        """See `Catalogues.create`."""

    def drop(self, name: str) -> int:
        """See `Catalogues.drop`."""
