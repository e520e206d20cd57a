"""How near the vectors of a block can be to a query: what lets a search pass blocks by and stay exact.

Blocks are leaves, branches and groups, see `ambiance.index_format.blocks`. What is bounded are figures, see
`engines.blocks.figures`.
"""

import numpy as np
from numpy.typing import NDArray

from music_index_service.engines.blocks.figures import rounding


class Level:
    """The boxes of one level, and how far above the corner of each its least figure is at some landmarks."""

    def __init__(
        self, boxes: NDArray[np.float32], excess: NDArray[np.uint8], scales: NDArray[np.float32]
    ) -> None:
        """Take boxes <float32>[groups, 2 * axes, width], the lower corner first, `excess`
        <uint8>[landmarks, groups, width], and its units <float32>[groups, width].
        """
        self.boxes, self.axes = boxes, boxes.shape[1] // 2
        self.excess, self.scales = excess, scales

    def around(self) -> NDArray[np.float32]:
        """<float32>[groups, 2 * axes] the box around those of each group."""
        lower, upper = self.boxes[:, : self.axes], self.boxes[:, self.axes :]
        return np.concatenate([lower.min(axis=2), upper.max(axis=2)], axis=1)

    def least(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """<float32>[landmarks, groups] the lowest bound in each group, for signed landmarks [n, 2 * axes]."""
        least = np.empty((len(landmarks), len(self.boxes)), np.float32)
        for row, (landmark, excess) in enumerate(zip(landmarks, self.excess, strict=True)):
            least[row] = (landmark @ self.boxes + excess * self.scales).min(axis=1)
        return least


class Bounds:
    """Corners of boxes along chosen axes, raised by what is known for landmarks: queries like the expected.

    A block's least figure is a superlinear function of the query: that for a landmark plus that for the step
    from there to the query is a lower bound. The landmark's is known, and the step is short. Landmark 0 is
    the zero query, from which everything is step.
    """

    def __init__(
        self,
        axes: NDArray[np.float64],
        landmarks: NDArray[np.float32],
        branches: Level,
        leaves: Level,
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

    def of(self, query: NDArray[np.float32], weights: NDArray[np.float32]) -> "QueryBounds":
        """Those for a query <float32>[dimension], and its functional."""
        along = (weights @ self._axes).astype(np.float32)
        landmark = int((self._slopes @ along - self._offsets).argmax())
        step = _signed(along - self._landmarks[landmark])
        signed = self._signed[landmark] + step
        slack = self._error * float(np.abs(signed).dot(self._sizes))
        around, least = self._groups
        groups = step @ around
        groups += least[landmark]
        return QueryBounds(groups, self._branches, self._leaves, landmark, signed, slack)

    def expected_query(self) -> NDArray[np.float32]:
        """<float32>[1, dimension] a query for which the bounds are tight."""
        weights = self._landmarks[-1] @ np.linalg.inv(self._axes)
        return (weights[None, :-1] / -2).astype(np.float32)


def _signed(functionals: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[..., 2 * axes] the positive parts, which meet lower corners, then the negative ones."""
    axes = functionals.shape[-1]
    signed = np.empty((*functionals.shape[:-1], 2 * axes), np.float32)
    np.maximum(functionals, 0, out=signed[..., :axes])
    np.minimum(functionals, 0, out=signed[..., axes:])
    return signed


class QueryBounds:
    """Lower bounds for one query, each below the figure of every vector in the block but for `slack`."""

    def __init__(
        self,
        groups: NDArray[np.float32],
        branches: Level,
        leaves: Level,
        landmark: int,
        weights: NDArray[np.float32],
        slack: float,
    ) -> None:
        self._groups, self._branches, self._leaves, self.slack = groups, branches, leaves, slack
        self._landmark, self._weights = landmark, weights

    def groups(self) -> NDArray[np.float32]:
        """<float32>[groups]."""
        return self._groups

    def branches(self, groups: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[n, 64] of the branches of n groups; the last group's may go on beyond the last."""
        return self._within(self._branches, groups)

    def leaves(self, branches: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[n, 16] of the leaves of n branches."""
        return self._within(self._leaves, branches)

    def _within(self, level: Level, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        raised = level.excess[self._landmark].take(rows, axis=0) * level.scales.take(rows, axis=0)
        raised += self._weights @ level.boxes.take(rows, axis=0)
        return raised
