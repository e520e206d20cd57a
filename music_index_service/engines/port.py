"""What the index service asks of whatever finds nearest neighbours; everything behind it may be replaced."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from music_index_service.filtering.row_set import RowSet

Neighbors = tuple[NDArray[np.float32], NDArray[np.int64]]  # distances and rows, both [queries, hits]


class VectorEngine(Protocol):
    """The row vectors of one space, to be searched. Any number of threads may ask at once."""

    @property
    def space(self) -> Space:
        """What the vectors are of, and the metric of the distances."""

    @property
    def size(self) -> int:
        """Vectors held; their rows are 0..size-1."""

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        within: RowSet | None = None,
        limits: NDArray[np.float32] | None = None,
    ) -> Neighbors:
        """Find the k nearest rows of each query <float32>[n, dimension], k at least 1.

        Components are finite and small enough for their squares to fit float32. Returns squared distances
        <float32>[n, min(k, rows)], nearest first, and rows <int64> of the same shape. Of equal distances the
        smaller row comes first. A query's result doesn't depend on the others in its batch.

        Args:
            queries: in this space.
            k: neighbours of each.
            within: the rows that are searched; all if None. An engine may keep with them what it derives.
            limits: <float32>[n] how far each query wants neighbours. An engine may heed it, and find fewer
                than k then: the same rows for every query.
        """

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[..., dimension] copies of the vectors of rows <int64>[...]."""

    def expected_query(self) -> NDArray[np.float32]:
        """<float32>[1, dimension] a query of the kind that is answered fast, to warm up with."""
