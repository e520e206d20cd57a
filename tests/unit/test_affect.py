"""The taxonomy is complete, and closeness orders labels as distance does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ambiance.affect import EKMAN, EMOTIONS, MOOD_GROUPS, MOOD_SIGMA, MOODS, mood_shares, vad_lineage

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


def test_a_certain_emotion_is_shared_out_by_a_kernel_over_distances() -> None:
    shares = mood_shares(np.eye(28, dtype=np.float32))
    weights = np.exp(-MOODS.squared_distances(EMOTIONS.vad).astype(np.float64) / (2 * MOOD_SIGMA**2))
    np.testing.assert_allclose(shares, weights / weights.sum(axis=1, keepdims=True), rtol=1e-4)
    assert MOODS.names[shares[EMOTIONS.names.index("sadness")].argmax()] == "sad"
    assert MOODS.names[shares[EMOTIONS.names.index("fear")].argmax()] == "scary"


def test_mood_shares_are_a_posterior_that_mixes_those_of_the_emotions() -> None:
    emotions = np.random.default_rng(0).dirichlet(np.ones(28), 50).astype(np.float32)
    shares = mood_shares(emotions)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(shares, emotions @ mood_shares(np.eye(28, dtype=np.float32)), atol=1e-6)
    for row, alone in zip(shares, map(mood_shares, emotions[:, None]), strict=True):
        np.testing.assert_array_equal(row, alone[0])


def test_coordinates_cannot_be_changed_in_place() -> None:
    assert not EMOTIONS.vad.flags.writeable


def test_the_lineage_names_the_coordinates_of_the_released_artifacts() -> None:
    # Changing a coordinate changes the frame: artifacts must be trained and released anew.
    assert vad_lineage() == "vad-fed05fe9e96f"
