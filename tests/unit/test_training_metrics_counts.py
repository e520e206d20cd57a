"""Counts, precision, recall and F1 on examples small enough to count by hand."""

import numpy as np
import pytest

from training.metrics.counts import count_answers, group_index, largest_share, membership

NAMES = ("a", "b", "c", "d")


@pytest.fixture
def truth() -> np.ndarray:
    # five examples: a; a and b; b; c; c. No example is of d.
    return np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0]], bool)


def test_every_answer_and_every_miss_is_counted(truth: np.ndarray) -> None:
    counts = count_answers(np.array([0, 1, 0, 0, 1]), truth, NAMES)
    assert counts.true_positives.tolist() == [1, 1, 0, 0]
    assert counts.false_positives.tolist() == [2, 1, 0, 0]
    assert counts.false_negatives.tolist() == [1, 1, 2, 0]  # "a" of the second example, answered "b"


def test_ratios_are_undefined_where_there_is_nothing_to_take_a_share_of(truth: np.ndarray) -> None:
    counts = count_answers(np.array([0, 1, 0, 0, 1]), truth, NAMES)
    np.testing.assert_allclose(counts.precision, [1 / 3, 1 / 2, np.nan, np.nan])
    np.testing.assert_allclose(counts.recall, [1 / 2, 1 / 2, 0, np.nan])
    np.testing.assert_allclose(counts.f1, [2 / 5, 1 / 2, 0, np.nan])


def test_averages(truth: np.ndarray) -> None:
    counts = count_answers(np.array([0, 1, 0, 0, 1]), truth, NAMES)
    assert counts.micro_precision == pytest.approx(2 / 5)
    assert counts.macro_precision == pytest.approx((1 / 3 + 1 / 2) / 2)  # c and d were never answered
    assert counts.macro_f1 == pytest.approx((2 / 5 + 1 / 2 + 0) / 3)  # d has no examples


def test_the_summary_holds_undefined_figures_as_null(truth: np.ndarray) -> None:
    summary = count_answers(np.array([0, 1, 0, 0, 1]), truth, NAMES).summary()
    assert summary["micro_precision"] == 0.4
    assert summary["classes"]["c"] == {
        "true_positives": 0,
        "false_positives": 0,
        "false_negatives": 2,
        "precision": None,
        "recall": 0,
        "f1": 0,
    }


def test_labels_become_classes_by_their_groups() -> None:
    class_of = group_index({"low": ("x", "z"), "high": ("y",)}, ("x", "y", "z"))
    assert class_of.tolist() == [0, 1, 0]
    assert membership([(0, 2), (0, 1)], class_of, 2).tolist() == [[True, False], [True, True]]


def test_largest_share() -> None:
    assert largest_share(np.array([7, 3, 7, 7, 0])) == 0.6
