"""Clips that come to a library: what they cost there, and that none of them answers everything."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import DIMENSION, HIGHEST_PRICE, learned_prices, unpriced
from ambiance.placement.prices import PricedClips
from ambiance.placement.squared_l2 import append_price
from ambiance.placement.standing import Standing, priced_clips

Vectors = NDArray[np.float32]
CONSTANT = 400.0


def clips(count: int, seed: int) -> EncodedClips:
    draw = np.random.default_rng(seed)
    timbre = draw.normal(size=(count, 6))
    columns = (
        draw.dirichlet(np.ones(7) / 2, count),
        draw.beta(0.5, 2, (count, 12)),
        draw.random((count, 3)),
        draw.random((count, 3)),
        timbre / np.linalg.norm(timbre, axis=1, keepdims=True),
    )
    return EncodedClips(*(column.astype(np.float32) for column in columns))


def queries(count: int, seed: int) -> Vectors:
    """Texts that mostly want the same."""
    draw = np.random.default_rng(seed)
    wanted = draw.dirichlet([4, *[0.3] * 11], count)
    return np.concatenate([wanted, np.zeros((count, 7))], axis=1).astype(np.float32)


def answers(asked: Vectors, placed: Vectors) -> NDArray[np.int64]:
    distances = -2 * asked @ placed.T + np.square(placed).sum(axis=1)
    return np.argsort(distances, axis=1)[:, :10]


@pytest.fixture(scope="module")
def library() -> PricedClips:
    vectors = unpriced(clips(300, 1))
    return PricedClips(vectors, learned_prices(vectors, queries(900, 0), np.ones(300, np.bool_), seed=1))


def test_a_clip_that_comes_ties_where_it_is_wanted_most(library: PricedClips) -> None:
    asked, come = queries(500, 2), unpriced(clips(80, 3))
    prices = Standing.of(asked, library).prices(come)
    best = (asked[:, :-1] @ library.vectors.T - library.prices).max(axis=1)
    gain = (asked[:, :-1] @ come.T - prices - best[:, None]).max(axis=0)
    between = (prices > 0) & (prices < HIGHEST_PRICE)
    assert between.any()
    np.testing.assert_allclose(gain[between], 0, atol=1e-5)
    assert (gain[prices == 0] <= 1e-5).all()
    assert (gain[prices == np.float32(HIGHEST_PRICE)] >= -1e-5).all()


def test_clips_that_resemble_favourites_do_not_answer_everything(library: PricedClips) -> None:
    standing, asked = Standing.of(queries(900, 0), library), queries(900, 5)
    dear = np.argsort(-library.prices)[:20]
    resembling = clips(300, 1).take(dear)
    base = append_price(library.vectors, library.prices, CONSTANT)
    alike = np.concatenate([base, standing.place(resembling, CONSTANT)])
    cheap = append_price(unpriced(resembling), np.full(20, library.prices.mean()), CONSTANT)
    share = [
        (answers(asked, placed)[:, 0] >= 300).mean() for placed in (alike, np.concatenate([base, cheap]))
    ]
    assert share[0] < 0.5 * share[1]
    assert share[0] > 0  # they are heard all the same
    assert (
        np.bincount(answers(asked, alike)[:, 0]).max() < 1.5 * np.bincount(answers(asked, base)[:, 0]).max()
    )


def test_to_an_empty_library_clips_come_for_nothing() -> None:
    nothing = PricedClips(np.zeros((0, DIMENSION - 1), np.float32), np.zeros(0, np.float32))
    standing = Standing.of(queries(50, 0), nothing)
    assert not standing.prices(unpriced(clips(5, 1))).any()
    assert np.isfinite(standing.place(clips(5, 1), CONSTANT)).all()
    assert standing.place(clips(0, 1), CONSTANT).shape == (0, DIMENSION)


def test_blocks_of_clips_and_more_texts_than_are_asked_change_nothing(
    library: PricedClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, come = queries(1_500, 2), unpriced(clips(80, 3))
    whole = Standing.of(asked, library)
    assert len(whole.texts) == 1_000
    monkeypatch.setattr("ambiance.placement.standing._CLIPS_AT_ONCE", 7)
    np.testing.assert_allclose(
        Standing.of(asked[:1_000], library).prices(come), whole.prices(come), atol=1e-5
    )


def test_prices_are_read_off_placed_rows(library: PricedClips) -> None:
    read = priced_clips(append_price(library.vectors, library.prices, CONSTANT), CONSTANT)
    np.testing.assert_array_equal(read.vectors, library.vectors)
    np.testing.assert_allclose(read.prices, library.prices, atol=1e-4)
