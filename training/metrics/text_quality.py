"""What a text encoder is worth on dev, as served: the figures in its manifest."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EKMAN, EMOTIONS, NO_SCENE, SCENES, VAD_AXES
from ambiance.fixed_queries import DISTRESS_THRESHOLD
from training.metrics.calibration import likeliest_reliability
from training.metrics.counts import count_answers, membership
from training.metrics.seed_protocol import EKMAN_OF_EMOTION
from training.metrics.thresholds import cross_fitted_answers
from training.metrics.weighted_figures import macro_f1

_CROSS_FITS = 10


def dev_figures(
    emotions: NDArray[np.float32], labels: Sequence[tuple[int, ...]], seed: int
) -> dict[str, Any]:
    """Figures of posteriors <float32>[n, 28] against annotators' emotions.

    The seed's protocol takes the likeliest emotion, lumped to Ekman's seven. The two macro-F1s let every
    class answer that passes its threshold, which comes from the other half of the comments.
    """
    groups = membership(labels, EKMAN_OF_EMOTION, len(EKMAN))
    counts = count_answers(EKMAN_OF_EMOTION[emotions.argmax(axis=1)], groups, list(EKMAN))
    of_groups = emotions @ np.eye(len(EKMAN), dtype=np.float32)[EKMAN_OF_EMOTION]
    truth = emotion_truth(labels)
    error = likeliest_reliability(emotions, truth).expected_calibration_error
    return counts.summary() | {
        "ekman_macro_f1": _cross_fitted_f1(of_groups, groups, seed),
        "emotion_macro_f1": _cross_fitted_f1(emotions, truth, seed),
        "expected_calibration_error": round(error, 6),
    }


def rating_figures(vad: NDArray[np.float32], rated: NDArray[np.float32]) -> dict[str, float]:
    """Pearson's r of valence, arousal and dominance <float32>[n, 3] with how readers rated the sentences."""
    return {
        axis: round(float(np.corrcoef(vad[:, i], rated[:, i])[0, 1]), 4) for i, axis in enumerate(VAD_AXES)
    }


def scenes_told(posterior: NDArray[np.float32], scenes_of: Sequence[tuple[int, ...]]) -> NDArray[np.bool_]:
    """<bool>[n] whether the likeliest scene but none, of a posterior <float32>[n, 21], is one of a text's."""
    felt = posterior.copy()
    felt[:, SCENES.index(NO_SCENE)] = 0
    return np.array([told in scenes for told, scenes in zip(felt.argmax(axis=1), scenes_of, strict=True)])


def distress_figures(
    told: NDArray[np.float32], truth: Sequence[bool], comments: NDArray[np.float32]
) -> dict[str, float]:
    """How many texts of people in danger are recognised by the service, and how many others taken for such.

    Args:
        told: <float32>[n, 1] probabilities of the written sentences, half of them tempting look-alikes.
        truth: whether each of them speaks of self-harm or suicide.
        comments: <float32>[m, 1] probabilities of GoEmotions' dev comments, hardly any of which does.
    """
    alarm, due = told[:, 0] >= DISTRESS_THRESHOLD, np.array(truth)
    return {
        "recall": round(float(alarm[due].mean()), 4),
        "false_alarms_on_look_alikes": round(float(alarm[~due].mean()), 4),
        "false_alarms_on_comments": round(float((comments >= DISTRESS_THRESHOLD).mean()), 5),
    }


def emotion_truth(labels: Sequence[tuple[int, ...]]) -> NDArray[np.bool_]:
    """<bool>[n, 28] emotions that annotators gave."""
    return membership(labels, np.arange(len(EMOTIONS.names)), len(EMOTIONS.names))


def _cross_fitted_f1(scores: NDArray[np.float32], truth: NDArray[np.bool_], seed: int) -> float:
    answered = cross_fitted_answers(scores, truth, _CROSS_FITS, seed)
    return round(float(macro_f1(answered, truth, np.ones((1, len(truth)), np.float32))[0]), 6)
