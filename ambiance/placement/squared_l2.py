"""Turns "largest inner product less a price" into "nearest by squared L2", which any engine searches."""

import numpy as np
from numpy.typing import NDArray


def append_price(
    vectors: NDArray[np.float32], prices: NDArray[np.float32], constant: float | None = None
) -> NDArray[np.float32]:
    """<float32>[n, d + 1] vectors whose distance orders as the price-adjusted inner product does.

    A query q, with a 0 appended, lies from row i at |q|^2 + c - 2 (q . vectors[i] - prices[i]), squared,
    with one constant c for all rows. (The reduction is that of Bachrach et al., 2014, with a price.)

    Args:
        vectors: <float32>[n, d], n from 1; with a constant from 0.
        prices: <float32>[n] in units of the inner product; a dear clip is pushed away from all queries.
        constant: c of rows that stand beside these, so that distances compare; the least possible by default.
            A vector longer than it allows, |v|^2 > c + 2 price, is drawn in to that length: it says the same
            of everything, less strongly.
    """
    squares = np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
    height = 2 * prices.astype(np.float64) - squares
    if constant is None:
        last = np.sqrt(height - height.min())
        return np.column_stack([vectors, last]).astype(np.float32)
    room = np.maximum(constant + 2 * prices.astype(np.float64), 0)
    shares = np.sqrt(np.minimum(1, room / np.maximum(squares, 1e-9)))
    last = np.sqrt(np.maximum(room - squares, 0))
    return np.column_stack([vectors * shares[:, None], last]).astype(np.float32)


def constant_of(vectors: NDArray[np.float32], prices: NDArray[np.float32]) -> float:
    """The c that `append_price` takes for these by default."""
    height = 2 * prices.astype(np.float64) - np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
    return float(-height.min())


def prices_of(placed: NDArray[np.float32], constant: float) -> NDArray[np.float32]:
    """<float32>[n] the prices that rows <float32>[n, d + 1] of that constant hold."""
    squares = np.einsum("nd,nd->n", placed, placed, dtype=np.float64)
    return ((squares - constant) / 2).astype(np.float32)
