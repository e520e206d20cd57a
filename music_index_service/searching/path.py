"""A path of clips from one mood to another: each near its point on the way, and like the clip before it.

A clip is known by the handle that a search found.
"""

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from music_index_service.searching.path_beam import follow
from music_index_service.searching.selection import (
    NO_LIMITS,
    Candidates,
    Described,
    Find,
    Hits,
    Limits,
    Shortage,
    select_each,
)

# Candidates of each point, at least and for each clip of the path. They keep to the limits of likeness among
# themselves, so that whatever stands on the path already leaves some.
_LEAST_CANDIDATES, _CANDIDATES_PER_STEP = 64, 2


class Placed(Described, Protocol):
    """Clips with their vectors in the space that is searched, by handle."""

    def vectors(self, handles: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[n, dimension] the vector of each clip <int64>[n]."""


def find_path(
    start: NDArray[np.float32],
    end: NDArray[np.float32],
    steps: int,
    find: Find,
    clips: Placed,
    limits: Limits = NO_LIMITS,
) -> Hits:
    """The path from one vector of a space to another: no clip twice, and the limits hold for all of it.

    It leads from about the clip nearest to the start to about that nearest to the end, by clips like what
    lies between those two. Points between queries would do worse: the clips nearest to one are the most
    extreme of their kind, and calm would turn into anger from one clip to the next.

    Where there are too few clips for so many steps, the way is divided into as many as there are clips for. A
    point that has none within the greatest distance is passed over. The same arguments give the same path:
    clips in its order, and the squared distance of each from its point between start and end.

    Args:
        start: <float32>[dimension].
        end: <float32>[dimension].
        steps: clips of the path, from 1.
        find: what finds candidates.
        clips: what is read of them.
        limits: for the path as for the hits of one query.
    """
    ends = find(np.stack([start, end]), 1)
    if not all(len(handles) for _, handles in ends):
        return Hits(np.empty(0, np.float32), np.empty(0, np.int64))
    at_ends = np.concatenate([handles for _, handles in ends])
    first, last = clips.vectors(at_ends)
    change = np.diff(clips.facets(at_ends).astype(np.float64), axis=0)[0]
    count, wanted = max(_LEAST_CANDIDATES, _CANDIDATES_PER_STEP * steps), steps
    while True:
        points = _between(start, end, steps)
        near = _candidates(_between(first, last, steps), points, count, find, clips, limits)
        reached = [i for i, (_, handles) in enumerate(near) if len(handles)]
        stride = change / max(1, steps - 1)
        columns = follow([near[i] for i in reached], clips, limits, stride) if reached else []
        if len(columns) == len(reached):
            break
        steps = len(columns)
    handles = np.array([near[i][1][column] for i, column in zip(reached, columns, strict=True)], np.int64)
    distances = _squared_distances(points[reached], clips.vectors(handles))
    short = len(handles) < wanted and len(find(start[None], wanted)[0][1]) == wanted
    shortage = _shortage(limits, everywhere=len(reached) == len(near)) if short else None
    return Hits(distances, handles, shortage)


def _candidates(
    between_clips: NDArray[np.float32],
    points: NDArray[np.float32],
    count: int,
    find: Find,
    clips: Placed,
    limits: Limits,
) -> list[Candidates]:
    """For each point the clips nearest to its place between clips, within the greatest distance from it."""
    likeness = replace(limits, max_distance=None)
    like = select_each(between_clips, find, clips, count, limits=likeness)
    if limits.max_distance is None:
        return [(hits.distances, hits.handles) for hits in like]
    near = select_each(points, find, clips, count, limits=limits)
    return [
        _joined(*each, clips, limits.max_distance)
        for each in zip(between_clips, points, like, near, strict=True)
    ]


def _joined(
    between_clips: NDArray[np.float32],
    point: NDArray[np.float32],
    like: Hits,
    near: Hits,
    clips: Placed,
    max_distance: float,
) -> Candidates:
    """Those that are like what lies between clips, and those that are near the point: within the distance."""
    handles = np.union1d(like.handles, near.handles)
    vectors = clips.vectors(handles)
    within = _squared_distances(point, vectors) <= np.float32(max_distance)
    within |= np.isin(handles, near.handles)  # as the search has it, to the last bit
    distances = _squared_distances(between_clips, vectors)
    order = distances.argsort(kind="stable")
    order = order[within[order]]
    return distances[order], handles[order]


def _between(start: NDArray[np.float32], end: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """<float32>[steps, dimension] points from start to end, at even distances."""
    shares = np.linspace(0, 1, steps)[:, None]
    return ((1 - shares) * start + shares * end).astype(np.float32)


def _squared_distances(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    difference = ones.astype(np.float64) - others  # in which no component that a query may have overflows
    return np.einsum("nd,nd->n", difference, difference).astype(np.float32)


def _shortage(limits: Limits, *, everywhere: bool) -> Shortage:
    """Which limit leaves fewer clips than wanted; `everywhere` is whether each point has some near it."""
    near = limits.max_distance is None or everywhere
    return Shortage.TOO_ALIKE if limits.of_likeness and near else Shortage.TOO_FAR
