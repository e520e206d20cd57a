"""Vectors of a large index in blocks, mapped from files: finds the few among which a query's nearest are.

What is found is a superset, compared in float32 products; the caller takes the exact distances of that.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ambiance.index_format.blocks import GROUP, LEAVES, WIDTH
from music_index_service.engines.blocks.bounds import Bounds, QueryBounds
from music_index_service.engines.blocks.figures import figure_error, functional, kth_lowest

_FIRST_GROUPS, _FIRST_BRANCHES = 6, 16  # opened first
_FIRST_LEAVES = 32  # of theirs, read to learn how near the k nearest are at most
_AT_ONCE = 512  # leaves read at once: what is learned on the way spares the rest

# Beyond so many candidates bounds exclude too little, and going through everything in order is faster.
_MAX_CANDIDATES = 1 << 18

Places = tuple[NDArray[np.int64], NDArray[np.int64]]  # leaves and columns in them, both [n]
_Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]  # places and their figures
_NOTHING: _Found = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)

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
        self._numbers = _Numbers(len(arrays.rows) // LEAVES)

    def candidates(self, query: NDArray[np.float32], k: int, subset: Subset | None = None) -> Places | None:
        """Places that hold the k nearest of the subset, or None if there is no telling few apart.

        Args:
            query: <float32>[dimension].
            k: at least 1, at most the rows of the subset.
            subset: to search within; everything if None.
        """
        error = figure_error(query, self._largest_square)
        if error == np.inf:
            return None
        weights = functional(query)
        bounds = self._bounds.of(query, weights)
        if not isfinite(bounds.slack):
            return None
        return _Scan(self._arrays, self._numbers, bounds, weights, k, error, subset).candidates()

    def expected_query(self) -> NDArray[np.float32]:
        """<float32>[1, dimension] a query for which little is read."""
        return self._bounds.expected_query()

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
    return figures.argpartition(count - 1)[:count]


def _joined(one: _Found, other: _Found) -> _Found:
    return (
        np.concatenate([one[0], other[0]]),
        np.concatenate([one[1], other[1]]),
        np.concatenate([one[2], other[2]]),
    )


class _Numbers:
    """What stands in each block: looked up, which is faster than reckoned."""

    def __init__(self, branches: int) -> None:
        self.of_branches = np.arange(-(-branches // GROUP) * GROUP).reshape(-1, GROUP)
        self.of_leaves = np.arange(branches * LEAVES).reshape(-1, LEAVES)
        self.last_group = len(self.of_branches) - 1  # may go on beyond the last branch


class _Scan:
    """One query's way through leaves: figures up to a limit, which falls as nearer ones turn up."""

    def __init__(
        self,
        arrays: BlockArrays,
        numbers: _Numbers,
        bounds: QueryBounds,
        weights: NDArray[np.float32],
        k: int,
        error: float,
        subset: Subset | None,
    ) -> None:
        self._vectors, self._numbers, self._bounds, self._weights = arrays.vectors, numbers, bounds, weights
        self._k, self._slack, self._subset = k, bounds.slack + error, subset
        self._limit = _FARTHEST
        self._found = _NOTHING  # within the limit when it was read

    def candidates(self) -> Places | None:
        """Places as in Blocks."""
        groups = self._bounds.groups()
        if self._subset is not None:
            groups[self._subset.group_counts == 0] = np.inf
        branches = self._begin(groups)
        if self._limit == _FARTHEST:
            return None
        others = (groups <= self._limit).nonzero()[0]
        if len(others):
            branches = np.concatenate([branches, self._branches(others)[0]])
        if len(branches):
            self._read_near(*self._leaves(branches))
        leaves, columns, figures = self._found
        if len(figures) > _MAX_CANDIDATES:
            return None
        near = figures <= self._limit
        return leaves[near], columns[near]

    def _begin(self, groups: NDArray[np.float32]) -> NDArray[np.int64]:
        """Read the most promising leaves and mark their groups as done; the branches left of those."""
        share = 1.0 if self._subset is None else self._subset.share
        count = int((_FIRST_LEAVES + self._k // 4) / share)
        first = _lowest(groups, _FIRST_GROUPS + count // LEAVES)
        branches, lower = self._branches(first)
        opened = _lowest(lower, _FIRST_BRANCHES + count // 4)
        leaves, theirs = self._leaves(branches.take(opened))
        read = _lowest(theirs, count)
        self._read(leaves.take(read))
        theirs[read], lower[opened], groups[first] = np.inf, np.inf, np.inf
        if self._limit < _FARTHEST:
            self._read_near(leaves, theirs)
        return branches[lower <= self._limit]

    def _branches(self, groups: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The branches of groups that may hold a figure up to the limit, and their bounds, both <>[m]."""
        lower = self._bounds.branches(groups)
        counts = None if self._subset is None else self._subset.branch_counts
        branches, lower = self._near(groups, lower, self._numbers.of_branches, counts)
        if self._numbers.last_group not in groups.tolist():
            return branches, lower
        there = branches < len(self._numbers.of_leaves)
        return branches[there], lower[there]

    def _leaves(self, branches: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The leaves of branches that may hold a figure up to the limit, and their bounds, both <>[m]."""
        lower = self._bounds.leaves(branches)
        counts = None if self._subset is None else self._subset.leaf_counts
        return self._near(branches, lower, self._numbers.of_leaves, counts)

    def _near(
        self,
        blocks: NDArray[np.int64],
        lower: NDArray[np.float32],
        numbers: NDArray[np.int64],
        counts: NDArray[np.integer] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """What blocks hold that isn't above the limit, nor empty by `counts`, and its bounds, both <>[m]."""
        held = numbers.take(blocks, axis=0).ravel()
        if counts is None and self._limit == _FARTHEST:
            return held, lower.ravel()
        near = lower <= self._limit
        if counts is not None:
            near &= counts.take(blocks, axis=0) > 0
        at = near.ravel().nonzero()[0]
        return held.take(at), lower.take(at)

    def _read_near(self, leaves: NDArray[np.int64], lower: NDArray[np.float32]) -> None:
        """Read leaves up to the last whose bound is within the limit; of many, the lowest first."""
        near = (lower <= self._limit).nonzero()[0]
        if len(near) <= _AT_ONCE:
            if len(near):
                self._read(leaves.take(near))
            return
        order = near[lower[near].argsort()]
        leaves, lower = leaves[order], lower[order]
        start, end = 0, len(leaves)
        while start < end and len(self._found[-1]) <= _MAX_CANDIDATES:
            self._read(leaves[start : min(start + _AT_ONCE, end)])
            start, end = start + _AT_ONCE, int(lower.searchsorted(self._limit, side="right"))

    def _read(self, leaves: NDArray[np.int64]) -> None:
        """Take up the figures of leaves that are within the limit, and lower it to the k-th of all so far."""
        read: NDArray[np.float32] = self._weights @ self._vectors.take(leaves, axis=0)
        if self._subset is not None:
            read[~self._subset.allowed.take(leaves, axis=0)] = np.inf
        figures = read.ravel()
        first = len(self._found[-1]) == 0
        if first:
            self._lower_limit(figures)
        near = (figures <= self._limit).nonzero()[0]
        found = leaves.take(near // WIDTH), near % WIDTH, figures.take(near)
        if not first:
            found = _joined(self._found, found)
            self._lower_limit(found[-1])
        self._found = found

    def _lower_limit(self, figures: NDArray[np.float32]) -> None:
        if len(figures) >= self._k:
            self._limit = min(self._limit, kth_lowest(figures, self._k) + self._slack)
