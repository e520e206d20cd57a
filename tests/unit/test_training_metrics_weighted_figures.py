"""Weighted figures: ones give the plain figure, other weights that of the repeated examples."""

import numpy as np
import pytest

from training.metrics.bootstrap import interval, resample_counts
from training.metrics.counts import count_answers, count_label_sets
from training.metrics.weighted_figures import (
    coverages,
    largest_shares,
    macro_f1,
    pair_precisions,
    precision_at_k,
    precisions,
)

CLASSES = ("a", "b", "c")


@pytest.fixture
def truth() -> np.ndarray:
    return np.random.default_rng(0).random((40, 3)) < 0.5


@pytest.fixture
def answers() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 3, 40)


def ones(count: int) -> np.ndarray:
    return np.ones((1, count), np.float32)


def test_ones_give_the_counted_figures(truth: np.ndarray, answers: np.ndarray) -> None:
    counts = count_answers(answers, truth, CLASSES)
    micro, macro = precisions(answers, truth, ones(40))
    assert micro.tolist() == pytest.approx([counts.micro_precision])
    assert macro.tolist() == pytest.approx([counts.macro_precision])


def test_f1_of_label_sets_is_the_mean_over_repeats(truth: np.ndarray) -> None:
    answered = np.stack([truth, ~truth])
    assert macro_f1(answered, truth, ones(40)).tolist() == pytest.approx([0.5])
    assert count_label_sets(answered, truth, CLASSES)["macro_f1"] == pytest.approx(0.5)


def test_weights_stand_for_repeated_examples(truth: np.ndarray, answers: np.ndarray) -> None:
    repeats = np.random.default_rng(2).integers(0, 4, 40)
    at = np.repeat(np.arange(40), repeats)
    weights = repeats[None].astype(np.float32)
    for weighted, repeated in zip(
        precisions(answers, truth, weights), precisions(answers[at], truth[at], ones(len(at))), strict=True
    ):
        assert weighted == pytest.approx(repeated)
    answered = np.random.default_rng(3).random((1, 40, 3)) < 0.5
    once = macro_f1(answered[:, at], truth[at], ones(len(at)))
    assert macro_f1(answered, truth, weights) == pytest.approx(once)
    assert largest_shares(answers, weights) == pytest.approx(largest_shares(answers[at], ones(len(at))))


def test_pairs_average_the_columns(truth: np.ndarray) -> None:
    hits = np.random.default_rng(4).integers(0, 7, (40, 5))
    group_of_clip = np.array([0, 1, 2, 0, 1, 2, 0])
    columns = [count_answers(group_of_clip[hit], truth, CLASSES) for hit in hits.T]
    micro, macro = pair_precisions(hits, group_of_clip, truth, ones(40), ones(7))
    assert micro.tolist() == pytest.approx([np.mean([column.micro_precision for column in columns])])
    assert macro.tolist() == pytest.approx([np.mean([column.macro_precision for column in columns])])


def test_an_answer_counts_as_often_as_its_clip_is_drawn() -> None:
    hits = np.array([[0], [1]])
    truth = np.array([[True, False], [True, False]])
    drawn = np.array([[3, 1]], np.float32)
    micro, _ = pair_precisions(hits, np.array([0, 1]), truth, ones(2), drawn)
    assert micro.tolist() == [0.75]
    assert precision_at_k(hits, np.array([[True], [False]]), ones(2), drawn).tolist() == [0.75]


def test_coverage_counts_only_comments_that_were_drawn() -> None:
    hits = np.array([[0, 1], [1, 2]])
    assert coverages(hits, 4, np.array([[1, 1], [1, 0]], np.float32)).tolist() == [0.75, 0.5]


def test_rows_of_one_clip_are_drawn_together() -> None:
    counts = resample_counts(np.array([0, 1, 1, 2]), resamples=50, seed=0)
    assert counts.shape == (50, 4)
    assert (counts[:, 1] == counts[:, 2]).all()
    assert (counts[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert (counts == resample_counts(np.array([0, 1, 1, 2]), resamples=50, seed=0)).all()


def test_the_interval_of_a_share_is_that_of_the_binomial() -> None:
    right = np.arange(1000) < 300
    weights = resample_counts(np.arange(1000), resamples=1000, seed=0)
    resampled = precisions(np.zeros(1000, int), right[:, None], weights)[0]
    low, high = interval(0.3, resampled)
    reach = 1.96 * np.sqrt(0.3 * 0.7 / 1000)
    assert (low, high) == pytest.approx((0.3 - reach, 0.3 + reach), abs=0.003)


def test_an_interval_ends_where_shares_end() -> None:
    assert interval(0.01, np.array([-1.0, 1.0])) == (0.0, 1.0)


def test_the_interval_of_a_multiple_ends_nowhere_above() -> None:
    assert interval(3.0, np.array([2.0, 4.0]), highest=np.inf) == pytest.approx((1.04, 4.96))
