"""Own clips on the model of the release: what they are answered with fits and varies, alone and beside it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="the extra [training] is not installed")

from ambiance import artifacts
from ambiance.affect import MOOD_SPACE
from ambiance.index_format.catalog import CATALOG_FILE
from ambiance.index_writing.vectors import read_vectors
from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import (
    FIT_COMPONENTS,
    HIGHEST_PRICE,
    LARGEST_CONSTANT,
    SPREAD_STRENGTH,
    learned_prices,
    unpriced,
)
from ambiance.placement.squared_l2 import append_price
from ambiance.placement.standing import Standing, priced_clips
from music_index_service.preparation.placement_model import PlacementModel
from text_encoders import RELEASED

Vectors = NDArray[np.float32]
OWN = 300


@dataclass(frozen=True)
class Release:
    """What is worth hearing of it, and half of its reference queries each to price and to ask by."""

    model: PlacementModel
    placed: Vectors
    clips: EncodedClips
    known: Vectors
    asked: Vectors


@pytest.fixture(scope="module")
def release() -> Release:
    index = artifacts.load(RELEASED, artifacts.MUSIC_INDEX)
    model = PlacementModel.load(index)
    assert model is not None
    with pa.memory_map(str(index.file(CATALOG_FILE))) as file:
        catalog = pa.ipc.open_file(file).read_all()
    placed, worth = read_vectors(index.path, MOOD_SPACE), catalog["listenable"].to_numpy()
    columns = [
        catalog[name].combine_chunks().flatten().to_numpy().reshape(len(catalog), -1)
        for name in ("moods", "facets", "traits", "vad")
    ]
    timbre = placed[:, FIT_COMPONENTS:-1] / np.float32(np.sqrt(SPREAD_STRENGTH))
    clips = EncodedClips(*columns, timbre).take(worth)
    return Release(model, placed[worth], clips, model.queries[::2], model.queries[1::2])


def answers(asked: Vectors, placed: Vectors) -> NDArray[np.int64]:
    """<int64>[m, 10] nearest rows."""
    distances = np.square(placed).sum(axis=1) - 2 * asked @ placed.T
    nearest = np.argpartition(distances, 10, axis=1)[:, :10]
    order = np.take_along_axis(distances, nearest, axis=1).argsort(axis=1)
    return np.take_along_axis(nearest, order, axis=1)


def largest_share(found: NDArray[np.int64]) -> float:
    return float(np.bincount(found[:, 0]).max() / len(found))


def fit(asked: Vectors, placed: Vectors, found: NDArray[np.int64]) -> float:
    rows = placed[found][:, :, :FIT_COMPONENTS]
    return float(np.einsum("mc,mkc->mk", asked[:, :FIT_COMPONENTS], rows).mean())


def test_a_small_own_library_gives_answers_that_fit_and_vary(release: Release) -> None:
    rows = np.random.default_rng(7).permutation(len(release.clips))[:OWN]
    own = EncodedClips.unpacked(release.clips.take(rows).packed())
    vectors = unpriced(own)
    prices = learned_prices(vectors, release.known, np.ones(OWN, np.bool_), seed=1)
    asked = release.asked[:1_000]
    priced, free = (
        append_price(vectors, each, LARGEST_CONSTANT) for each in (prices, np.zeros(OWN, np.float32))
    )
    varied, plain = answers(asked, priced), answers(asked, free)
    assert largest_share(plain) > 0.15
    assert largest_share(varied) < 0.06
    assert len(np.unique(varied[:, 0])) > 1.5 * len(np.unique(plain[:, 0]))
    assert fit(asked, priced, varied) > fit(asked, free, plain) - 0.3
    everything = np.tile(np.arange(OWN), (len(asked), 1))
    assert fit(asked, priced, varied) > fit(asked, priced, everything) + 4


def test_clips_that_come_beside_the_release_are_heard_and_answer_not_everything(release: Release) -> None:
    constant, draw = release.model.constant, np.random.default_rng(3)
    rows = draw.integers(0, len(release.clips), OWN)
    like = release.clips.take(rows)
    facets = np.clip(like.facets + draw.normal(0, 0.02, like.facets.shape), 0.001, 0.999)
    own = EncodedClips(like.moods, facets.astype(np.float32), like.traits, like.vad, like.timbre)
    standing = Standing.of(release.known, priced_clips(release.placed, constant))
    asked = release.asked[:1_000]
    before = answers(asked, release.placed)
    priced = answers(asked, np.concatenate([release.placed, standing.place(own, constant)]))
    mean_prices = np.full(OWN, release.model.mean_price, np.float32)
    mean = append_price(unpriced(own), mean_prices, constant)
    careless = answers(asked, np.concatenate([release.placed, mean]))
    is_own = [(found >= len(release.placed)).mean() for found in (priced, careless)]
    assert largest_share(careless) > 5 * largest_share(before)
    assert largest_share(priced) < 2 * largest_share(before)
    assert 0.005 < is_own[0] < 0.1 < is_own[1]


def test_the_releases_rows_are_made_again_from_what_is_heard(release: Release) -> None:
    constant = release.model.constant
    settled = priced_clips(release.placed, constant)
    assert -1e-3 < settled.prices.min() < settled.prices.max() < HIGHEST_PRICE + 1e-3
    assert settled.prices.mean() == pytest.approx(release.model.mean_price, abs=1e-3)
    again = append_price(unpriced(release.clips), settled.prices, constant)
    np.testing.assert_allclose(again, release.placed, atol=5e-3)
