"""Prices that spread answers over a library, and the distance that carries them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.placement.prices import TOP, Limits, learn_prices, library_limits, soft_shares
from ambiance.placement.squared_l2 import append_price

Vectors = NDArray[np.float32]
HIGHEST = 0.3  # price


@pytest.fixture(scope="module")
def crowd() -> tuple[Vectors, Vectors]:
    """Texts that mostly want the same, and clips of which few have it: [2000, 4] and [300, 4]. A
    score is a few units at most, as the log-odds of a fit are."""
    draw = np.random.default_rng(0)
    wanted = draw.dirichlet([4, 1, 1, 1], 2000).astype(np.float32)
    clips = 5 * draw.dirichlet([0.5, 1, 1, 1], 300).astype(np.float32)
    return wanted, clips


def shares(queries: Vectors, clips: Vectors, prices: Vectors) -> tuple[float, float]:
    """Largest share of first answers, and how much of the library is in any top ten."""
    scores = queries @ clips.T - prices
    top = np.argsort(-scores, axis=1)[:, :TOP]
    return np.bincount(top[:, 0]).max() / len(queries), len(np.unique(top)) / len(clips)


def test_prices_hold_the_popular_back_and_bring_the_unheard_forth(crowd: tuple[Vectors, Vectors]) -> None:
    queries, clips = crowd
    limits = Limits(first=0.03, slots=0.01, floor=0.001, highest=5.0)
    prices = learn_prices(queries, clips, limits, seed=1)
    without, with_prices = shares(queries, clips, np.zeros(300, np.float32)), shares(queries, clips, prices)
    assert without[0] > 0.2
    assert with_prices[0] < 0.05
    assert with_prices[1] > without[1]
    assert prices.min() >= 0


@pytest.mark.parametrize("highest", [0.05, 0.3])
def test_no_price_is_below_nothing_or_above_the_highest(
    crowd: tuple[Vectors, Vectors], highest: float
) -> None:
    prices = learn_prices(*crowd, library_limits(300, highest), seed=1)
    assert prices.min() >= 0
    assert prices.max() <= highest + 1e-6  # a mean of prices rounds
    assert prices.max() > highest / 2


def test_prices_follow_from_the_seed(crowd: tuple[Vectors, Vectors]) -> None:
    queries, clips = crowd
    limits = library_limits(len(clips), HIGHEST)
    one, same, other = (learn_prices(queries, clips, limits, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_a_library_no_larger_than_an_answer_has_no_prices() -> None:
    clips = np.eye(TOP, dtype=np.float32)
    assert not learn_prices(clips, clips, library_limits(TOP, HIGHEST), seed=1).any()


def test_small_libraries_may_repeat_themselves_more() -> None:
    small, large = library_limits(421, HIGHEST), library_limits(12_642, HIGHEST)
    assert small.first > large.first
    assert large.first <= 0.005  # the most that one clip should take of a library
    assert small.first <= 0.03  # and of the mood rows


def test_soft_shares_harden_into_counts() -> None:
    scores = np.random.default_rng(0).normal(size=(50, 30)).astype(np.float32)
    first, slots = soft_shares(scores * np.float32(1e5))
    order = np.argsort(-scores, axis=1)
    np.testing.assert_allclose(first, np.bincount(order[:, 0], minlength=30) / 50, atol=1e-3)
    np.testing.assert_allclose(slots, np.bincount(order[:, :TOP].ravel(), minlength=30) / 500, atol=1e-3)


def test_the_distance_orders_as_the_score_less_the_price(crowd: tuple[Vectors, Vectors]) -> None:
    queries, clips = crowd
    prices = np.random.default_rng(1).normal(size=300).astype(np.float32)
    vectors = append_price(clips, prices)
    extended = np.column_stack([queries, np.zeros(len(queries), np.float32)])
    distances = np.square(extended[:, None] - vectors[None]).sum(axis=-1)
    scores = queries @ clips.T - prices
    constant = (distances - np.square(queries).sum(axis=1)[:, None]) + 2 * scores
    np.testing.assert_allclose(constant, constant[0, 0], atol=1e-3)
    assert vectors[:, -1].min() == 0
