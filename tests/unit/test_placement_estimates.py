"""What parts of what is heard say of the rest: learned of a library, finite and in range for anything."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS
from ambiance.placement import EncodedClips
from ambiance.placement.estimates import Estimates, LinearMap
from ambiance.placement.evidence import FACET_OF_MOOD

Vectors = NDArray[np.float32]


def library(count: int = 2000) -> EncodedClips:
    """Clips whose moods, facets and VAD follow linearly from four hidden numbers."""
    draw = np.random.default_rng(0)
    hidden = draw.normal(size=(count, 4))
    weights = draw.normal(size=(4, 22)) * 0.5
    moods, facets, vad = np.split(hidden @ weights, [7, 19], axis=1)
    moods = np.exp(moods)
    return EncodedClips(
        (moods / moods.sum(axis=1, keepdims=True)).astype(np.float32),
        (1 / (1 + np.exp(-facets))).astype(np.float32),
        np.zeros((count, 3), np.float32),
        np.clip(0.5 + 0.1 * vad, 0, 1).astype(np.float32),
        np.zeros((count, 6), np.float32),
    )


LIBRARY = library()
ESTIMATES = Estimates.fit(LIBRARY.take(np.arange(1000)))
SHARES = st.floats(0, 1, width=32)


def correlations(one: Vectors, other: Vectors) -> list[float]:
    return [np.corrcoef(a, b)[0, 1] for a, b in zip(one.T, other.T, strict=True)]


def test_clips_that_were_not_learned_are_told_by_their_other_parts() -> None:
    others = LIBRARY.take(np.arange(1000, 2000))
    assert min(correlations(ESTIMATES.facets(others.moods), others.facets)) > 0.9
    assert min(correlations(ESTIMATES.moods(others.facets), others.moods)) > 0.9
    assert min(correlations(ESTIMATES.vad(others.facets, others.moods), others.vad)) > 0.9


def test_a_linear_map_is_found_again() -> None:
    draw = np.random.default_rng(1)
    inputs, weights, bias = (draw.normal(size=size).astype(np.float32) for size in ((90, 4), (4, 2), 2))
    found = LinearMap.fit(inputs, inputs @ weights + bias)
    np.testing.assert_allclose(found.weights, weights, atol=1e-5)
    np.testing.assert_allclose(found.bias, bias, atol=1e-5)


@given(arrays.arrays(np.float32, (2, len(FACETS)), elements=SHARES))
def test_moods_of_any_facets_are_a_posterior(facets: Vectors) -> None:
    moods = ESTIMATES.moods(facets)
    assert moods.dtype == np.float32
    assert moods.shape == (2, len(MOODS.names))
    assert (moods >= 0).all()
    np.testing.assert_allclose(moods.sum(axis=1), 1, atol=1e-5)
    vad = ESTIMATES.vad(facets, moods)
    assert vad.dtype == np.float32
    assert ((vad >= 0) & (vad <= 1)).all()


@given(arrays.arrays(np.float32, (2, len(MOODS.names)), elements=SHARES))
def test_facets_of_any_moods_are_probabilities(moods: Vectors) -> None:
    facets = ESTIMATES.facets(moods)
    assert facets.dtype == np.float32
    assert facets.shape == (2, len(FACETS))
    assert ((facets >= 0) & (facets <= 1)).all()


def test_every_mood_names_a_facet_of_its_own() -> None:
    assert list(FACET_OF_MOOD) == list(MOODS.names)
    assert len(set(FACET_OF_MOOD.values()) & set(FACETS)) == len(MOODS.names)
