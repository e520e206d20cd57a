"""The exact nearest clips of each query, from what Milvus finds.

Milvus orders by distances that it rounds in its own way, in another one in segments that grow, and cuts
between equal ones as it likes. So more than is wanted is asked for, distances are computed anew from the
vectors, and what was found stands only if nothing that was cut off could belong before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.errors import PeerError
from music_index_service.milvus.server import MAX_ROWS, Hit, Row

# Asked for beyond what is wanted: enough unless many clips lie at one distance.
_SPARE, _TIMES = 6, 4

# What Milvus's distances may be off by, of the squared lengths that they come from: it may compute them as
# |x|^2 + |y|^2 - 2xy, in float32.
_ROUNDING = 4e-6

# Rows near queries <float32>[n, d], a limit, and the least distance that they lie at, if any.
Search = Callable[[NDArray[np.float32], int, float | None], list[list[Hit]]]


@dataclass(frozen=True)
class Near:
    """The rows nearest to one query; equal distances in the order of their clips' ids."""

    distances: NDArray[np.float32]  # [n] ascending
    rows: list[Row]


def nearest(search: Search, queries: NDArray[np.float32], dimension: int, count: int) -> list[Near]:
    """The `count` nearest of each query <float32>[n, d], or all if there are fewer.

    Args:
        search: of Milvus.
        queries: filled up to the length of the vectors that are held.
        dimension: components that are of the space.
        count: at least 1.
    """
    limit = min(count + _SPARE, MAX_ROWS)
    found: dict[int, Near] = {}
    while missing := [i for i in range(len(queries)) if i not in found]:
        for i, hits in zip(missing, search(queries[missing], limit, None), strict=True):
            is_all = len(hits) < limit
            if not is_all and limit == MAX_ROWS:
                hits, is_all = _beyond(search, queries[i], hits, count)  # noqa: PLW2901
            candidates = _ranked(queries[i], hits, dimension)
            if is_all or _is_certain(queries[i], candidates, hits[-1], count):
                found[i] = Near(candidates.distances[:count], candidates.rows[:count])
        limit = min(limit * _TIMES, MAX_ROWS)
    return [found[i] for i in range(len(queries))]


def _ranked(query: NDArray[np.float32], hits: Sequence[Hit], dimension: int) -> Near:
    rows = [hit.row for hit in hits]
    vectors = np.array([row["vector"] for row in rows], np.float32).reshape(len(rows), len(query))
    difference = vectors[:, :dimension] - query[:dimension]
    distances = np.einsum("nd,nd->n", difference, difference)
    order = sorted(range(len(rows)), key=lambda i: (distances[i], rows[i]["clip_id"]))
    return Near(distances[order], [rows[i] for i in order])


def _is_certain(query: NDArray[np.float32], found: Near, last: Hit, count: int) -> bool:
    """Whether what lies beyond the last hit, by Milvus's distances, can't belong among the first `count`."""
    farthest = float(found.distances[count - 1])
    return farthest + _slack(query, farthest) < last.distance


def _slack(query: NDArray[np.float32], distance: float) -> float:
    length = float(np.linalg.norm(query.astype(np.float64)))
    return _ROUNDING * (length**2 + (length + distance**0.5) ** 2)


def _beyond(
    search: Search, query: NDArray[np.float32], hits: list[Hit], count: int
) -> tuple[list[Hit], bool]:
    """Hits of a query, enough for `count` or all, where one search of Milvus doesn't return as many."""
    known = {hit.row["key"]: hit for hit in hits}
    while len(known) <= count + _SPARE:
        reached = hits[-1].distance
        (hits,) = search(query[None], MAX_ROWS, max(0.0, reached - 2 * _slack(query, reached)))
        new = {hit.row["key"]: hit for hit in hits if hit.row["key"] not in known}
        known |= new
        if len(hits) < MAX_ROWS:
            return list(known.values()), True
        if not new:
            raise PeerError(f"Milvus: over {MAX_ROWS:,} clips lie at one distance, more than it tells apart")
    return list(known.values()), False
