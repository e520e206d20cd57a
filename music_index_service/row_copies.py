"""Copies of the vectors that a filter of middling size lets through: all are compared, most of them roughly.

Blocks would be nearly empty of what passes the filter, and FAISS takes ten times as long for each vector.
"""

import numpy as np
from numpy.typing import NDArray

from music_index_service.bounds import figure_error, functional

_WIDTH = 512  # vectors of one small matrix product; BLAS would spread a large one over threads
_SAMPLE = 4096  # figures that tell roughly how near the k nearest are, at least
_FAR = np.float32(3e38)  # squared length of a vector that isn't there


class RowCopy:
    """Vectors <float32>[m, dimension] and their squared lengths, by component."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        count, dimension = vectors.shape
        columns = np.zeros((-(-count // _WIDTH) * _WIDTH, dimension + 1), np.float32)
        columns[:count, :-1], columns[count:, -1] = vectors, _FAR
        squares = np.einsum("md,md->m", vectors, vectors, dtype=np.float64)
        columns[:count, -1] = squares
        self._largest_square = float(squares.max())
        self._columns = np.ascontiguousarray(columns.reshape(-1, _WIDTH, dimension + 1).mT)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._columns.nbytes

    def candidates(self, query: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """Ascending numbers <int64>[n] of vectors among which the k nearest are, k from 1 to all."""
        figures = (functional(query) @ self._columns).ravel()
        slack = figure_error(query, self._largest_square)
        sample = figures[:: max(1, len(figures) // max(_SAMPLE, 2 * k))]
        near = np.flatnonzero(figures <= np.partition(sample, k - 1)[k - 1] + slack)
        few = figures[near]
        return near[few <= np.partition(few, k - 1)[k - 1] + slack]

    def vectors_at(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[n, dimension] of the vectors of these numbers."""
        return self._columns[numbers // _WIDTH, :-1, numbers % _WIDTH]
