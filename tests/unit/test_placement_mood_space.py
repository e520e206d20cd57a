"""Clips placed in the mood space: a whole library, fresh ones beside it, own ones beside a release."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.affect import FACETS
from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import (
    DIMENSION,
    FIT_COMPONENTS,
    HIGHEST_PRICE,
    learned_prices,
    place_at_price,
    place_library,
    unpriced,
)
from ambiance.placement.prices import TOP, PricedClips, learn_prices, library_limits
from ambiance.placement.squared_l2 import append_price, constant_of, prices_of

Vectors = NDArray[np.float32]


def clips(count: int, seed: int) -> EncodedClips:
    draw = np.random.default_rng(seed)
    timbre = draw.normal(size=(count, 6))
    columns = (
        draw.dirichlet(np.ones(7) / 2, count),
        draw.beta(0.5, 2, (count, len(FACETS))),
        draw.random((count, 3)),
        draw.random((count, 3)),
        timbre / np.linalg.norm(timbre, axis=1, keepdims=True),
    )
    return EncodedClips(*(column.astype(np.float32) for column in columns))


def queries(count: int = 400, seed: int = 0) -> Vectors:
    draw = np.random.default_rng(seed)
    wanted = draw.dirichlet([4, *[0.3] * 11], count)  # most ask for much the same
    spread = draw.normal(size=(count, 6))
    spread *= np.sqrt(0.1) / np.linalg.norm(spread, axis=1, keepdims=True)
    return np.concatenate([wanted, spread, np.zeros((count, 1))], axis=1).astype(np.float32)


def largest_share(asked: Vectors, vectors: Vectors, prices: Vectors) -> float:
    best = (asked[:, :-1] @ vectors.T - prices).argmax(axis=1)
    return float(np.bincount(best).max() / len(asked))


def everything(count: int) -> NDArray[np.bool_]:
    return np.ones(count, np.bool_)


def test_a_library_holds_the_prices_that_were_learned_of_it() -> None:
    library, heard = clips(80, 1), np.arange(80) % 4 > 0
    vectors = unpriced(library)
    prices = learned_prices(vectors, queries(), heard, seed=3)
    placed = place_library(library, queries(), heard, seed=3)
    assert placed.vectors.shape == (80, DIMENSION)
    np.testing.assert_array_equal(placed.vectors, append_price(vectors, prices))
    assert placed.constant == constant_of(vectors, prices)
    assert placed.mean_price == pytest.approx(prices[heard].mean())
    np.testing.assert_allclose(prices_of(placed.vectors, placed.constant), prices, atol=1e-4)
    np.testing.assert_allclose(prices[~heard], prices[heard].mean(), rtol=1e-6)


def test_fresh_clips_stand_in_a_library_as_if_they_were_of_it_at_that_price() -> None:
    library, fresh = clips(80, 1), clips(30, 2)
    vectors, prices = unpriced(library), np.random.default_rng(0).uniform(0, 2.5, 80).astype(np.float32)
    both = np.concatenate([vectors, unpriced(fresh)])
    whole = append_price(both, np.concatenate([prices, np.full(30, 1.25, np.float32)]))
    constant = constant_of(both, np.concatenate([prices, np.full(30, 1.25, np.float32)]))
    np.testing.assert_array_equal(append_price(vectors, prices, constant), whole[:80])
    np.testing.assert_array_equal(place_at_price(fresh, 1.25, constant), whole[80:])
    assert place_at_price(fresh.take(np.arange(0)), 1.25, constant).shape == (0, DIMENSION)


def test_evidence_too_strong_for_a_library_is_drawn_in_and_says_the_same() -> None:
    certain = clips(1, 1)
    certain.facets[:] = np.arange(len(FACETS)) == 3  # one surely, the others surely not
    vectors = unpriced(certain)
    length = float(np.linalg.norm(vectors))
    placed = place_at_price(certain, 0.5, constant=100.0)
    assert length**2 > 101
    assert np.square(placed.astype(np.float64)).sum() == pytest.approx(101, rel=1e-5)
    np.testing.assert_allclose(placed[:, :-1], vectors * np.sqrt(101) / length, rtol=1e-5)
    assert placed[0, -1] == pytest.approx(0, abs=1e-2)


def test_distances_of_one_constant_compare_across_libraries() -> None:
    one, other, asked = clips(40, 1), clips(40, 2), queries(20)
    prices = np.random.default_rng(0).uniform(0, 2.5, (2, 40)).astype(np.float32)
    placed = np.concatenate(
        [append_price(unpriced(c), p, 400.0) for c, p in zip((one, other), prices, strict=True)]
    )
    distances = np.square(asked[:, None].astype(np.float64) - placed[None]).sum(axis=-1)
    scores = asked[:, :-1] @ np.concatenate([unpriced(one), unpriced(other)]).T - prices.ravel()
    expected = np.square(asked).sum(axis=1)[:, None] + 400 - 2 * scores
    np.testing.assert_allclose(distances, expected, atol=2e-3)


def test_a_clip_of_unknown_timbre_is_neither_near_nor_far_by_it() -> None:
    quiet = clips(3, 1)
    quiet.timbre[:] = 0
    assert not unpriced(quiet)[:, FIT_COMPONENTS:].any()


def test_own_clips_learn_prices_beside_a_release_that_keeps_its_own() -> None:
    release, own, asked = unpriced(clips(200, 1)), unpriced(clips(60, 2)), queries(600)
    own *= 2  # stronger evidence: without a price they would answer everything
    settled = learned_prices(release, asked, everything(200), seed=1)
    beside = PricedClips(release, settled)
    prices = learned_prices(own, asked, everything(60), seed=1, beside=beside)
    np.testing.assert_array_equal(beside.prices, settled)
    assert prices.shape == (60,)
    assert 0 <= prices.min() <= prices.max() <= HIGHEST_PRICE
    both = np.concatenate([own, release])
    fresh = np.concatenate([np.zeros(60, np.float32), settled])
    learned = np.concatenate([prices, settled])
    others = queries(600, seed=5)
    assert largest_share(others, both, learned) < 0.7 * largest_share(others, both, fresh)
    np.testing.assert_array_equal(prices, learned_prices(own, asked, everything(60), 1, beside))


def test_prices_beside_others_are_another_thing_than_alone() -> None:
    own, release = unpriced(clips(60, 2)), unpriced(clips(200, 1))
    alone = learned_prices(own, queries(), everything(60), seed=1)
    beside = PricedClips(release, np.zeros(200, np.float32))
    assert (alone != learned_prices(own, queries(), everything(60), 1, beside)).any()


def test_few_clips_beside_none_have_no_prices_and_beside_many_do() -> None:
    own, asked = unpriced(clips(TOP, 2)) + 3, queries()[:, :-1]  # more of everything
    limits = library_limits(TOP + 200, HIGHEST_PRICE)
    assert not learn_prices(asked, own, limits, seed=1).any()
    release = PricedClips(unpriced(clips(200, 1)), np.zeros(200, np.float32))
    assert learn_prices(asked, own, limits, 1, release).any()
