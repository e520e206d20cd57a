"""What mood posteriors are worth, measured on rows that the model hasn't heard."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import MOOD_GROUPS
from training.evaluate.calibration import likeliest_reliability
from training.evaluate.metrics import ClassCounts, count_answers
from training.evaluate.readings import GROUP_OF_MOOD, count_moods
from training.music.encode import EncodedClips


def mood_quality(clips: EncodedClips, moods: NDArray[np.int64]) -> dict[str, Any]:
    """Figures of held-out rows as JSON holds them, against their moods <int64>[n]."""
    truth = np.eye(clips.moods.shape[1], dtype=bool)[moods]
    own = clips.moods[np.arange(len(moods)), moods]
    calibration = likeliest_reliability(clips.moods, truth)
    return count_groups(clips.moods, moods).summary() | {
        "seven_mood_accuracy": round(float((clips.moods.argmax(axis=1) == moods).mean()), 6),
        "negative_log_likelihood": round(float(-np.log(np.maximum(own, 1e-9)).mean()), 6),
        "expected_calibration_error": round(calibration.expected_calibration_error, 6),
        "nearest_vad": count_moods(clips.vad, moods).summary(),
    }


def count_groups(posterior: NDArray[np.float32], moods: NDArray[np.int64]) -> ClassCounts:
    """The likeliest of the five groups of moods by a posterior <float32>[n, 7], against moods <int64>[n]."""
    lumped = np.eye(len(MOOD_GROUPS), dtype=np.float32)[GROUP_OF_MOOD]
    truth = np.eye(len(MOOD_GROUPS), dtype=bool)[GROUP_OF_MOOD[moods]]
    return count_answers((posterior @ lumped).argmax(axis=1), truth, list(MOOD_GROUPS))
