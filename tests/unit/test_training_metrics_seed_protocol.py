"""The seed's three evaluations on a handful of points."""

import numpy as np
import pytest

from ambiance.affect import EKMAN, EMOTIONS, MOOD_GROUPS, MOODS
from training.metrics.seed_protocol import (
    connect,
    count_emotions,
    count_moods,
    group_of_emotion,
    nearest_rows,
)

HAPPY, FUNNY, SAD, TENDER, EXCITING, ANGRY, SCARY = range(7)


def emotions(*names: str) -> tuple[int, ...]:
    return tuple(EMOTIONS.names.index(name) for name in names)


def points(*names: str) -> np.ndarray:
    return EMOTIONS.vad[list(emotions(*names))]


def test_an_emotion_answers_for_its_whole_group() -> None:
    labels = [emotions("grief"), emotions("anger", "fear"), emotions("love")]
    counts = count_emotions(points("sadness", "nervousness", "neutral"), labels)
    assert counts.names == tuple(EKMAN)
    right = dict(zip(counts.names, counts.true_positives.tolist(), strict=True))
    assert right == {"sadness": 1, "fear": 1} | dict.fromkeys(set(EKMAN) - {"sadness", "fear"}, 0)
    assert counts.micro_precision == pytest.approx(2 / 3)


def test_exciting_counts_as_happy_and_scary_as_angry() -> None:
    counts = count_moods(MOODS.vad[[EXCITING, SCARY, TENDER]], np.array([HAPPY, ANGRY, SAD]))
    assert counts.true_positives.tolist() == [1, 0, 0, 0, 1]
    assert counts.false_positives.tolist() == [0, 0, 0, 1, 0]


def test_each_emotion_goes_to_the_nearest_of_the_five_moods() -> None:
    groups = list(MOOD_GROUPS)
    group = {name: groups[i] for name, i in zip(EMOTIONS.names, group_of_emotion(), strict=True)}
    assert group["neutral"] == group["sadness"] == "sad"
    assert (group["joy"], group["anger"], group["caring"]) == ("happy", "angry", "tender")
    assert group["fear"] == "angry"  # scary isn't among the five


def test_nearest_rows_takes_the_first_of_equals() -> None:
    others = np.array([[1, 1, 1], [0, 0, 0], [0, 0, 0]], np.float32)
    assert nearest_rows(np.array([[0.1, 0, 0], [0.9, 1, 1]], np.float32), others).tolist() == [1, 0]


def test_connection_judges_the_mood_of_the_nearest_clip() -> None:
    moods = np.array([SAD, SCARY, HAPPY, TENDER])
    labels = [emotions("sadness"), emotions("sadness"), emotions("anger"), emotions("joy")]
    text_vad = np.array([[0, 0, 0], [0, 0, 0.1], [0, 0, 0], [1, 1, 1]], np.float32)
    music_vad = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0.9], [1, 0, 1]], np.float32)
    connection = connect(text_vad, labels, music_vad, moods)
    assert connection.counts.true_positives.tolist() == [1, 0, 2, 0, 0]
    assert connection.counts.false_positives.tolist() == [0, 0, 1, 0, 0]
    assert connection.counts.false_negatives.tolist() == [0, 0, 0, 0, 1]
    assert connection.largest_share == 0.75
    assert connection.coverage == 0.5
    assert connection.best_constant == 0.5


def test_distances_are_between_true_points_of_pairs() -> None:
    labels = [emotions("sadness"), emotions("joy")]
    moods = np.array([SAD, HAPPY])
    apart = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
    connection = connect(apart, labels, apart, moods)
    between = [[np.linalg.norm(e - m) for m in MOODS.vad[moods]] for e in points("sadness", "joy")]
    assert connection.matched_distance == pytest.approx((between[0][0] + between[1][1]) / 2)
    assert connection.random_distance == pytest.approx(np.mean(between))
