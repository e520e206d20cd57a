"""How near the vectors of a block can be to a query: what lets a search pass blocks by and stay exact.

Leaves of 32 vectors stand in branches of 16 leaves. Both levels have boxes. All figures are squared distances
less the query's own squared length: |x|^2 - 2 q.x orders as |q - x|^2 does, and is linear in (x, |x|^2).
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LEAVES = 16  # of a branch
GROUP = 64  # branches whose bounds one small matrix product gives; BLAS would spread a large one over threads


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

    def branches(self) -> NDArray[np.float32]:
        """<float32>[branches]."""

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


class RaisedLevel(Level):
    """Boxes, and how far above the corner of each the least figure of its vectors is for some landmarks."""

    def __init__(
        self, boxes: NDArray[np.float32], excess: NDArray[np.uint8], scales: NDArray[np.float32]
    ) -> None:
        """Take boxes, `excess` <uint8>[landmarks, groups, width], and its units <float32>[groups, width]."""
        super().__init__(boxes)
        self.excess, self.scales = excess, scales


class BoxBounds:
    """Distances to boxes in the space's own components: tight where these are few."""

    def __init__(self, branches: Level, leaves: Level) -> None:
        # component by component, since all are compared with every query
        corners = branches.boxes.transpose(1, 0, 2).reshape(2, branches.axes, -1)
        self._branches, self._leaves = np.ascontiguousarray(corners), leaves

    def of(self, query: NDArray[np.float32]) -> "_Boxes":
        """See Bounds."""
        return _Boxes(self._branches, self._leaves, query)


class _Boxes:
    def __init__(self, branches: NDArray[np.float32], leaves: Level, query: NDArray[np.float32]) -> None:
        self._branches, self._leaves, self._at = branches, leaves, query[:, None]
        self._square = np.dot(query, query)
        self.slack = 4 * rounding(len(query)) * float(self._square)

    def branches(self) -> NDArray[np.float32]:
        return self._figures(*self._branches).sum(axis=0) - self._square

    def leaves(self, branches: NDArray[np.int64]) -> NDArray[np.float32]:
        boxes, axes = self._leaves.boxes[branches], self._leaves.axes
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
        self._error = 2 * rounding(2 * branches.axes)

    def of(self, query: NDArray[np.float32]) -> "_Landmark":
        """See Bounds."""
        along = (functional(query) @ self._axes).astype(np.float32)
        steps = np.abs(along[:, None] - self._columns)
        landmark = int((self._worth - self._half_widths @ steps).argmax())
        weights = self._signed[landmark] + _signed(along - self._columns[:, landmark])
        slack = self._error * float(np.abs(weights).reshape(2, -1).sum(axis=0) @ self._sizes)
        return _Landmark(self._branches, self._leaves, landmark, weights, slack)


def _signed(functionals: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[..., 2 * axes] the positive parts, which meet lower corners, then the negative ones."""
    return np.concatenate([np.maximum(functionals, 0), np.minimum(functionals, 0)], axis=-1)


class _Landmark:
    def __init__(
        self,
        branches: RaisedLevel,
        leaves: RaisedLevel,
        landmark: int,
        weights: NDArray[np.float32],
        slack: float,
    ) -> None:
        self._branches, self._leaves, self.slack = branches, leaves, slack
        self._landmark, self._weights = landmark, weights

    def branches(self) -> NDArray[np.float32]:
        level = self._branches
        return (self._weights @ level.boxes + level.excess[self._landmark] * level.scales).ravel()

    def leaves(self, branches: NDArray[np.int64]) -> NDArray[np.float32]:
        level = self._leaves
        raised = level.excess[self._landmark][branches] * level.scales[branches]
        return self._weights @ level.boxes[branches] + raised
