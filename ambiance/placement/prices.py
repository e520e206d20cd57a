"""Prices of clips: they push back the few that would answer nearly everything and draw the unheard nearer.

They are the dual variables of giving each text the clips with the largest sum of scores while no clip takes
more than its share, found by annealing: shares under a soft choice move the prices, and the choice hardens.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP = 10  # clips of an answer

_TEMPERATURES = (0.1, 0.05, 0.025, 0.015, 0.01)  # of the choice, in units of the score
_STEPS = 25  # at each temperature
_BATCH = 1200  # reference texts in a step
_RATE = 0.7  # of a step, in temperatures
_LARGEST_STEP = 2.0  # in log shares
_REST = 0.3  # largest step of a price back towards 0 where a clip's shares are in order
_MEMORY = 0.7  # weight of the shares of past steps
_TINY = 1e-9


@dataclass(frozen=True)
class PricedClips:
    """Columns over n clips whose prices are settled."""

    vectors: NDArray[np.float32]  # [n, d]
    prices: NDArray[np.float32]  # [n]


@dataclass(frozen=True)
class Limits:
    """What share of the answers a clip may take and should get, in a library of n clips."""

    first: float  # at most, of first answers
    slots: float  # at most, of all places in top tens
    floor: float  # at least, of the same
    highest: float  # price, whatever share a clip takes at it


def library_limits(clip_count: int, highest_price: float) -> Limits:
    """Limits for a library of so many clips, whose prices differ by `highest_price` at most.

    A small one can't spread its answers as thinly, and would pay with misfits for bringing every clip in.
    """
    return Limits(
        first=max(0.0012, 6.5 / clip_count),
        slots=max(0.0020, 6.5 / clip_count),
        floor=min(0.00005, 0.3 / clip_count),
        highest=highest_price,
    )


def learn_prices(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    limits: Limits,
    seed: int,
) -> NDArray[np.float32]:
    """<float32>[n] prices under which the answers to `queries` keep the limits, as nearly as they can.

    Args:
        queries: <float32>[m, d] of reference texts, m from 1; they should be like those to come.
        vectors: <float32>[n, d] of the clips; their inner product with a query is the score.
        limits: of a clip's share of the answers.
        seed: of the draws of reference texts.
    """
    prices = np.zeros(len(vectors), np.float32)
    if len(vectors) <= TOP:  # all of them are in every answer
        return prices
    draw = np.random.default_rng(seed)
    columns = np.ascontiguousarray(vectors.T)
    for temperature in _TEMPERATURES:
        settled = []
        for shares in _running_shares(draw, queries, columns, prices, temperature):
            step = _RATE * temperature * _log_step(shares, prices, limits)
            # in place: the generator scores the next batch with these prices
            np.clip(prices + step, 0, limits.highest, out=prices)
            settled.append(prices.copy())
        prices[:] = np.mean(settled[_STEPS // 2 :], axis=0, dtype=np.float32)
    return prices


def _running_shares(
    draw: np.random.Generator,
    queries: NDArray[np.float32],
    columns: NDArray[np.float32],
    prices: NDArray[np.float32],
    temperature: float,
) -> Iterator[NDArray[np.float32]]:
    """Yield <float32>[2, n] shares of first answers and of slots, smoothed over the steps."""
    running = None
    for _ in range(_STEPS):
        rows = draw.integers(0, len(queries), _BATCH)
        shares = soft_shares((queries[rows] @ columns - prices) / np.float32(temperature))
        running = shares if running is None else _MEMORY * running + (1 - _MEMORY) * shares
        yield running


def soft_shares(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[2, n] share of each clip in the first answers and in the ten first, chosen softly.

    Args:
        scores: <float32>[m, n] in units of the choice's temperature, n above TOP.
    """
    first = np.exp(scores - scores.max(axis=1, keepdims=True))
    cut = scores.shape[1] - TOP
    bar = np.partition(scores, (cut - 1, cut), axis=1)[:, cut - 1 : cut + 1].mean(axis=1, keepdims=True)
    slots = 1 / (1 + np.exp(np.clip(bar - scores, -30, 30)))
    return np.stack([_mean_share(first), _mean_share(slots)])


def _mean_share(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    return (weights / weights.sum(axis=1, keepdims=True)).mean(axis=0)


def _log_step(
    shares: NDArray[np.float32], prices: NDArray[np.float32], limits: Limits
) -> NDArray[np.float32]:
    """<float32>[n] direction and size of each price's next step, in log shares."""
    first, slots = np.log(shares + np.float32(_TINY))
    excess = np.maximum(first - np.log(limits.first), slots - np.log(limits.slots))
    shortage = slots - np.log(limits.floor)  # negative where a clip is heard too seldom
    home = -np.sign(prices) * np.minimum(_REST, -excess)
    step = np.where(excess > 0, excess, np.where(shortage < 0, shortage, home))
    return np.clip(step, -_LARGEST_STEP, _LARGEST_STEP).astype(np.float32)
