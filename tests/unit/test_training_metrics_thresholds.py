"""Thresholds of greatest F1, and that nothing is answered with a threshold tuned on itself."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from training.metrics.thresholds import best_thresholds, cross_fitted_answers, tuned_answers


def test_the_threshold_lies_between_the_scores_that_it_parts() -> None:
    scores = np.array([[0.1], [0.2], [0.6], [0.8]], np.float32)
    truth = np.array([[False], [False], [True], [True]])
    assert best_thresholds(scores, truth).tolist() == pytest.approx([0.4])


def test_it_is_the_best_of_all_thresholds() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((400, 3)) < [0.5, 0.2, 0.02]
    scores = (truth * 0.3 + rng.random((400, 3))).astype(np.float32)
    found = [
        f1_score(due, column >= threshold)
        for due, column, threshold in zip(truth.T, scores.T, best_thresholds(scores, truth), strict=True)
    ]
    best = [
        max(f1_score(due, column >= threshold) for threshold in column)
        for due, column in zip(truth.T, scores.T, strict=True)
    ]
    assert found == pytest.approx(best)


def test_a_class_of_no_example_is_never_answered() -> None:
    scores, truth = np.array([[0.9], [1.0]], np.float32), np.zeros((2, 1), bool)
    assert not tuned_answers(scores, scores, truth).any()


def test_cross_fitting_answers_every_example_once_in_each_repeat() -> None:
    truth = np.arange(100)[:, None] % 2 == 0
    answered = cross_fitted_answers(truth.astype(np.float32), truth, repeats=3, seed=0)
    assert answered.shape == (3, 100, 1)
    assert (answered == truth).all()


def test_cross_fitting_knows_nothing_of_the_half_it_answers() -> None:
    # The one example of the class is known only to the half that it is in: there it can't be counted.
    scores, truth = np.zeros((10, 1), np.float32), np.zeros((10, 1), bool)
    scores[3], truth[3] = 1, True
    answered = cross_fitted_answers(scores, truth, repeats=4, seed=0)
    assert not answered[:, 3].any()
