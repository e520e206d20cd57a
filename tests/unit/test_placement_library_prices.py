"""Prices of libraries too large for learning them clip by clip: what a sample's say of all the rest."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.placement import library_prices
from ambiance.placement.library_prices import advantages, draw_sample, price_library
from ambiance.placement.prices import learn_prices, library_limits

Vectors = NDArray[np.float32]
HIGHEST = 5.0  # price, above what spreading the crowd takes


@pytest.fixture(scope="module")
def crowd() -> tuple[Vectors, Vectors]:
    """Texts that mostly want the same, and clips of which few have it: [2000, 4] and [3000, 4]. A
    score is a few units at most, as the log-odds of a fit are."""
    draw = np.random.default_rng(0)
    wanted = draw.dirichlet([4, 1, 1, 1], 2000).astype(np.float32)
    clips = 5 * draw.dirichlet([0.5, 1, 1, 1], 3000).astype(np.float32)
    return wanted, clips


def largest_share(queries: Vectors, clips: Vectors, prices: Vectors) -> float:
    best = (queries @ clips.T - prices).argmax(axis=1)
    return float(np.bincount(best).max() / len(queries))


def test_up_to_the_limit_every_clip_has_a_price_of_its_own(
    crowd: tuple[Vectors, Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, clips = crowd[0], crowd[1][:300]
    monkeypatch.setattr(library_prices, "EXACT_CLIPS", 300)
    expected = learn_prices(queries, clips, library_limits(300, HIGHEST), seed=3)
    np.testing.assert_array_equal(price_library(queries, clips, HIGHEST, seed=3), expected)


def test_a_samples_prices_spread_the_answers_of_the_whole_library(
    crowd: tuple[Vectors, Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, clips = crowd
    monkeypatch.setattr(library_prices, "EXACT_CLIPS", 1000)
    monkeypatch.setattr(library_prices, "SAMPLE_CLIPS", 300)
    others = np.random.default_rng(5).dirichlet([4, 1, 1, 1], 2000).astype(np.float32)
    prices = price_library(queries, clips, HIGHEST, seed=1)
    assert prices.dtype == np.float32
    assert prices.shape == (3000,)
    assert prices.min() >= 0
    assert prices.max() <= HIGHEST
    assert largest_share(others, clips, np.zeros(3000, np.float32)) > 0.2
    assert largest_share(others, clips, prices) < 0.1
    np.testing.assert_array_equal(price_library(queries, clips, HIGHEST, seed=1), prices)


def test_no_price_of_a_sampled_library_is_above_the_highest(
    crowd: tuple[Vectors, Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_prices, "EXACT_CLIPS", 1000)
    monkeypatch.setattr(library_prices, "SAMPLE_CLIPS", 300)
    prices = price_library(*crowd, 0.1, seed=1)
    assert prices.min() >= 0
    assert prices.max() == np.float32(0.1)  # the crowd's favourites would cost more


def test_a_clip_priced_at_its_advantage_ties_where_it_is_wanted_most(crowd: tuple[Vectors, Vectors]) -> None:
    queries, clips = crowd
    worth = np.random.default_rng(1).uniform(0, 2.5, len(queries)).astype(np.float32)
    prices = advantages(queries, worth, clips)
    assert prices.shape == (3000,)
    left = queries @ clips.T - prices - worth[:, None]  # over what each text has
    np.testing.assert_allclose(left.max(axis=0), 0, atol=5e-6)


def test_a_sampled_clip_that_answers_a_text_keeps_its_price(crowd: tuple[Vectors, Vectors]) -> None:
    queries, sample = crowd[0], crowd[1][:50]
    prices = np.random.default_rng(1).uniform(0, 0.5, 50).astype(np.float32)
    scores = queries @ sample.T - prices
    answering = np.unique(scores.argmax(axis=1))
    carried = advantages(queries, scores.max(axis=1), sample)
    np.testing.assert_allclose(carried[answering], prices[answering], atol=5e-6)
    assert (carried <= prices + 5e-6).all()  # the others would have to be cheaper to answer at all


def test_advantages_are_the_same_in_blocks_of_any_size(
    crowd: tuple[Vectors, Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, clips = crowd
    worth = np.zeros(len(queries), np.float32)
    whole = advantages(queries, worth, clips)
    monkeypatch.setattr(library_prices, "_CLIPS_AT_ONCE", 7)
    np.testing.assert_allclose(advantages(queries, worth, clips), whole, atol=5e-6)


def test_the_sample_is_of_clips_that_some_text_might_want(
    crowd: tuple[Vectors, Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, clips = crowd
    monkeypatch.setattr(library_prices, "SAMPLE_CLIPS", 200)
    rows = draw_sample(np.random.default_rng(1), queries, clips)
    assert (np.diff(rows) > 0).all()
    assert len(rows) == 200
    regret = -advantages(queries, (queries @ clips.T).max(axis=1), clips)
    assert regret[rows].max() <= np.quantile(regret, 0.2) + 5e-6  # the fifth that contends
    assert regret[rows].max() > np.quantile(regret, 0.15)  # and not the best of it alone
