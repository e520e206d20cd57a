"""The headline figures of a section and their intervals, from one definition on resampling weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluate.split_predictions import Matching, SplitPredictions
from training.metrics.bootstrap import RESAMPLES, interval, resample_counts
from training.metrics.seed_protocol import GROUP_OF_MOOD
from training.metrics.weighted_figures import (
    Weights,
    coverages,
    largest_shares,
    macro_f1,
    pair_precisions,
    precision_at_k,
    precisions,
)

_COMMENT_SEED, _CLIP_SEED = 1, 2  # of the resampling

Values = dict[str, NDArray[np.float64]]  # headline figure -> <float64>[b], one a sample


@dataclass(frozen=True)
class Draws:
    """How often each comment and each mood row counts, in each of b samples."""

    comments: Weights  # <float32>[b, comments]
    rows: Weights  # <float32>[b, mood rows]


def headline(section: SplitPredictions) -> dict[str, float]:
    """Each headline figure of a section."""
    return _single(_values(section, everything(section.matching)))


def headline_intervals(
    section: SplitPredictions, resamples: int = RESAMPLES
) -> dict[str, tuple[float, float]]:
    """The 95 % interval of each headline figure, with other comments and other clips."""
    draws = Draws(
        resample_counts(np.arange(len(section.comments.labels)), resamples, _COMMENT_SEED),
        resample_counts(section.rows.clip_of, resamples, _CLIP_SEED),
    )
    values, resampled = headline(section), _values(section, draws)
    return {name: interval(value, resampled[name]) for name, value in values.items()}


def everything(matching: Matching) -> Draws:
    """One sample, in which each comment and each mood row counts once."""
    comments, rows = len(matching.comments.labels), len(matching.rows.moods)
    return Draws(np.ones((1, comments), np.float32), np.ones((1, rows), np.float32))


def _values(section: SplitPredictions, draws: Draws) -> Values:
    comments, rows = section.comments, section.rows
    ekman = precisions(section.likeliest_ekman, comments.ekman_truth, draws.comments)
    music = precisions(rows.groups.argmax(axis=1), rows.group_truth, draws.rows)
    return {
        "ekman_macro_f1": macro_f1(section.ekman_answers, comments.ekman_truth, draws.comments),
        "emotion_macro_f1": macro_f1(section.emotion_answers, comments.emotion_truth, draws.comments),
        "ekman_micro_precision": ekman[0],
        "ekman_macro_precision": ekman[1],
        "music_micro_precision": music[0],
        "music_macro_precision": music[1],
        **_connection_values(section.matching, draws),
        "library_largest_share": largest_shares(section.library_hits[:, 0], draws.comments),
        "library_coverage_at_10": coverages(section.library_hits, len(section.library), draws.comments),
    }


def _connection_values(matching: Matching, draws: Draws) -> Values:
    comments, rows, felt = matching.comments, matching.rows, matching.comments.felt
    half = pair_precisions(
        matching.half_answers, GROUP_OF_MOOD[rows.moods], comments.group_truth, draws.comments, draws.rows
    )
    return {
        "half_library_micro_precision": half[0],
        "half_library_macro_precision": half[1],
        "precision_at_10_without_neutral": precision_at_k(
            matching.hits[felt], matching.right_hits()[felt], draws.comments[:, felt], draws.rows
        ),
        "mood_clips_largest_share": largest_shares(matching.hits[:, 0], draws.comments),
    }


def _single(values: Values) -> dict[str, float]:
    return {name: round(float(value[0]), 6) for name, value in values.items()}
