"""How near the vectors of a block can be to a query: what lets a search pass blocks by and stay exact.

Leaves of 32 vectors stand in branches of 16 leaves, and those in groups of 64. Each level has boxes. All
figures are squared distances less the query's own squared length: |x|^2 - 2 q.x orders as |q - x|^2 does,
and is linear in (x, |x|^2).
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LEAVES = 16  # of a branch
GROUP = 64  # branches of a group; one small product bounds them, BLAS would spread a large one over threads
_SORTED = 2048  # figures up to which sorting them all is faster than telling the lowest apart
_MINUS_2 = np.float32(-2)

# Of a query and a vector: a figure, and every part of its sum, is at most twice as much and fits float32.
_MAX_SQUARES = 1e38


def rounding(components: int) -> float:
    """How far a sum of so many float32 products may be off, relative to the sum of their sizes."""
    return (components + 4) * 2.0**-23  # half of it would do


def functional(query: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[d + 1] what a vector and its squared length are multiplied with to give its figure."""
    weights = np.empty(len(query) + 1, np.float32)
    np.multiply(query, _MINUS_2, out=weights[:-1])
    weights[-1] = 1
    return weights


def kth_lowest(figures: NDArray[np.float32], k: int) -> float:
    """The k-th lowest figure, k from 1 to all."""
    ordered = figures.copy()
    if len(ordered) <= _SORTED:
        ordered.sort()
    else:
        ordered.partition(k - 1)
    return float(ordered[k - 1])


def figure_error(query: NDArray[np.float32], largest_square: float) -> float:
    """How far apart figures may be that exact distances put in the other order.

    Four times the rounding of one: two figures are off, and so are two distances that FAISS takes. Infinity
    where figures may overflow.

    Args:
        query: <float32>[d].
        largest_square: squared length of the longest vector.
    """
    squares = float(query.dot(query)) + largest_square
    return 4 * rounding(len(query)) * squares if squares <= _MAX_SQUARES else np.inf


