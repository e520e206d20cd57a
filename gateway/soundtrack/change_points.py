"""Finds where the mood of a text changes: the passages whose sentences are most of one mood.

Sentences are points, each with a weight: how much it tells of something felt. The passages are those for
which the sum of squared distances of their sentences from the passage's mean, by weight, plus a price for
each passage is least, which dynamic programming finds exactly. A sentence that tells of nothing has no
weight, and so belongs to the scene that it stands in.

The points are the square roots of the shares of scenes, whose distance is Hellinger's: by these, boundaries
between scenes made of the listener's benchmark (dev) were found with F1 .63; by the vectors of "mood", .55.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from gateway.soundtrack.sentences import Break

# Price of a passage in squared distances of sentences, of which two of different scenes are some 1.5 apart;
# by that benchmark, as the shares are.
PASSAGE_PRICE = 1.0
# What share of it a passage costs by what stands before it: stories change where they pause.
SHARES = {Break.NONE: 1.2, Break.LINE: 1.0, Break.PARAGRAPH: 0.7, Break.CHAPTER: 0.2}

# Price of what no passage should be, above any sum of distances: taken only where nothing else is left.
_FORBIDDEN = 1e6


@dataclass(frozen=True)
class Lengths:
    """How long passages may be."""

    least_s: float
    most_s: float
    most_characters: int


@dataclass(frozen=True)
class Line:
    """n sentences in a row."""

    points: NDArray[np.float64]  # [n, dimension]
    weights: NDArray[np.float64]  # [n]
    seconds: NDArray[np.float64]  # [n] that reading each takes
    characters: NDArray[np.int64]  # [n]
    breaks: Sequence[Break]  # [n] what stands before each


class End(Enum):
    """What ends a line of sentences, and what a last passage that is too short costs by how much it lacks."""

    OPEN = 0.0  # the text goes on, and so may the passage
    DECISION = 1e3  # a decided passage follows: too short only where all that stands before it is
    TEXT = PASSAGE_PRICE  # the text's last passage may be short, if its mood is another


def passage_ends(line: Line, lengths: Lengths, end: End) -> list[int]:
    """Where each passage ends, as a count of sentences from the start; the last is n."""
    n = len(line.weights)
    costs = _costs(line, lengths, end)
    prices = PASSAGE_PRICE * np.array([SHARES[each] for each in line.breaks])
    prices[0] = 0.0
    costs += prices[:, None]
    best, came_from = np.full(n + 1, np.inf), np.zeros(n + 1, np.int64)
    best[0] = 0.0
    for at in range(1, n + 1):
        sums = best[:at] + costs[:at, at - 1]
        start = int(sums.argmin())
        best[at], came_from[at] = sums[start], start
    ends = [n]
    while (start := int(came_from[ends[-1]])) > 0:
        ends.append(start)
    return ends[::-1]


def _costs(line: Line, lengths: Lengths, end: End) -> NDArray[np.float64]:
    """<float64>[n, n] cost of a passage from the start of sentence i to the end of sentence j."""
    n = len(line.weights)
    costs = _scatter(line)
    seconds, characters = _spans(line.seconds), _spans(line.characters.astype(np.float64))
    short = _FORBIDDEN * np.clip(1 - seconds / lengths.least_s, 0, None)
    short[:, n - 1] *= end.value / _FORBIDDEN
    several = ~np.eye(n, dtype=bool)
    long = several & ((seconds > lengths.most_s) | (characters > lengths.most_characters))
    costs += short + _FORBIDDEN * n * long
    return costs


def _scatter(line: Line) -> NDArray[np.float64]:
    """<float64>[n, n] squared distances from the mean of sentences i to j, by weight, in sum."""
    weights, points = line.weights, line.points - line.points.mean(axis=0)
    mass = _spans(weights)
    squares = _spans(weights * np.einsum("nd,nd->n", points, points))
    sums = np.vstack([np.zeros(points.shape[1]), np.cumsum(weights[:, None] * points, axis=0)])
    products = sums @ sums.T
    own = np.diag(products)
    of_sums = own[None, 1:] + own[:-1, None] - 2 * products[:-1, 1:]
    return np.clip(squares - of_sums / np.maximum(mass, 1e-9), 0, None)


def _spans(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """<float64>[n, n] sum of values i to j."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return sums[None, 1:] - sums[:-1, None]
