"""Fewer numbers that say nearly the same: principal components, and which tokens are alike."""

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1024  # vectors compared with all others at once: bounds memory


def principal_components(
    vectors: NDArray[np.float32], count: int, weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """<float32>[n, count] the first principal components of weighted vectors <float32>[n, width].

    All components are scaled by one number, so that the weighted mean square of an entry is 1.
    """
    share = weights / weights.sum()
    centred = vectors.astype(np.float64) - share @ vectors
    _, axes = np.linalg.eigh(centred.T @ (centred * share[:, None]))  # the least important first
    components = centred @ axes[:, ::-1][:, :count]
    return (components / np.sqrt(share @ np.square(components).mean(axis=1))).astype(np.float32)


def most_alike(
    queries: NDArray[np.float32], candidates: NDArray[np.float32], count: int
) -> NDArray[np.int64]:
    """<int64>[queries, count] candidates at the smallest angles to each query <float32>[queries, width]."""
    units = _unit(candidates).T
    chunks = (_unit(queries[start : start + _CHUNK]) for start in range(0, len(queries), _CHUNK))
    return np.concatenate(
        [np.argpartition(-(chunk @ units), count - 1, axis=1)[:, :count] for chunk in chunks]
    )


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
