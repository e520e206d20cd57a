"""Comparison by FAISS with vectors in memory: exact, equal distances in the order of their rows."""

import faiss
import numpy as np
from numpy.typing import NDArray

from music_index_service.engines.port import Neighbors


def compare_exactly() -> None:
    """Let FAISS take the distances of a batch of any size one by one; the setting is the whole process's.

    For a large batch it would switch to |x|^2 + |y|^2 - 2xy, which rounds differently.
    """
    faiss.cvar.distance_compute_blas_threshold = np.iinfo(np.int32).max


def use_one_thread() -> None:
    """Keep FAISS to the calling thread, to which the setting belongs; that takes less than a microsecond.

    On several threads it computes a lone query as a large batch is, see above.
    """
    faiss.omp_set_num_threads(1)


def nearest(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], rows: NDArray[np.integer], k: int
) -> Neighbors:
    """The k nearest among vectors <float32>[m, dimension] of ascending rows <int>[m], k up to m."""
    if k == 0:
        return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    distances, at = faiss.knn(queries, vectors, k)
    return distances, rows[at].astype(np.int64, copy=False)


def merged(one: Neighbors, other: Neighbors, k: int) -> Neighbors:
    """The k nearest of both; the rows of one come before those of the other."""
    distances, rows = np.hstack([one[0], other[0]]), np.hstack([one[1], other[1]])
    order = distances.argsort(axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(rows, order, axis=1)
