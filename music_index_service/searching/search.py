"""A search by vectors, whatever keeps the clips: checks, hits within their limits, match probabilities."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.clip_filter import Conditions
from ambiance.limits import MAX_QUERIES
from ambiance.validation import check_count, resolve_k
from music_index_service.index_port import Answers, Asked, Hits
from music_index_service.searching.match_probability import MatchProbability
from music_index_service.searching.queries import Query, as_matrix, common_space, paths
from music_index_service.searching.selection import Limits, select_each

A_co = TypeVar("A_co", bound=Answers, covariant=True)


class Searched(Protocol[A_co]):
    """What a search asks of an index."""

    @property
    def name(self) -> str: ...

    @property
    def spaces(self) -> Mapping[str, Space]: ...

    def answers_to(
        self,
        space: str,
        conditions: Conditions | None,
        *,
        include_unlistenable: bool,
        include_unavailable: bool,
    ) -> A_co:
        """The clips that may answer, by a filter if there is one."""


def search(
    index: Searched[Answers],
    match_probability: MatchProbability | None,
    queries: Sequence[Query],
    k: int,
    seed: int,
    conditions: Conditions | None,
    *,
    include_unlistenable: bool,
    include_unavailable: bool,
    limits: Limits,
) -> Hits:
    """See `IndexSnapshot.search`; `match_probability` is of one of the spaces, if there is a calibration."""
    check_count("queries", len(queries), MAX_QUERIES)
    k = resolve_k(k, len(queries))
    fields = paths(len(queries))
    space = common_space(queries, index.spaces, fields)
    matrix = as_matrix(queries, space, index.name, fields)
    answers = index.answers_to(
        space.name,
        conditions,
        include_unlistenable=include_unlistenable,
        include_unavailable=include_unavailable,
    )
    found = select_each(matrix, answers.find, answers, k, seed, limits)
    handles = [hits.handles for hits in found]
    probabilities = None
    if match_probability is not None and match_probability.space == space.name:
        probabilities = _probabilities(match_probability, matrix, answers, handles)
    distances, shortages = [hits.distances for hits in found], [hits.shortage for hits in found]
    return Hits(space, k, distances, handles, shortages, answers, probabilities)


def answers_asked(index: Searched[A_co], space: str, options: Asked) -> A_co:
    """The clips that may answer, by the filter and the flags of options."""
    return index.answers_to(
        space,
        options.filter if options.HasField("filter") else None,
        include_unlistenable=options.include_unlistenable,
        include_unavailable=options.include_unavailable,
    )


def _probabilities(
    calibrated: MatchProbability,
    queries: NDArray[np.float32],
    answers: Answers,
    handles: Sequence[NDArray[np.int64]],
) -> list[NDArray[np.float64]]:
    """The match probability of each query's hits."""
    if len(handles) == 1:  # nearly always
        return [calibrated.of(queries, answers.vectors(handles[0]))]
    counts = [len(of_it) for of_it in handles]
    clips = answers.vectors(np.concatenate(handles))
    probabilities = calibrated.of(np.repeat(queries, counts, axis=0), clips)
    return np.split(probabilities, np.cumsum(counts)[:-1])