class QueryBounds(Protocol):
    """Lower bounds for one query, each below the figure of every vector in the block but for `slack`."""

    slack: float

    def groups(self) -> NDArray[np.float32]:
        """<float32>[groups]."""

    def branches(self, groups: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[n, 64] of the branches of n groups; the last group's may go on beyond the last."""

    def leaves(self, branches: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[n, 16] of the leaves of n branches."""


class Bounds(Protocol):
    """Bounds of the blocks of one index."""

    def of(self, query: NDArray[np.float32], weights: NDArray[np.float32]) -> QueryBounds:
        """Those for a query <float32>[dimension], and its functional."""

    def expected_query(self) -> NDArray[np.float32] | None:
        """<float32>[1, dimension] a query for which the bounds are tight; None if they are for any."""


class Level:
    """The boxes of one level of blocks."""

    def __init__(self, boxes: NDArray[np.float32]) -> None:
        """Take boxes <float32>[groups, 2 * axes, width], the lower corner first."""
        self.boxes, self.axes = boxes, boxes.shape[1] // 2

    def around(self) -> NDArray[np.float32]:
        """<float32>[groups, 2 * axes] the box around those of each group."""
        lower, upper = self.boxes[:, : self.axes], self.boxes[:, self.axes :]
        return np.concatenate([lower.min(axis=2), upper.max(axis=2)], axis=1)


class RaisedLevel(Level):
    """Boxes, and how far above the corner of each the least figure of its vectors is for some landmarks."""

    def __init__(
        self, boxes: NDArray[np.float32], excess: NDArray[np.uint8], scales: NDArray[np.float32]
    ) -> None:
        """Take boxes, `excess` <uint8>[landmarks, groups, width], and its units <float32>[groups, width]."""
        super().__init__(boxes)
        self.excess, self.scales = excess, scales

    def least(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """<float32>[landmarks, groups] the lowest bound in each group, for signed landmarks [n, 2 * axes]."""
        least = np.empty((len(landmarks), len(self.boxes)), np.float32)
        for row, (landmark, excess) in enumerate(zip(landmarks, self.excess, strict=True)):
            least[row] = (landmark @ self.boxes + excess * self.scales).min(axis=1)
        return least


class BoxBounds:
    """Distances to boxes in the space's own components: tight where these are few."""

    def __init__(self, branches: Level, leaves: Level) -> None:
        self._levels = (branches.boxes, leaves.boxes)
        self._groups = np.ascontiguousarray(branches.around().T)[None]

    def of(self, query: NDArray[np.float32], weights: NDArray[np.float32]) -> "_Boxes":
        """See Bounds."""
        return _Boxes(self._groups, self._levels, query)

    def expected_query(self) -> None:
        """See Bounds."""


class _Boxes:
    def __init__(
        self,
        groups: NDArray[np.float32],
        levels: tuple[NDArray[np.float32], NDArray[np.float32]],
        query: NDArray[np.float32],
    ) -> None:
        self._groups, self._levels, self._query = groups, levels, query
        self._square = query.dot(query)
        self.slack = 4 * rounding(len(query)) * float(self._square)

    def groups(self) -> NDArray[np.float32]:
        return self._within(self._groups)[0]

    def branches(self, groups: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._within(self._levels[0].take(groups, axis=0))

    def leaves(self, branches: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._within(self._levels[1].take(branches, axis=0))

    def _within(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """<float32>[n, width] figures of the nearest points of boxes <float32>[n, 2 * axes, width]."""
        count, corners, width = boxes.shape
        axes = corners // 2
        rows = boxes.reshape(count, corners * width)  # long ones, on which numpy is fast
        at = self._query.repeat(width)
        beyond = np.maximum(rows[:, : axes * width], at)
        np.minimum(beyond, rows[:, axes * width :], out=beyond)
        beyond -= at
        beyond *= beyond
        figures: NDArray[np.float32] = np.add.reduce(beyond.reshape(count, axes, width), axis=1)
        figures -= self._square
        return figures


class LandmarkBounds:
    """Corners of boxes along chosen axes, raised by what is known for landmarks: queries like the expected.

    A block's least figure is a superlinear function of the query: that for a landmark plus that for the step
    from there to the query is a lower bound. The landmark's is known, and the step is short. Landmark 0 is
    the zero query, from which everything is step.
    """

    def __init__(
        self,
        axes: NDArray[np.float64],
        landmarks: NDArray[np.float32],
        branches: RaisedLevel,
        leaves: RaisedLevel,
    ) -> None:
        """Take axes <float64>[d + 1, d + 1], which carry a query to coordinates along them, and landmarks
        <float32>[n, d + 1] in those.
        """
        self._axes, self._landmarks, self._branches, self._leaves = axes, landmarks, branches, leaves
        boxes = branches.boxes
        lower, upper = boxes[:, : branches.axes], boxes[:, branches.axes :]
        self._sizes = np.tile(np.maximum(np.abs(lower), np.abs(upper)).max(axis=(0, 2)), 2)
        self._signed = _signed(landmarks)
        self._error = 4 * rounding(2 * branches.axes)
        around = np.ascontiguousarray(branches.around().T)
        self._groups = around, branches.least(self._signed)
        # The nearest landmark by what a step costs: least |w(a - l)|^2, which is most 2 w^2 l.a - |w l|^2.
        widths = (upper - lower).mean(axis=(0, 2), dtype=np.float64)
        self._slopes = (2 * widths**2 * landmarks).astype(np.float32)
        self._offsets = np.square(widths * landmarks).sum(axis=1).astype(np.float32)

    def of(self, query: NDArray[np.float32], weights: NDArray[np.float32]) -> "_Landmark":
        """See Bounds."""
        along = (weights @ self._axes).astype(np.float32)
        landmark = int((self._slopes @ along - self._offsets).argmax())
        step = _signed(along - self._landmarks[landmark])
        signed = self._signed[landmark] + step
        slack = self._error * float(np.abs(signed).dot(self._sizes))
        around, least = self._groups
        groups = step @ around
        groups += least[landmark]
        return _Landmark(groups, self._branches, self._leaves, landmark, signed, slack)

    def expected_query(self) -> NDArray[np.float32]:
        """See Bounds."""
        weights = self._landmarks[-1] @ np.linalg.inv(self._axes)
        return (weights[None, :-1] / -2).astype(np.float32)


def _signed(functionals: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[..., 2 * axes] the positive parts, which meet lower corners, then the negative ones."""
    axes = functionals.shape[-1]
    signed = np.empty((*functionals.shape[:-1], 2 * axes), np.float32)
    np.maximum(functionals, 0, out=signed[..., :axes])
    np.minimum(functionals, 0, out=signed[..., axes:])
    return signed


class _Landmark:
    def __init__(
        self,
        groups: NDArray[np.float32],
        branches: RaisedLevel,
        leaves: RaisedLevel,
        landmark: int,
        weights: NDArray[np.float32],
        slack: float,
    ) -> None:
        self._groups, self._branches, self._leaves, self.slack = groups, branches, leaves, slack
        self._landmark, self._weights = landmark, weights

    def groups(self) -> NDArray[np.float32]:
        return self._groups

    def branches(self, groups: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._within(self._branches, groups)

    def leaves(self, branches: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._within(self._leaves, branches)

    def _within(self, level: RaisedLevel, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        raised = level.excess[self._landmark].take(rows, axis=0) * level.scales.take(rows, axis=0)
        raised += self._weights @ level.boxes.take(rows, axis=0)
        return raised
