"""Counts of right and wrong answers per class, and the figures made of them, on plain numpy arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassCounts:
    """What n answers of one class each were worth, where an example may be of several classes.

    An answer is right if its class is among the example's. Every class of the example that wasn't
    answered is a miss, even if another of its classes was.
    """

    names: tuple[str, ...]
    true_positives: NDArray[np.int64]  # [classes] answered, and the example is of the class
    false_positives: NDArray[np.int64]  # [classes] answered, and it isn't
    false_negatives: NDArray[np.int64]  # [classes] not answered, and it is

    @property
    def precision(self) -> NDArray[np.float64]:
        """<float64>[classes] share of right ones among the answers of a class; NaN if there are none."""
        return ratios(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> NDArray[np.float64]:
        """<float64>[classes] share of a class's examples that got it as answer; NaN if there are none."""
        return ratios(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> NDArray[np.float64]:
        """<float64>[classes] harmonic mean of precision and recall; NaN if neither answered nor due."""
        positives = 2 * self.true_positives
        return ratios(positives, positives + self.false_positives + self.false_negatives)

    @property
    def micro_precision(self) -> float:
        """Share of right answers among all."""
        right, wrong = int(self.true_positives.sum()), int(self.false_positives.sum())
        return right / (right + wrong)

    @property
    def macro_precision(self) -> float:
        """Mean precision of the classes that were answered at all: the seed leaves the others out."""
        return float(np.nanmean(self.precision))

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that were answered or due."""
        return float(np.nanmean(self.f1))

    def summary(self) -> dict[str, Any]:
        """All figures as JSON holds them, an undefined one as null."""
        columns = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        counts = {
            "true_positives": self.true_positives,
            "false_positives": self.false_positives,
            "false_negatives": self.false_negatives,
        }
        classes = {
            name: {key: int(column[i]) for key, column in counts.items()}
            | {key: _json_number(column[i]) for key, column in columns.items()}
            for i, name in enumerate(self.names)
        }
        return {
            "micro_precision": _json_number(self.micro_precision),
            "macro_precision": _json_number(self.macro_precision),
            "macro_f1": _json_number(self.macro_f1),
            "classes": classes,
        }


def count_answers(answers: NDArray[np.int64], truth: NDArray[np.bool_], names: Sequence[str]) -> ClassCounts:
    """Compare answers <int64>[n], n from 1, with the classes that each example is of, <bool>[n, classes]."""
    answered = np.eye(len(names), dtype=bool)[answers]
    return ClassCounts(
        tuple(names),
        np.count_nonzero(answered & truth, axis=0),
        np.count_nonzero(answered & ~truth, axis=0),
        np.count_nonzero(~answered & truth, axis=0),
    )


def count_label_sets(
    answered: NDArray[np.bool_], truth: NDArray[np.bool_], names: Sequence[str]
) -> dict[str, Any]:
    """F1 of each class where an example is answered with any number of classes, and their mean, as JSON.

    Args:
        answered: <bool>[repeats, n, classes]; figures are means over the repeats.
        truth: <bool>[n, classes] classes that each example is of.
        names: of the classes.
    """
    right = np.count_nonzero(answered & truth, axis=1)
    given, due = np.count_nonzero(answered, axis=1), np.count_nonzero(truth, axis=0)
    precision, recall = ratios(right, given), ratios(right, np.broadcast_to(due, right.shape))
    f1 = ratios(2 * right, given + due)
    classes = {
        name: {
            "precision": _json_number(precision[:, i].mean()),
            "recall": _json_number(recall[:, i].mean()),
            "f1": _json_number(f1[:, i].mean()),
            "examples": int(due[i]),
        }
        for i, name in enumerate(names)
    }
    return {"macro_f1": _json_number(float(np.nanmean(f1))), "classes": classes}


def confusion(answers: NDArray[np.int64], truth: NDArray[np.bool_]) -> list[list[int]]:
    """How many examples of each class (rows) were answered with each (columns).

    `answers` is <int64>[n], `truth` <bool>[n, classes]. An example of several classes stands in several rows.
    """
    answered = np.eye(truth.shape[1], dtype=np.int64)[answers]
    counts: list[list[int]] = (truth.T.astype(np.int64) @ answered).tolist()
    return counts


def group_index(groups: Mapping[str, Sequence[str]], names: Sequence[str]) -> NDArray[np.int64]:
    """<int64>[names] position of the group that each name belongs to."""
    group_of = {name: i for i, members in enumerate(groups.values()) for name in members}
    return np.array([group_of[name] for name in names])


def membership(
    labels: Sequence[tuple[int, ...]], class_of: NDArray[np.int64], class_count: int
) -> NDArray[np.bool_]:
    """<bool>[n, classes] classes each example is of; `class_of` <int64>[labels] is the class of a label."""
    truth = np.zeros((len(labels), class_count), bool)
    for row, example in zip(truth, labels, strict=True):
        row[class_of[list(example)]] = True
    return truth


def largest_share(answers: NDArray[np.int64]) -> float:
    """Share of the answer that is given most often, among n answers <int64>[n]."""
    return float(np.bincount(answers).max() / len(answers))


def ratios(numerator: NDArray[Any], denominator: NDArray[Any]) -> NDArray[np.float64]:
    """<float64> of their shape, NaN where the denominator is 0."""
    undefined = np.full(numerator.shape, np.nan)
    quotient: NDArray[np.float64] = np.divide(numerator, denominator, out=undefined, where=denominator > 0)
    return quotient


def _json_number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
