"""Clips placed in the mood space: a whole library, and fresh ones beside it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.affect import FACETS
from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import (
    DIMENSION,
    FIT_COMPONENTS,
    LARGEST_CONSTANT,
    learned_prices,
    place_library,
    unpriced,
)
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
    both, price = np.concatenate([vectors, unpriced(fresh)]), np.full(30, 1.25, np.float32)
    whole = append_price(both, np.concatenate([prices, price]))
    constant = constant_of(both, np.concatenate([prices, price]))
    np.testing.assert_array_equal(append_price(vectors, prices, constant), whole[:80])
    np.testing.assert_array_equal(append_price(unpriced(fresh), price, constant), whole[80:])
    nothing = unpriced(fresh.take(np.arange(0)))
    assert append_price(nothing, np.empty(0, np.float32), constant).shape == (0, DIMENSION)


def test_evidence_too_strong_for_a_library_is_drawn_in_and_says_the_same() -> None:
    certain = clips(1, 1)
    certain.facets[:] = np.arange(len(FACETS)) == 3  # one surely, the others surely not
    vectors = unpriced(certain)
    length = float(np.linalg.norm(vectors))
    placed = append_price(vectors, np.full(1, 0.5, np.float32), 100.0)
    assert length**2 > 101
    assert np.square(placed.astype(np.float64)).sum() == pytest.approx(101, rel=1e-5)
    np.testing.assert_allclose(placed[:, :-1], vectors * np.sqrt(101) / length, rtol=1e-5)
    assert placed[0, -1] == pytest.approx(0, abs=1e-2)


def test_the_largest_constant_draws_no_clip_in() -> None:
    corners = clips(4_000, 5)
    corners.facets[:] = corners.facets > 0.1
    corners.moods[:] = corners.moods > 0.5  # none, too, which no encoder says
    vectors = unpriced(corners)
    longest = np.square(vectors.astype(np.float64)).sum(axis=1).max()
    assert 0.9 * LARGEST_CONSTANT < longest <= LARGEST_CONSTANT + 1e-3
    placed = append_price(vectors, np.zeros(4_000, np.float32), LARGEST_CONSTANT)
    np.testing.assert_allclose(placed[:, :-1], vectors, rtol=1e-5)


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
