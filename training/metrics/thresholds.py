"""Turns posteriors into sets of labels: a threshold for each class, tuned on comments that aren't counted.

The F1 figures rest on it. On the test split the thresholds come from dev; on dev itself each half is
answered with the thresholds of the other half.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve


def best_thresholds(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """<float64>[classes] for each class the threshold of greatest F1; infinite for one of no example.

    Args:
        scores: <float32>[n, classes] the larger, the likelier.
        truth: <bool>[n, classes] classes that each example is of.
    """
    return np.array([_best_threshold(column, due) for column, due in zip(scores.T, truth.T, strict=True)])


def tuned_answers(
    scores: NDArray[np.float32], tuning_scores: NDArray[np.float32], tuning_truth: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """<bool>[1, n, classes] whether each of the scores passes the threshold tuned on the other examples."""
    return (scores >= best_thresholds(tuning_scores, tuning_truth))[None]


def cross_fitted_answers(
    scores: NDArray[np.float32], truth: NDArray[np.bool_], repeats: int, seed: int
) -> NDArray[np.bool_]:
    """<bool>[repeats, n, classes] as `tuned_answers`, each random half with the thresholds of the other."""
    rng = np.random.default_rng(seed)
    answered = np.empty((repeats, *scores.shape), bool)
    for repeat in answered:
        half = rng.permutation(len(scores)) % 2 == 0
        for counted in (half, ~half):
            repeat[counted] = tuned_answers(scores[counted], scores[~counted], truth[~counted])[0]
    return answered


def _best_threshold(scores: NDArray[np.float32], due: NDArray[np.bool_]) -> float:
    if not due.any():
        return float("inf")
    precision, recall, thresholds = precision_recall_curve(due, scores.astype(np.float64))
    # The last point answers nothing and has no threshold.
    f1 = 2 * precision[:-1] * recall[:-1] / np.maximum(precision[:-1] + recall[:-1], np.finfo(float).tiny)
    best = int(f1.argmax())
    below = thresholds[max(best - 1, 0)]  # half-way to the next lower score: the gap belongs to neither side
    return float((below + thresholds[best]) / 2)
