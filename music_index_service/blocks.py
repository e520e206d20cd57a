"""Vectors of a large index in blocks, mapped from files: finds the few among which a query's nearest are.

What is found is a superset, compared in float32 products; the caller takes the exact distances of that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music_index_service.bounds import GROUP, LEAVES, Bounds, QueryBounds, figure_error, functional

WIDTH = 32  # vectors of a leaf
BRANCH = LEAVES * WIDTH

_FIRST_GROUPS, _FIRST_BRANCHES = 4, 16  # opened first
_FIRST_LEAVES = 24  # of theirs, read to learn how near the k nearest are at most
_FEW, _MANY = 128, 1024  # leaves read at once, first and then: what is learned on the way spares the rest

# Beyond so many candidates bounds exclude too little, and going through everything in order is faster.
_MAX_CANDIDATES = 1 << 18


_FARTHEST = float(np.finfo(np.float32).max)  # above the figure of every vector


@dataclass(frozen=True)
class BlockArrays:
    """The vectors of an index of n rows, in leaves."""

    vectors: NDArray[np.float32]  # [leaves, d + 1, 32] the last component is the squared length
    rows: NDArray[np.int32]  # [leaves, 32] -1 where a leaf isn't full
    places: NDArray[np.int32]  # [n] where each row stands: 32 * leaf + column


@dataclass(frozen=True)
class Subset:
    """The places that a search is confined to."""

    allowed: NDArray[np.bool_]  # [leaves, 32]
    leaf_counts: NDArray[np.int16]  # [branches, 16]
    branch_counts: NDArray[np.int32]  # [groups, 64]
    group_counts: NDArray[np.int64]  # [groups]
    share: float  # of all rows, above 0

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        counts = self.leaf_counts.nbytes + self.branch_counts.nbytes + self.group_counts.nbytes
        return self.allowed.nbytes + counts


class Blocks:
    """Finds candidates. Any number of threads may ask at once."""

    def __init__(self, arrays: BlockArrays, bounds: Bounds, largest_square: float) -> None:
        """Take checked arrays, their bounds, and the largest squared length of a vector."""
        self._arrays, self._bounds, self._largest_square = arrays, bounds, largest_square

    def candidates(
        self, query: NDArray[np.float32], k: int, subset: Subset | None = None
    ) -> NDArray[np.int64] | None:
        """Places <int64>[m] that hold the k nearest of the subset, or None if there is no telling few apart.

        Args:
            query: <float32>[dimension].
            k: at least 1, at most the rows of the subset.
            subset: to search within; everything if None.
        """
        bounds = self._bounds.of(query)
        slack = bounds.slack + figure_error(query, self._largest_square)
        scan = _Scan(self._arrays, query, k, slack, subset)
        return scan.candidates(bounds)

    def subset(self, rows: NDArray[np.int64]) -> Subset:
        """The places of rows <int64>[n], n from 1."""
        allowed = np.zeros(self._arrays.rows.size, np.bool_)
        allowed[self._arrays.places[rows]] = True
        counts = allowed.reshape(-1, LEAVES, WIDTH).sum(axis=2, dtype=np.int16)
        branches = np.zeros(-(-len(counts) // GROUP) * GROUP, np.int32)
        counts.sum(axis=1, dtype=np.int32, out=branches[: len(counts)])
        grouped = branches.reshape(-1, GROUP)
        share = len(rows) / len(self._arrays.places)
        return Subset(allowed.reshape(-1, WIDTH), counts, grouped, grouped.sum(axis=1), share)


def _lowest(figures: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Where the `count` lowest are, in no order."""
    if count >= len(figures):
        return np.arange(len(figures))
    return np.argpartition(figures, count - 1)[:count]


