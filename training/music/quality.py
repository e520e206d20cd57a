"""What moods and facets are worth, measured on clips that the model hasn't heard."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from ambiance.affect import FACETS, MOOD_GROUPS, TRAITS, VAD_AXES
from training.metrics.calibration import likeliest_reliability, reliability
from training.metrics.counts import ClassCounts, count_answers
from training.metrics.seed_protocol import GROUP_OF_MOOD
from training.music.facets import CaptionedClips, FacetsAcrossFolds


def mood_quality(posterior: NDArray[np.float32], moods: NDArray[np.int64]) -> dict[str, Any]:
    """Figures of held-out rows <float32>[n, 7] as JSON holds them, against their moods <int64>[n]."""
    truth = np.eye(posterior.shape[1], dtype=bool)[moods]
    own = posterior[np.arange(len(moods)), moods]
    calibration = likeliest_reliability(posterior, truth)
    return count_groups(posterior, moods).summary() | {
        "seven_mood_accuracy": round(float((posterior.argmax(axis=1) == moods).mean()), 6),
        "negative_log_likelihood": round(float(-np.log(np.maximum(own, 1e-9)).mean()), 6),
        "expected_calibration_error": round(calibration.expected_calibration_error, 6),
    }


def facet_quality(across: FacetsAcrossFolds, clips: CaptionedClips) -> dict[str, Any]:
    """Figures of captioned clips as models hear them that learned neither clip nor video.

    `auc`: how often a clip whose caption says a facet in words has the higher score, `judged_auc` one that
    was judged to have it; `lift`: average precision as a multiple of its share; `calibration_error` of
    the probability; of VAD the correlation with what was judged. Traits weren't judged.
    """
    correlations = [np.corrcoef(across.vad[:, i], clips.judged.vad[:, i])[0, 1] for i in range(len(VAD_AXES))]
    names = (*FACETS, *TRAITS)
    logits = np.concatenate([across.facets, across.traits], axis=1)
    said = np.concatenate([clips.said.facets, clips.said.traits], axis=1)
    judged = {
        name: _auc(*pair) for name, *pair in zip(FACETS, clips.judged.facets.T, across.facets.T, strict=True)
    }
    return {
        "facets": {
            name: _figures(column, due) | ({"judged_auc": judged[name]} if name in judged else {})
            for name, column, due in zip(names, logits.T, said.T, strict=True)
        },
        "vad": {axis: round(float(value), 4) for axis, value in zip(VAD_AXES, correlations, strict=True)},
    }


def _auc(due: NDArray[np.bool_], logits: NDArray[np.float64]) -> float:
    return round(float(roc_auc_score(due, logits)), 4)


def _figures(logits: NDArray[np.float64], due: NDArray[np.bool_]) -> dict[str, float]:
    error = reliability(1 / (1 + np.exp(-logits)), due).expected_calibration_error
    return {
        "auc": _auc(due, logits),
        "lift": round(float(average_precision_score(due, logits) / due.mean()), 4),
        "share": round(float(due.mean()), 4),
        "calibration_error": round(error, 4),
    }


def count_groups(posterior: NDArray[np.float32], moods: NDArray[np.int64]) -> ClassCounts:
    """The likeliest of the five groups of moods by a posterior <float32>[n, 7], against moods <int64>[n]."""
    lumped = np.eye(len(MOOD_GROUPS), dtype=np.float32)[GROUP_OF_MOOD]
    truth = np.eye(len(MOOD_GROUPS), dtype=bool)[GROUP_OF_MOOD[moods]]
    return count_answers((posterior @ lumped).argmax(axis=1), truth, list(MOOD_GROUPS))
