"""What a clip is above all, by how far it has each facet above what is usual."""

import numpy as np
import pytest

from ambiance.affect import FACETS, MOODS
from gateway.soundtrack.characters import characters


def character(moods: dict[str, float] | None = None, **facets: float) -> dict[str, float]:
    """Shares by facet, of a clip that has so much of some facets and is of some moods."""
    even = 1 / len(MOODS.names)
    [shares] = characters(
        np.array([[facets.get(facet, 0.02) for facet in FACETS]]),
        np.array([[(moods or {}).get(mood, even) for mood in MOODS.names]]),
    )
    return dict(zip(FACETS, shares.tolist(), strict=True))


def test_they_are_shares() -> None:
    random = np.random.default_rng(1)
    shares = characters(random.random((50, len(FACETS))), random.dirichlet(np.ones(len(MOODS.names)), 50))
    assert (shares >= 0).all()
    assert shares.sum(axis=1) == pytest.approx(1)


def test_what_is_above_the_usual_counts_and_not_what_is_likeliest() -> None:
    shares = character(calm=0.3, hopeful=0.25)
    assert shares["hopeful"] > 0.5 > shares["calm"]


def test_moods_count_as_evidence() -> None:
    undecided = {"calm": 0.4, "sad": 0.1, "tender": 0.1}
    sad, tender = (character({mood: 0.9}, **undecided) for mood in ("sad", "tender"))
    assert max(sad, key=lambda facet: sad[facet]) == "sad"
    assert max(tender, key=lambda facet: tender[facet]) == "tender"


def test_a_clip_of_which_nothing_is_known_has_some_character_all_the_same() -> None:
    shares = characters(np.zeros((1, len(FACETS))), np.zeros((1, len(MOODS.names))))
    assert np.isfinite(shares).all()
    assert characters(np.zeros((0, len(FACETS))), np.zeros((0, len(MOODS.names)))).shape == (0, len(FACETS))
