"""Reliability bins counted by hand."""

import numpy as np
import pytest

from training.metrics.calibration import likeliest_reliability, reliability


def test_answers_are_binned_by_their_stated_probability() -> None:
    curve = reliability(np.array([0.1, 0.2, 0.9, 1.0]), np.array([False, True, True, True]), bins=2)
    assert curve.count.tolist() == [2, 2]
    assert curve.probability.tolist() == pytest.approx([0.15, 0.95])
    assert curve.frequency.tolist() == [0.5, 1.0]
    assert curve.expected_calibration_error == pytest.approx((0.35 + 0.05) / 2)


def test_empty_bins_are_left_out() -> None:
    curve = reliability(np.array([0.05, 0.95, 0.95]), np.array([False, True, False]), bins=10)
    assert curve.count.tolist() == [1, 2]
    assert curve.expected_calibration_error == pytest.approx((0.05 + 2 * 0.45) / 3)


def test_the_likeliest_class_is_right_if_it_is_among_the_examples_classes() -> None:
    posterior = np.array([[0.7, 0.2, 0.1], [0.1, 0.7, 0.2]], np.float32)
    truth = np.array([[True, True, False], [False, False, True]])
    curve = likeliest_reliability(posterior, truth)
    assert curve.summary() == {
        "expected_calibration_error": pytest.approx(0.2),
        "probability": pytest.approx([0.7]),
        "frequency": [0.5],
        "count": [2],
    }
