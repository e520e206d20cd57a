"""Which of the clips near one query are its hits: within a distance, not too many of one artist, album, track
or video, not too alike, and drawn if a seed asks. A clip is known by the handle that a search found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from music_index_service.searching.sampling import candidate_count, draw

# What a limit counts by, as `Described.groups` knows it.
GROUPED_BY = ("artist", "album", "track_id", "youtube_id")

# Candidates that are asked for where limits may drop some, for each hit; how many times as many whenever
# those weren't enough; and after how many all there are: to rank all once costs less than many several times.
_AT_FIRST, _TIMES, _MANY = 2, 4, 10_000
_ALL = 2**31 - 1

_COMPARED_AT_ONCE = (
    256  # candidates with all that were chosen before: of ten hits few more are ever looked at
)

Candidates = tuple[NDArray[np.float32], NDArray[np.int64]]  # distances, nearest first, and handles of clips

# Finds the n nearest clips, or all if there are fewer, to each of some queries <float32>[m, dimension].
Find = Callable[[NDArray[np.float32], int], Sequence[Candidates]]


class Described(Protocol):
    """What the limits of a search read of clips, by their handles <int64>[n]."""

    def groups(self, field: str, handles: NDArray[np.int64]) -> Sequence[str]:
        """The value of one of GROUPED_BY of each clip; empty if it isn't known."""

    def facets(self, handles: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[n, facets] the probability of each facet."""


class Shortage(Enum):
    """Which limit leaves fewer hits than asked for, where there are clips enough."""

    TOO_FAR = "too_far"  # fewer lie within the distance
    TOO_ALIKE = "too_alike"  # too many are of one artist, album, track or video, or too near to another hit


@dataclass(frozen=True, slots=True)
class Limits:
    """What the hits of a query must keep to; without any limit every clip may be one."""

    max_distance: float | None = None  # by the metric of the space
    max_per_group: tuple[int, int, int, int] = (
        0,
        0,
        0,
        0,
    )  # hits with one value of each of GROUPED_BY; 0 is any
    min_separation: float = 0.0  # least Euclidean distance between the facets of two hits

    @property
    def of_likeness(self) -> bool:
        """Whether any limit compares hits with each other."""
        return self.min_separation > 0 or any(self.max_per_group)

    def __bool__(self) -> bool:
        """Whether there is any limit at all."""
        return self.max_distance is not None or self.of_likeness


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Selection:
    """The hits among the candidates of a query."""

    columns: NDArray[np.int64]  # of the candidates, ascending: nearest first
    more_may_help: bool  # whether candidates beyond these could change it
    shortage: Shortage | None  # which limit leaves fewer than k, if more can't help; None if none does


@dataclass(frozen=True, slots=True)
class Hits:
    """The clips that answer a query, nearest first."""

    distances: NDArray[np.float32]  # [hits]
    handles: NDArray[np.int64]  # [hits]
    shortage: Shortage | None = (
        None  # which limit leaves fewer than k, where there are k clips; None if none does
    )


def first_count(k: int, seed: int, limits: Limits = NO_LIMITS) -> int:
    """How many candidates to ask for at first."""
    wanted = candidate_count(k) if seed else k
    return wanted * _AT_FIRST if limits.of_likeness else wanted


def select(
    candidates: Candidates, clips: Described, k: int, seed: int = 0, limits: Limits = NO_LIMITS
) -> Selection:
    """Choose up to k hits, as a pass over the ranking of all clips would that takes what keeps to the limits.

    With a seed other than 0 the pass goes on to `candidate_count(k)` clips, of which k are drawn: these
    keep to the limits, too.

    Args:
        candidates: the clips nearest to the query, at least `first_count` or all there are.
        clips: what the limits read of them.
        k: at least 1.
        seed: of the draw, see `sampling.draw`; 0 takes the nearest.
        limits: that the hits keep to.
    """
    distances, handles = candidates
    wanted = candidate_count(k) if seed else k
    within = len(handles)
    if limits.max_distance is not None:
        within = int(distances.searchsorted(np.float32(limits.max_distance), side="right"))
    if limits.of_likeness:
        columns = _unlike(handles[:within], clips, wanted, limits)
    else:
        columns = np.arange(min(wanted, within))
    more_may_help = len(columns) < wanted and within == len(handles)
    shortage = _shortage(len(columns), within, len(handles), k)
    if seed and len(columns):
        columns = columns[draw(distances[None, columns], k, seed)[0]]
    return Selection(columns, more_may_help, shortage)


def select_each(
    queries: NDArray[np.float32],
    find: Find,
    clips: Described,
    k: int,
    seed: int = 0,
    limits: Limits = NO_LIMITS,
    own: Sequence[int] | None = None,
) -> list[Hits]:
    """The hits of each query; where candidates don't suffice, more are asked for until there are none.

    Args:
        queries: <float32>[n, dimension].
        find: what finds the candidates.
        clips: what the limits read of them.
        k: hits of each query, at least 1.
        seed: as in `select`.
        limits: as in `select`.
        own: for each query the handle of a clip that is none of its hits, the one that it was made of.
    """
    if not limits and own is None:  # nearly always: no candidate is left out
        return [_drawn(candidates, k, seed) for candidates in find(queries, first_count(k, seed))]
    left = list(range(len(queries)))
    hits: dict[int, Hits] = {}
    count = first_count(k, seed, limits) + (own is not None)
    while left:
        for i, candidates in zip(left, find(queries[left], count), strict=True):
            distances, handles = candidates if own is None else _without(own[i], candidates)
            selection = select((distances, handles), clips, k, seed, limits)
            if not selection.more_may_help or len(candidates[1]) < count:
                hits[i] = Hits(distances[selection.columns], handles[selection.columns], selection.shortage)
        left = [i for i in left if i not in hits]
        count = count * _TIMES if count < _MANY else _ALL
    return [hits[i] for i in range(len(queries))]


def _drawn(candidates: Candidates, k: int, seed: int) -> Hits:
    distances, handles = candidates
    if not seed or not len(handles):
        return Hits(distances[:k], handles[:k])
    columns = draw(distances[None], k, seed)[0]
    return Hits(distances[columns], handles[columns])


def _without(own: int, candidates: Candidates) -> Candidates:
    distances, handles = candidates
    others = handles != own
    return distances[others], handles[others]


def _shortage(chosen: int, within: int, candidate_count: int, k: int) -> Shortage | None:
    if chosen >= k or candidate_count < k:  # of fewer than k, all there are, no limit is to blame
        return None
    return Shortage.TOO_FAR if within < k else Shortage.TOO_ALIKE


def _unlike(handles: NDArray[np.int64], clips: Described, wanted: int, limits: Limits) -> NDArray[np.int64]:
    """<int64>[n] the columns that a pass takes, at most `wanted`, under the limits of likeness."""
    capped = [
        (clips.groups(field, handles), most, dict[str, int]())
        for field, most in zip(GROUPED_BY, limits.max_per_group, strict=True)
        if most
    ]
    apart = _Apart(clips.facets(handles), limits.min_separation) if limits.min_separation > 0 else None
    chosen: list[int] = []
    for column in range(len(handles)):
        if apart is not None and not apart.allows(column):
            continue
        if any(taken.get(groups[column], 0) >= most for groups, most, taken in capped):
            continue
        chosen.append(column)
        if len(chosen) == wanted:
            break
        for groups, _, taken in capped:
            if group := groups[column]:  # a clip of an artist that isn't known counts for itself
                taken[group] = taken.get(group, 0) + 1
        if apart is not None:
            apart.choose(column)
    return np.array(chosen, np.int64)


class _Apart:
    """Which candidates, taken in turn, are far enough from all that were chosen, as a listener hears."""

    def __init__(self, facets: NDArray[np.float32], least: float) -> None:
        self._facets, self._least = facets.astype(np.float64), float(least) ** 2
        self._squares = np.einsum("nf,nf->n", self._facets, self._facets)
        self._allowed = np.empty(len(facets), np.bool_)  # of those up to `_end`
        self._end = 0
        self._chosen: list[int] = []

    def allows(self, column: int) -> bool:
        """Whether a candidate may be chosen."""
        if column >= self._end:
            self._end = column + _COMPARED_AT_ONCE
            self._allowed[column : self._end] = self._far(slice(column, self._end), self._chosen).all(axis=1)
        return bool(self._allowed[column])

    def choose(self, column: int) -> None:
        """Choose a candidate."""
        self._chosen.append(column)
        following = slice(column + 1, self._end)
        self._allowed[following] &= self._far(following, [column])[:, 0]

    def _far(self, some: slice, others: list[int]) -> NDArray[np.bool_]:
        """<bool>[some, others] which are far enough from each other."""
        products = self._facets[some] @ self._facets[others].T
        squared: NDArray[np.float64] = self._squares[some, None] + self._squares[others] - 2 * products
        return squared >= self._least
