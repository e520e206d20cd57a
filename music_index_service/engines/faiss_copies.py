"""Copies of the vectors of a small index, or that a filter of middling size lets through: all are compared,
most of them roughly.

FAISS takes ten times as long for each vector, and what is laid out for all of them would be nearly empty of
those that pass the filter.
"""

import numpy as np
from numpy.typing import NDArray

from music_index_service.engines.figures import figure_error, functional, kth_lowest

_WIDTH = 512  # vectors of one small matrix product; BLAS would spread a large one over threads
_SAMPLE = 4096  # figures that tell roughly how near the k nearest are, at least
_MAX_K = 64  # up to here the lowest figures of the columns of all products tell it sooner
_FAR = np.float32(3e38)  # squared length of a vector that isn't there


class RowCopy:
    """Vectors <float32>[m, dimension] and their squared lengths, by component."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        count, dimension = vectors.shape
        columns = np.zeros((-(-count // _WIDTH) * _WIDTH, dimension + 1), np.float32)
        columns[:count, :-1], columns[count:, -1] = vectors, _FAR
        squares = np.einsum("md,md->m", vectors, vectors, dtype=np.float64)
        columns[:count, -1] = np.minimum(squares, _FAR)
        self._count, self._largest_square = count, float(squares.max())
        self._columns = np.ascontiguousarray(columns.reshape(-1, _WIDTH, dimension + 1).mT)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._columns.nbytes

    def candidates(self, query: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """Ascending numbers <int64>[n] of vectors among which the k nearest are, k from 1 to all."""
        slack = figure_error(query, self._largest_square)
        if slack == np.inf:
            return np.arange(self._count)
        products = functional(query) @ self._columns
        figures = products.ravel()
        if k <= _MAX_K:
            limit = kth_lowest(products.min(axis=0), k)
        else:
            limit = kth_lowest(figures[:: max(1, len(figures) // max(_SAMPLE, 2 * k))], k)
        near: NDArray[np.int64] = (figures <= limit + slack).nonzero()[0]
        if len(near) > 4 * k:
            few = figures[near]
            near = near[few <= kth_lowest(few, k) + slack]
        return near

    def vectors_at(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[n, dimension] of the vectors of these numbers."""
        return self._columns[numbers // _WIDTH, :-1, numbers % _WIDTH]