class _Scan:
    """One query's way through leaves: figures up to a limit, which falls as nearer ones turn up."""

    def __init__(
        self,
        arrays: BlockArrays,
        query: NDArray[np.float32],
        k: int,
        slack: float,
        subset: Subset | None,
    ) -> None:
        self._vectors, self._k, self._slack, self._subset = arrays.vectors, k, slack, subset
        self._branch_count = len(arrays.rows) // LEAVES
        self._weights, self._limit = functional(query), float(_FARTHEST)
        self._places, self._figures = np.empty(0, np.int64), np.empty(0, np.float32)

    def candidates(self, bounds: QueryBounds) -> NDArray[np.int64] | None:
        """Places as in Blocks."""
        groups = bounds.groups()
        if self._subset is not None:
            groups[self._subset.group_counts == 0] = np.inf
        rest = self._begin(bounds, groups)
        if self._limit == _FARTHEST:
            return None
        others, _ = self._branches(bounds, np.flatnonzero(groups <= self._limit))
        branches = np.concatenate([rest, others])
        if len(branches):
            self._read_ascending(*self._leaves(bounds, branches))
        if len(self._places) > _MAX_CANDIDATES:
            return None
        return self._places[self._figures <= self._limit]

    def _begin(self, bounds: QueryBounds, groups: NDArray[np.float32]) -> NDArray[np.int64]:
        """Read the most promising leaves and mark their groups as done; the branches left of those."""
        share = 1.0 if self._subset is None else self._subset.share
        count = int((_FIRST_LEAVES + self._k // 4) / share)
        first = _lowest(groups, _FIRST_GROUPS + count // LEAVES)
        branches, lower = self._branches(bounds, first)
        opened = _lowest(lower, _FIRST_BRANCHES + count // 4)
        leaves, theirs = self._leaves(bounds, branches[opened])
        read = _lowest(theirs, count)
        self._read(leaves[read])
        theirs[read], lower[opened], groups[first] = np.inf, np.inf, np.inf
        if self._limit < _FARTHEST:
            self._read_ascending(leaves, theirs)
        return branches[lower <= self._limit]

    def _branches(
        self, bounds: QueryBounds, groups: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The branches of groups that may hold a figure up to the limit, and their bounds, both <>[m]."""
        lower = bounds.branches(groups)
        near = lower <= self._limit
        if self._subset is not None:
            near &= self._subset.branch_counts[groups] > 0
        at = np.flatnonzero(near)
        branches = groups[at // GROUP] * GROUP + at % GROUP
        there = branches < self._branch_count
        return branches[there], lower.ravel()[at[there]]

    def _leaves(
        self, bounds: QueryBounds, branches: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The leaves of branches that may hold a figure up to the limit, and their bounds, both <>[m]."""
        lower = bounds.leaves(branches)
        near = lower <= self._limit
        if self._subset is not None:
            near &= self._subset.leaf_counts[branches] > 0
        at = np.flatnonzero(near)
        return branches[at // LEAVES] * LEAVES + at % LEAVES, lower.ravel()[at]

    def _read_ascending(self, leaves: NDArray[np.int64], lower: NDArray[np.float32]) -> None:
        """Read leaves from the lowest bound to the last that is within the limit."""
        near = np.flatnonzero(lower <= self._limit)
        order = near[lower[near].argsort()]
        leaves, lower = leaves[order], lower[order]
        start, size, end = 0, _FEW, len(leaves)
        while start < end and len(self._places) <= _MAX_CANDIDATES:
            self._read(leaves[start : min(start + size, end)])
            start, size, end = start + size, _MANY, int(np.searchsorted(lower, self._limit, side="right"))

    def _read(self, leaves: NDArray[np.int64]) -> None:
        """Take up the figures of leaves that are within the limit, and lower it to the k-th of all so far."""
        read: NDArray[np.float32] = (self._weights @ self._vectors[leaves]).ravel()
        if self._subset is not None:
            read[~self._subset.allowed[leaves].ravel()] = np.inf
        self._lower_limit(read)
        at = np.flatnonzero(read <= self._limit)
        places, figures = leaves[at // WIDTH] * WIDTH + at % WIDTH, read[at]
        if len(self._places):
            places, figures = np.concatenate([self._places, places]), np.concatenate([self._figures, figures])
            self._lower_limit(figures)
        self._places, self._figures = places, figures

    def _lower_limit(self, figures: NDArray[np.float32]) -> None:
        if len(figures) >= self._k:
            kth = float(np.partition(figures, self._k - 1)[self._k - 1])
            self._limit = min(self._limit, kth + self._slack)
