"""The taxonomy is complete, and closeness orders labels as distance does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ambiance.affect import (
    EKMAN,
    EMOTIONS,
    FACETS,
    MOOD_GROUPS,
    MOODS,
    NO_SCENE,
    READERS_VAD_LINEAGE,
    SCENES,
    TRAITS,
    nrc_vad_lineage,
)

COORDINATE = st.floats(0, 1, width=32)


def test_every_label_lies_in_the_unit_cube() -> None:
    for labels, count in ((EMOTIONS, 28), (MOODS, 7)):
        assert labels.vad.shape == (count, 3)
        assert labels.vad.min() >= 0
        assert labels.vad.max() <= 1


def test_groupings_partition_their_labels() -> None:
    assert sorted(name for members in EKMAN.values() for name in members) == sorted(EMOTIONS.names)
    assert sorted(name for members in MOOD_GROUPS.values() for name in members) == sorted(MOODS.names)
    assert all(group in members for group, members in MOOD_GROUPS.items())


def test_the_groupings_are_the_published_ones() -> None:
    assert {group: len(members) for group, members in EKMAN.items()} == {
        "anger": 3,
        "disgust": 1,
        "fear": 2,
        "joy": 12,
        "sadness": 5,
        "surprise": 4,
        "neutral": 1,
    }
    assert {*EKMAN["anger"], *EKMAN["fear"]} == {"anger", "annoyance", "disapproval", "fear", "nervousness"}
    assert set(EKMAN["sadness"]) == {"sadness", "disappointment", "embarrassment", "grief", "remorse"}
    assert set(EKMAN["surprise"]) == {"surprise", "realization", "confusion", "curiosity"}
    assert MOOD_GROUPS["happy"] == ("happy", "exciting")
    assert MOOD_GROUPS["angry"] == ("angry", "scary")


def test_a_label_is_nearest_to_itself() -> None:
    for labels in (EMOTIONS, MOODS):
        assert labels.nearest(labels.vad).tolist() == list(range(len(labels.names)))


@given(st.tuples(COORDINATE, COORDINATE, COORDINATE))
def test_closeness_is_a_distribution_ordered_by_distance(point: tuple[float, float, float]) -> None:
    vad = np.array([point], np.float32)
    distance, closeness = EMOTIONS.squared_distances(vad)[0], EMOTIONS.closeness(vad)[0]
    assert np.isclose(closeness.sum(), 1, atol=1e-5)
    assert (np.diff(closeness[np.argsort(distance)]) <= 1e-6).all()
    assert closeness.argmax() == distance.argmin() or np.isclose(*np.sort(distance)[:2])


def test_coordinates_cannot_be_changed_in_place() -> None:
    assert not EMOTIONS.vad.flags.writeable


def test_scenes_facets_and_traits_are_names_of_their_own() -> None:
    for names, count in ((SCENES, 21), (FACETS, 12), (TRAITS, 3)):
        assert len(set(names)) == len(names) == count
    assert SCENES[-1] == NO_SCENE  # where models look for it
    assert set(FACETS).isdisjoint(TRAITS)  # they share one namespace in filters


def test_the_lineage_names_the_coordinates_that_the_recipe_seed_learns() -> None:
    # Changing a coordinate changes the frame: a network must be trained anew.
    assert nrc_vad_lineage() == "vad-fed05fe9e96f"
    assert READERS_VAD_LINEAGE not in ("", nrc_vad_lineage())
