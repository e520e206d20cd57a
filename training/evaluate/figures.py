"""All figures of a section as JSON holds them: the headline ones, and what stands behind them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EKMAN, EMOTIONS, MOOD_GROUPS, MOODS
from training.evaluate.acceptable import LISTENER, PROTOCOL, acceptable_moods
from training.evaluate.headline_figures import headline
from training.evaluate.split_predictions import Matching, SplitPredictions
from training.metrics.calibration import likeliest_reliability
from training.metrics.counts import confusion, count_answers, count_label_sets
from training.metrics.seed_protocol import GROUP_OF_MOOD


def text_figures(section: SplitPredictions) -> dict[str, Any]:
    """Of the text encoder: classes, confusion, calibration."""
    comments = section.comments
    ekman = count_answers(section.likeliest_ekman, comments.ekman_truth, list(EKMAN))
    return {
        "comments": len(comments.labels),
        "ekman": ekman.summary() | {"confusion": confusion(section.likeliest_ekman, comments.ekman_truth)},
        "ekman_thresholded": count_label_sets(section.ekman_answers, comments.ekman_truth, list(EKMAN)),
        "emotions_thresholded": count_label_sets(
            section.emotion_answers, comments.emotion_truth, EMOTIONS.names
        ),
        "reliability": likeliest_reliability(comments.emotions, comments.emotion_truth).summary(),
    }


def music_figures(section: SplitPredictions) -> dict[str, Any]:
    """Of the music encoder: classes, confusion, calibration."""
    rows = section.rows
    answers = rows.groups.argmax(axis=1)
    truth = np.eye(len(MOODS.names), dtype=bool)[rows.moods]
    return {
        "mood_rows": len(rows.moods),
        "groups": count_answers(answers, rows.group_truth, list(MOOD_GROUPS)).summary()
        | {"confusion": confusion(answers, rows.group_truth)},
        "moods": count_answers(rows.posterior.argmax(axis=1), truth, MOODS.names).summary(),
        "reliability": likeliest_reliability(rows.posterior, truth).summary(),
    }


def connection_figures(matching: Matching) -> dict[str, Any]:
    """Of comments answered with mood rows, in the mood space."""
    rows, hits = matching.rows, matching.hits
    groups = GROUP_OF_MOOD[rows.moods]
    truth = matching.comments.group_truth
    answers = groups[hits[:, 0]]
    halves = [count_answers(groups[half], truth, list(MOOD_GROUPS)) for half in matching.half_answers.T]
    return {
        "nearest": count_answers(answers, truth, list(MOOD_GROUPS)).summary()
        | {"confusion": confusion(answers, truth)},
        "half_library_micro_deviation": _rounded(np.std([half.micro_precision for half in halves])),
        "half_library_macro_deviation": _rounded(np.std([half.macro_precision for half in halves])),
        "precision_at_k": _precisions_at_k(matching),
        "ceilings": ceilings(matching),
        "mood_clips": usage_figures(hits, len(rows.moods)),
    }


def library_figures(section: SplitPredictions) -> dict[str, Any]:
    """Of comments answered with the released library, whose moods nobody knows."""
    return usage_figures(section.library_hits, len(section.library))


def section_figures(section: SplitPredictions) -> dict[str, Any]:
    """Every figure of a section, without intervals, as JSON holds it."""
    return {
        "headline": headline(section),
        "text": text_figures(section),
        "music": music_figures(section),
        "connection": connection_figures(section.matching),
        "library": library_figures(section),
    }


def usage_figures(hits: NDArray[np.int64], clips: int) -> dict[str, Any]:
    """How evenly answers <int64>[n, 10] fall on so many clips.

    `hubness` is the skewness of how often a clip is among the ten (Radovanović et al., 2010): 0 if as many
    clips are above the mean as below, large if a few clips are in most answers.
    """
    first = np.bincount(hits[:, 0], minlength=clips) / len(hits)
    often = np.bincount(hits.ravel(), minlength=clips)
    spread = (often - often.mean()) / max(often.std(), np.finfo(float).tiny)
    return {
        "clips": clips,
        "largest_share": _rounded(first.max()),
        "coverage_at_1": _rounded(np.mean(first > 0)),
        "coverage_at_10": _rounded(np.mean(often > 0)),
        "hubness": _rounded(np.mean(spread**3)),
    }


def ceilings(matching: Matching) -> dict[str, float]:
    """What connection could reach if one of the two encoders knew everything.

    `moods_known`: each text answered by music that is of its likeliest group beyond doubt. `texts_known`:
    the ten clips likeliest to be of the text's own group (its first, if it has several), as the music
    encoder hears them.
    """
    comments, rows = matching.comments, matching.rows
    texts = count_answers(comments.groups.argmax(axis=1), comments.group_truth, list(MOOD_GROUPS))
    surest = np.argsort(-rows.groups, axis=0, kind="stable")[: matching.hits.shape[1]]  # [10, 5]
    right = np.mean(GROUP_OF_MOOD[rows.moods][surest] == np.arange(len(MOOD_GROUPS)), axis=0)
    own = comments.group_truth.argmax(axis=1)
    return {
        "moods_known_micro_precision": _rounded(texts.micro_precision),
        "moods_known_macro_precision": _rounded(texts.macro_precision),
        "texts_known_precision_at_10": _rounded(right[own].mean()),
        "texts_known_precision_at_10_without_neutral": _rounded(right[own[comments.felt]].mean()),
    }


def _precisions_at_k(matching: Matching) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, table in (("protocol", PROTOCOL), ("listener", LISTENER)):
        right, felt = matching.right_hits(table), matching.comments.felt
        chance = acceptable_moods(matching.comments.labels, table)[:, matching.rows.moods].mean(axis=1)
        figures[name] = {
            "all": _at_k(right) | {"chance": _rounded(chance.mean())},
            "without_neutral": _at_k(right[felt]) | {"chance": _rounded(chance[felt].mean())},
        }
    return figures


def _at_k(right: NDArray[np.bool_]) -> dict[str, float]:
    return {str(k): _rounded(right[:, :k].mean()) for k in (1, 5, 10)}


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 6)
