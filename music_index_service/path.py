"""A path of clips from one mood to another: each near its point on the way, and like the clip before it.

A clip is known by the handle that a search found.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from music_index_service.path_beam import follow
from music_index_service.selection import NO_LIMITS, Candidates, Described, Find, Hits, Limits, Shortage

# Candidates of each point, at least and for each clip of the path, and how many times as many whenever those
# weren't enough.
_LEAST_CANDIDATES, _CANDIDATES_PER_STEP, _TIMES = 64, 4, 4


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
        found = find(_between(first, last, steps), count)
        points = _between(start, end, steps)
        near = [_within(*each, clips, limits) for each in zip(points, found, strict=True)]
        reached = [i for i, (_, handles) in enumerate(near) if len(handles)]
        stride = change / max(1, steps - 1)
        columns = follow([near[i] for i in reached], clips, limits, stride) if reached else []
        if len(columns) < steps and any(len(handles) == count for _, handles in found):
            count *= _TIMES
        elif len(columns) < len(reached):
            steps = len(columns)
        else:
            chosen = [near[i][1][column] for i, column in zip(reached, columns, strict=True)]
            handles = np.array(chosen, np.int64)
            distances = _squared_distances(points[reached], clips.vectors(handles))
            return Hits(distances, handles, _shortage(found, near, len(handles), wanted))


def _between(start: NDArray[np.float32], end: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """<float32>[steps, dimension] points from start to end, at even distances."""
    shares = np.linspace(0, 1, steps)[:, None]
    return ((1 - shares) * start + shares * end).astype(np.float32)


def _within(point: NDArray[np.float32], candidates: Candidates, clips: Placed, limits: Limits) -> Candidates:
    """Those candidates that are near enough to a point between start and end."""
    if limits.max_distance is None:
        return candidates
    distances, handles = candidates
    near = _squared_distances(point, clips.vectors(handles)) <= np.float32(limits.max_distance)
    return distances[near], handles[near]


def _squared_distances(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    difference = ones.astype(np.float64) - others  # in which no component that a query may have overflows
    return np.einsum("nd,nd->n", difference, difference).astype(np.float32)


def _shortage(
    found: Sequence[Candidates], near: Sequence[Candidates], chosen: int, wanted: int
) -> Shortage | None:
    if chosen == wanted or max(len(handles) for _, handles in found) < wanted:
        return None  # of fewer clips than wanted, all there are, no limit is to blame
    close = np.unique(np.concatenate([handles for _, handles in near]))
    return Shortage.TOO_FAR if len(close) < wanted or chosen < len(found) else Shortage.TOO_ALIKE
