"""What the teacher's job counts on dev, and the components it keeps."""

import numpy as np
import pytest

from ambiance.affect import EMOTIONS, NO_SCENE, SCENES
from training.teacher.quality import best_thresholds, measure, scene_figures
from training.teacher.vectors import most_alike, principal_components

ANGER, JOY, LOVE = (EMOTIONS.names.index(name) for name in ("anger", "joy", "love"))


def test_the_best_threshold_is_that_of_an_exhaustive_search() -> None:
    random = np.random.default_rng(0)
    truth = random.random((60, 3)) < 0.3
    scores = np.round(random.random((60, 3)) + 0.4 * truth, 1).astype(np.float32)  # with many ties
    for column, due, found in zip(scores.T, truth.T, best_thresholds(scores, truth), strict=True):
        f1 = {t: 2 * (due & (column >= t)).sum() / (due.sum() + (column >= t).sum()) for t in set(column)}
        assert f1[found] == max(f1.values())


def one_hot(labels: list[int]) -> np.ndarray:
    return np.eye(28, dtype=bool)[labels]


def test_a_perfect_answer_scores_one_for_every_emotion_there_is() -> None:
    truth = one_hot(list(range(28)) * 20)
    figures = measure(np.where(truth, 0.9, 0.1).astype(np.float32), truth, seed=0)
    assert set(figures.values()) == {1.0}


def test_an_emotion_of_the_same_group_is_right_for_ekman_only() -> None:
    truth = one_hot([ANGER, JOY] * 50)
    answered = one_hot([ANGER, LOVE] * 50)
    figures = measure(np.where(answered, 0.9, 0.0).astype(np.float32), truth, seed=0)
    assert figures["ekman_micro_precision"] == figures["ekman_macro_precision"] == 1
    assert figures["ekman_macro_f1"] > figures["macro_f1"]


def test_a_scene_is_told_if_the_likeliest_but_none_is_one_of_the_texts() -> None:
    joy, fear, hope, none = map(SCENES.index, ("joy", "fear", "hope", NO_SCENE))
    posterior = np.full((3, len(SCENES)), 0.01, np.float32)
    posterior[0, [none, fear]] = 0.6, 0.2
    posterior[1, [hope, joy]] = 0.5, 0.3
    posterior[2, [joy, hope]] = 0.5, 0.3
    before = posterior.copy()
    assert scene_figures(posterior, [(fear,), (joy, hope), (hope,)]) == {"scene_told": 0.6667}
    assert scene_figures(posterior, [(joy,), (joy,), (hope, fear)]) == {"scene_told": 0}
    assert scene_figures(posterior, [(joy, fear), (hope,), (joy,)]) == {"scene_told": 1}
    np.testing.assert_array_equal(posterior, before)
    with pytest.raises(ValueError, match="shorter"):
        scene_figures(posterior, [(joy,), (joy,)])


def test_components_keep_what_varies_most() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(500, 3)) * [1, 9, 4] + 7
    components = principal_components(values.astype(np.float32), 2, np.ones(500))
    assert components.shape == (500, 2)
    assert np.isclose(np.square(components).mean(), 1)
    correlation = np.abs(np.corrcoef(values.T, components.T)[:3, 3:])
    assert correlation.argmax(axis=0).tolist() == [1, 2]
    assert correlation.max(axis=0).min() > 0.99


def test_a_row_that_weighs_nothing_changes_nothing() -> None:
    values = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    outlier = np.vstack([values, np.full((1, 4), 1000, np.float32)])
    weights = np.append(np.ones(50), 0)
    expected = principal_components(values, 2, np.ones(50))
    np.testing.assert_allclose(
        np.abs(principal_components(outlier, 2, weights)[:50]), np.abs(expected), rtol=1e-4
    )


def test_the_most_alike_point_the_same_way() -> None:
    candidates = np.array([[1, 0], [0, 1], [-1, 0], [5, 1]], np.float32)
    found = most_alike(np.array([[2, 0.1]], np.float32), candidates, 2)
    assert set(found[0].tolist()) == {0, 3}
