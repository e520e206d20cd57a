"""One version of a music index in the numpy world: vectors and catalogue, and the rules of asking them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.clip_filter import Conditions
from ambiance.errors import InvalidInputError, NotFoundError, Violation
from ambiance.limits import DEFAULT_PAGE_SIZE, MAX_CLIP_IDS, MAX_PAGE_SIZE, MAX_QUERIES
from ambiance.validation import check_count, check_each, resolve_k, shown
from music_index_service.clip_catalog import Clip, ClipCatalog
from music_index_service.engines.port import VectorEngine
from music_index_service.filter_cache import FilteredClips
from music_index_service.filters import ClipFilters
from music_index_service.labels import Label
from music_index_service.match_probability import MatchProbability
from music_index_service.page_token import PageToken
from music_index_service.queries import Query, as_matrix, common_space
from music_index_service.sampling import candidate_count, draw

MAX_NAMED_CLIPS = 5  # unknown clips that one message names


@dataclass(frozen=True)
class Hits:
    """The rows found for each query, nearest first; fewer than k columns if fewer clips may be answers."""

    space: Space
    k: int
    distances: NDArray[np.float32]  # [queries, hits] by the metric of the space
    rows: NDArray[np.int64]  # [queries, hits]
    match_probabilities: NDArray[np.float64] | None  # [queries, hits], if the space has a calibration
    filtered: FilteredClips | None = None  # what the filter let through, if there was one
    left_out: int = 0  # clips that may not be answers only because they aren't worth hearing


@dataclass(frozen=True)
class Page:
    """Consecutive rows of the catalogue; the token of the page after them is empty for the last."""

    rows: range
    next_token: str


@dataclass(frozen=True, eq=False)
class IndexSnapshot:
    """Answers what may be asked of one version of an index. Any number of threads may ask at once.

    It never changes: what its parts keep for the requests that follow is derived from it, and goes with it.
    """

    name: str
    version: int
    engines: Mapping[str, VectorEngine]  # space -> its vectors, of which row i is row i of the catalogue
    catalog: ClipCatalog
    filters: ClipFilters  # of the catalogue
    match_probability: MatchProbability | None = None  # of one of the spaces, if there is a calibration
    notices: Sequence[str] = ()

    @cached_property
    def spaces(self) -> dict[str, Space]:
        """The spaces that may be searched, by name."""
        return {name: engine.space for name, engine in self.engines.items()}

    def __len__(self) -> int:
        """Clips held."""
        return len(self.catalog)

    def clip(self, row: int) -> Clip:
        """The clip of a row in 0..len-1."""
        return self.catalog.clip(row)

    def expected_queries(self) -> dict[str, NDArray[np.float32]]:
        """<float32>[dimension] of every space a query like those that are expected, and so answered fast."""
        return {name: engine.expected_query()[0] for name, engine in self.engines.items()}

    def search(
        self,
        queries: Sequence[Query],
        k: int,
        seed: int = 0,
        conditions: Conditions | None = None,
        *,
        include_unlistenable: bool = False,
    ) -> Hits:
        """Find the k nearest clips of each query, of those that meet the conditions; k of 0 is the default.

        Clips that aren't worth hearing are left out unless they are included, even where the conditions name
        them. A seed other than 0 draws k of the near ones instead, see `sampling.draw`.

        Raises:
            InvalidInputError: if queries, k or conditions break their limits, the queries' space isn't held,
                or the conditions name an unknown label.
            PreconditionError: if a query has another lineage than its space, or the index is too old for the
                conditions.
        """
        check_count("queries", len(queries), MAX_QUERIES)
        k = resolve_k(k, len(queries))
        space = common_space(queries, self.spaces)
        matrix = as_matrix(queries, space)
        if conditions is not None:
            filtered = self.filters.apply(conditions, include_unlistenable=include_unlistenable)
            return replace(self._find(space, matrix, k, seed, filtered), filtered=filtered)
        return self._find(space, matrix, k, seed, None if include_unlistenable else self.filters.listenable)

    def _find(
        self, space: Space, queries: NDArray[np.float32], k: int, seed: int, answers: FilteredClips | None
    ) -> Hits:
        """Find the k nearest of those that may be answers; all may if None."""
        within = answers.rows if answers is not None and len(answers.rows) < len(self) else None
        distances, rows = self.engines[space.name].search(queries, candidate_count(k) if seed else k, within)
        if seed and rows.size:
            drawn = draw(distances, k, seed)
            distances = np.take_along_axis(distances, drawn, axis=1)
            rows = np.take_along_axis(rows, drawn, axis=1)
        calibrated = self.match_probability
        probabilities = None
        if calibrated is not None and calibrated.space == space.name:
            probabilities = calibrated.of(queries, rows)
        left_out = answers.left_out if answers is not None else 0
        return Hits(space, k, distances, rows, probabilities, left_out=left_out)

    def row_of(self, clip_id: str) -> int:
        """The row of a clip.

        Raises:
            InvalidInputError: if the id is empty.
            NotFoundError: if there is no such clip.
        """
        if not clip_id:
            raise InvalidInputError.of("clip_id", "is required")
        row = self.catalog.row_of(clip_id)
        if row is None:
            raise NotFoundError(f"clip_id: the index {self.name} has no clip {shown(clip_id)}")
        return row

    def rows_of(self, clip_ids: Sequence[str]) -> list[int]:
        """The rows of several clips, in their order.

        Raises:
            InvalidInputError: if there is no id, too many, or an empty one.
            NotFoundError: naming the first unknown clips.
        """
        check_count("clip_ids", len(clip_ids), MAX_CLIP_IDS)
        check_each("clip_ids", clip_ids, lambda field, text: None if text else Violation(field, "is empty"))
        rows = [self.catalog.row_of(clip_id) for clip_id in clip_ids]
        if unknown := [clip_id for clip_id, row in zip(clip_ids, rows, strict=True) if row is None]:
            named = ", ".join(map(shown, unknown[:MAX_NAMED_CLIPS]))
            more = f" and {len(unknown) - MAX_NAMED_CLIPS:,} more" if len(unknown) > MAX_NAMED_CLIPS else ""
            raise NotFoundError(f"clip_ids: the index {self.name} has no clip {named}{more}")
        return [row for row in rows if row is not None]

    def labels(self, prefix: str = "", parent: str = "") -> list[Label]:
        """The labels that conditions may name, see `ClipFilters.labels`, which tells of the errors, too."""
        return self.filters.labels(prefix, parent)

    def page(self, size: int, token: str) -> Page:
        """The rows of a page: the first for an empty token; a size of 0 is the default.

        Raises:
            InvalidInputError: if the size is out of range or the token isn't of this version of this index.
        """
        if size < 0 or size > MAX_PAGE_SIZE:
            limit = f"1 to {MAX_PAGE_SIZE:,}, or 0 for {DEFAULT_PAGE_SIZE}"
            raise InvalidInputError.of("page_size", f"{limit}, got {size:,}")
        start = self._first_row(token) if token else 0
        end = start + (size or DEFAULT_PAGE_SIZE)
        if end >= len(self):
            return Page(range(start, len(self)), "")
        following = PageToken(self.version, self.name, self.catalog.clip_id(end))
        return Page(range(start, end), following.encode())

    def _first_row(self, token: str) -> int:
        try:
            first = PageToken.decode(token)
        except ValueError as error:
            raise InvalidInputError.of("page_token", "not a token that ListClips returned") from error
        row = self.catalog.row_of(first.clip_id)
        if (first.version, first.index) != (self.version, self.name) or row is None:
            found = f"it is of version {first.version} of {shown(first.index)}"
            held = f"version {self.version} of {self.name} is loaded; start from the first page"
            raise InvalidInputError.of("page_token", f"{found}, {held}")
        return row
