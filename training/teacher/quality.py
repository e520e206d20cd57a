"""How well the teacher tells emotions, on a split that chose nothing but thresholds, and scenes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EKMAN, EMOTIONS
from training.metrics.counts import count_answers, group_index
from training.metrics.text_quality import scenes_told

_REPEATS = 10  # ways of halving the split


def measure(probabilities: NDArray[np.float32], truth: NDArray[np.bool_], seed: int) -> dict[str, float]:
    """Figures of independent probabilities <float32>[n, 28] against the emotions of each text <bool>[n, 28].

    Macro-F1 with each emotion's threshold taken from one random half of the texts and counted on the
    other, both ways round, averaged over several halvings; for Ekman's seven, a group's probability is that
    of any of its emotions. Micro and macro precision as the seed counts them: the likeliest emotion, lumped.
    """
    random = np.random.default_rng(seed)
    group_of = group_index(EKMAN, EMOTIONS.names)
    groups = np.eye(len(EKMAN), dtype=bool)[group_of]
    truth_of_groups = truth @ groups
    absent = [np.prod(1 - probabilities[:, group], axis=1) for group in groups.T]
    answers = count_answers(group_of[probabilities.argmax(axis=1)], truth_of_groups, list(EKMAN))
    return {
        "macro_f1": round(_cross_macro_f1(probabilities, truth, random), 4),
        "ekman_macro_f1": round(_cross_macro_f1(1 - np.stack(absent, axis=1), truth_of_groups, random), 4),
        "ekman_micro_precision": round(answers.micro_precision, 4),
        "ekman_macro_precision": round(answers.macro_precision, 4),
    }


def scene_figures(posterior: NDArray[np.float32], scenes_of: Sequence[tuple[int, ...]]) -> dict[str, float]:
    """Share of texts whose likeliest scene but none, of a posterior <float32>[n, 21], is one of theirs."""
    return {"scene_told": round(float(scenes_told(posterior, scenes_of).mean()), 4)}


def best_thresholds(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.float32]:
    """<float32>[classes] the score from which to answer a class, for the greatest F1 on these examples."""
    thresholds = []
    for column, due in zip(scores.T, truth.T, strict=True):
        order = np.argsort(-column, kind="stable")
        right = np.cumsum(due[order])
        f1 = 2 * right / (np.arange(1, len(column) + 1) + due.sum())
        ranked = column[order]
        f1[:-1][ranked[:-1] == ranked[1:]] = -1  # equal scores are answered together
        thresholds.append(ranked[f1.argmax()])
    return np.array(thresholds, np.float32)


def _cross_macro_f1(
    scores: NDArray[np.float32], truth: NDArray[np.bool_], random: np.random.Generator
) -> float:
    figures = []
    for _ in range(_REPEATS):
        half = random.permutation(len(scores)) % 2
        answered = np.zeros_like(truth)
        for side in (0, 1):
            answered[half == side] = scores[half == side] >= best_thresholds(
                scores[half != side], truth[half != side]
            )
        due = answered.sum(axis=0) + truth.sum(axis=0)
        figures.append(2 * (answered & truth).sum(axis=0) / np.maximum(due, 1))
    return float(np.mean(figures))
