"""Turns "largest inner product less a price" into "nearest by squared L2", which any engine searches."""

import numpy as np
from numpy.typing import NDArray


def append_price(vectors: NDArray[np.float32], prices: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[n, d + 1] vectors whose distance orders as the price-adjusted inner product does.

    A query q, with a 0 appended, lies from row i at |q|^2 + c - 2 (q . vectors[i] - prices[i]), squared,
    with one constant c for all rows. (The reduction is that of Bachrach et al., 2014, with a price.)

    Args:
        vectors: <float32>[n, d], n from 1.
        prices: <float32>[n] in units of the inner product; a dear clip is pushed away from all queries.
    """
    height = 2 * prices.astype(np.float64) - np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
    last = np.sqrt(height - height.min())
    return np.column_stack([vectors, last]).astype(np.float32)
