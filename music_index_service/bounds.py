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


def rounding(components: int) -> float:
    """How far a sum of so many float32 products may be off, relative to the sum of their sizes."""
    return (components + 4) * 2.0**-23  # half of it would do


def functional(query: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[d + 1] what a vector and its squared length are multiplied with to give its figure."""
    weights = np.empty(len(query) + 1, np.float32)
    np.multiply(query, np.float32(-2), out=weights[:-1])
    weights[-1] = 1
    return weights


def figure_error(query: NDArray[np.float32], largest_square: float) -> float:
    """How far apart figures may be that exact distances put in the other order.

    Four times the rounding of one: two figures are off, and so are two distances that FAISS takes.

    Args:
        query: <float32>[d].
        largest_square: squared length of the longest vector.
    """
    return 4 * rounding(len(query)) * (float(np.dot(query, query)) + largest_square)


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

    def of(self, query: NDArray[np.float32]) -> QueryBounds:
        """Those for a query <float32>[dimension]."""


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
        # component by component, since all are compared with every query
        self._groups = np.ascontiguousarray(branches.around().T.reshape(2, branches.axes, -1))

    def of(self, query: NDArray[np.float32]) -> "_Boxes":
        """See Bounds."""
        return _Boxes(self._groups, self._levels, query)


class _Boxes:
    def __init__(
        self,
        groups: NDArray[np.float32],
        levels: tuple[NDArray[np.float32], NDArray[np.float32]],
        query: NDArray[np.float32],
    ) -> None:
        self._groups, self._levels, self._at = groups, levels, query[:, None]
        self._square = np.dot(query, query)
        self.slack = 4 * rounding(len(query)) * float(self._square)

    def groups(self) -> NDArray[np.float32]:
        return self._figures(*self._groups).sum(axis=0) - self._square

    def branches(self, groups: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._within(self._levels[0][groups])

    def leaves(self, branches: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._within(self._levels[1][branches])

    def _within(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        axes = len(self._at)
        return self._figures(boxes[:, :axes], boxes[:, axes:]).sum(axis=1) - self._square

    def _figures(self, lower: NDArray[np.float32], upper: NDArray[np.float32]) -> NDArray[np.float32]:
        """Squared distances along each component."""
        beyond = np.maximum(lower - self._at, self._at - upper)
        np.maximum(beyond, 0, out=beyond)
        return np.square(beyond, out=beyond)


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
        self._axes, self._columns = axes, np.ascontiguousarray(landmarks.T)
        self._branches, self._leaves = branches, leaves
        boxes = branches.boxes
        lower, upper = boxes[:, : branches.axes], boxes[:, branches.axes :]
        self._half_widths = ((upper - lower).mean(axis=(0, 2)) / 2).astype(np.float32)
        self._sizes = np.maximum(np.abs(lower), np.abs(upper)).max(axis=(0, 2))
        self._signed = _signed(landmarks)
        raised = np.einsum("kgw,gw->k", branches.excess, branches.scales) / branches.scales.size
        # How high a landmark's bounds are on average, less what a step to a query costs.
        self._worth = (raised - np.abs(landmarks) @ self._half_widths).astype(np.float32)
        self._error = 4 * rounding(2 * branches.axes)
        around = np.ascontiguousarray(branches.around().T)
        self._groups = around, branches.least(self._signed)

    def of(self, query: NDArray[np.float32]) -> "_Landmark":
        """See Bounds."""
        along = (functional(query) @ self._axes).astype(np.float32)
        steps = np.abs(along[:, None] - self._columns)
        landmark = int((self._worth - self._half_widths @ steps).argmax())
        step = _signed(along - self._columns[:, landmark])
        weights = self._signed[landmark] + step
        slack = self._error * float(np.abs(weights).reshape(2, -1).sum(axis=0) @ self._sizes)
        around, least = self._groups
        groups = least[landmark] + step @ around
        return _Landmark(groups, self._branches, self._leaves, landmark, weights, slack)


def _signed(functionals: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[..., 2 * axes] the positive parts, which meet lower corners, then the negative ones."""
    return np.concatenate([np.maximum(functionals, 0), np.minimum(functionals, 0)], axis=-1)


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
        raised = level.excess[self._landmark][rows] * level.scales[rows]
        return self._weights @ level.boxes[rows] + raised
