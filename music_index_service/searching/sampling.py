"""Variety on request: a reproducible draw among the clips near a query, the nearer the likelier."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CANDIDATES_PER_HIT = 5
MIN_CANDIDATES = 50

_KEPT = 16  # noises: all queries of a request have one, and so may many requests


def candidate_count(k: int) -> int:
    """How many of the nearest clips a draw of k is from."""
    return max(CANDIDATES_PER_HIT * k, MIN_CANDIDATES)


def draw(distances: NDArray[np.float32], k: int, seed: int) -> NDArray[np.int64]:
    """Choose k of the candidates of each query.

    Returns their columns <int64>[n, min(k, candidates)], ascending. Each of k times, a candidate's chance
    falls by a factor of e for each standard deviation of the candidates' distances that it lies farther
    away; equally distant ones are equally likely.

    Args:
        distances: <float32>[n, candidates], smaller is nearer.
        k: at least 1.
        seed: the same seed chooses the same of the same distances, whatever the other queries are.
    """
    spread = distances.std(axis=1, keepdims=True, dtype=np.float64)
    # The k largest sums of log-chance and Gumbel noise are a draw without replacement (Vieira, 2014).
    chances = -distances / np.where(spread > 0, spread, 1) + _gumbel(distances.shape[1], seed)
    return np.sort(np.argsort(-chances, axis=1, kind="stable")[:, :k], axis=1)


@lru_cache(_KEPT)
def _gumbel(count: int, seed: int) -> NDArray[np.float64]:
    """<float64>[count] standard Gumbel noise, of raw bits: their stream is that of every version of numpy."""
    bits = np.random.PCG64(seed).random_raw(count) >> np.uint64(12)
    uniform = (bits + 0.5) / 2.0**52  # above 0 and below 1, exactly
    noise: NDArray[np.float64] = -np.log(-np.log(uniform))
    noise.setflags(write=False)  # the caller's and the cache's
    return noise
