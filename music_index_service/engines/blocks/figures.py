"""A rough comparison that excludes all but a few vectors, in products of matrices of float32.

A figure is a squared distance less the query's own squared length: |x|^2 - 2 q.x orders as |q - x|^2 does,
and is linear in (x, |x|^2). How far rounding may put figures out of that order is known, see `figure_error`.
"""

import numpy as np
from numpy.typing import NDArray

_SORTED = 2048  # figures up to which sorting them all is faster than telling the lowest apart
_MINUS_2 = np.float32(-2)

# Of a query and a vector: a figure, and every part of its sum, is at most twice as much and fits float32.
_MAX_SQUARES = 1e38


def rounding(components: int) -> float:
    """How far a sum of so many float32 products may be off, relative to the sum of their sizes."""
    return (components + 4) * 2.0**-23  # half of it would do


def functional(query: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[d + 1] what a vector and its squared length are multiplied with to give its figure."""
    weights = np.empty(len(query) + 1, np.float32)
    np.multiply(query, _MINUS_2, out=weights[:-1])
    weights[-1] = 1
    return weights


def kth_lowest(figures: NDArray[np.float32], k: int) -> float:
    """The k-th lowest figure, k from 1 to all."""
    ordered = figures.copy()
    if len(ordered) <= _SORTED:
        ordered.sort()
    else:
        ordered.partition(k - 1)
    return float(ordered[k - 1])


def figure_error(query: NDArray[np.float32], largest_square: float) -> float:
    """How far apart figures may be that exact distances put in the other order.

    Four times the rounding of one: two figures are off, and so are two distances that FAISS takes. Infinity
    where figures may overflow.

    Args:
        query: <float32>[d].
        largest_square: squared length of the longest vector.
    """
    squares = float(query.dot(query)) + largest_square
    return 4 * rounding(len(query)) * squares if squares <= _MAX_SQUARES else np.inf
