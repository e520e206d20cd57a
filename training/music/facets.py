"""Facets, traits and VAD of a clip, learned from what musicians said of 2,663 clips of `bal_train`.

Facets and traits go by the captions' words, VAD by what was judged of the captions read whole. Facets that
learned from judgements too told all clips apart better (AUC .84 as judged, not .79), but not the nearest ten:
opera and chant came before sad music.

Logistic regressions, and a ridge regression for VAD, on the mean frame (with the deviation of the frames
beside it for traits): small networks and kernels heard no more than these in cross-validation.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge

from ambiance.affect import FACETS, MOODS
from ambiance.placement.evidence import FACET_OF_MOOD
from training.data.audioset import FEATURES, FRAMES, Clips, dequantize
from training.data.errors import DataError
from training.music.caption_judgements import Judged
from training.music.caption_words import Said
from training.music.features import mean_frames
from training.music.mood_rows import MoodRows

FOLDS = 5  # of the cross-validation behind calibration and quality

# AudioSet's mood rows teach the facets that moods name as well, beside the captions.
_MOOD_ROW_WEIGHT = 3.0  # of a mood row beside a caption's 1: its annotators were asked for that very word
_FACET_PENALTY, _TRAIT_PENALTY = 0.001, 0.001  # C, chosen by cross-validation
_RIDGE_PENALTY = 1000.0
_MAX_ITERATIONS = 500


@dataclass(frozen=True)
class CaptionedClips:
    """Columns over n captioned clips."""

    clip_ids: NDArray[np.str_]  # [n]
    youtube_ids: NDArray[np.str_]  # [n]
    frames: NDArray[np.uint8]  # [n, 10, 128] quantised VGGish features
    frame_counts: NDArray[np.int32]  # [n]
    said: Said  # by the captions' words
    judged: Judged  # of the captions, read whole

    def __len__(self) -> int:
        return len(self.clip_ids)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "CaptionedClips":
        """Clips by index, or by mask."""
        said = Said(*(column[rows] for column in vars(self.said).values()))
        judged = Judged(*(column[rows] for column in vars(self.judged).values()))
        ids = (self.clip_ids[rows], self.youtube_ids[rows])
        return CaptionedClips(*ids, self.frames[rows], self.frame_counts[rows], said, judged)


def join_captions(
    clips: Clips, places: Sequence[tuple[str, int]], said: Said, judged: Judged
) -> CaptionedClips:
    """Clips and what is told of them, by YouTube id and the whole second that a clip starts in.

    Raises:
        DataError: if a captioned clip isn't among the clips.
    """
    starts = clips.start_seconds.astype(np.int64).tolist()
    at = {place: row for row, place in enumerate(zip(clips.youtube_ids, starts, strict=True))}
    if missing := [f"{name}@{start}" for name, start in places if (name, start) not in at]:
        raise DataError(f"captions: {missing[0]} and {len(missing) - 1} more are no clips of this split")
    found = clips.take([at[place] for place in places])
    ids = (np.array(found.clip_ids), np.array(found.youtube_ids))
    return CaptionedClips(*ids, found.frames, found.frame_counts, said, judged)


@dataclass(frozen=True)
class Linear:
    """rows <float32>[n, inputs] @ weights + bias."""

    weights: NDArray[np.float32]  # [inputs, outputs]
    bias: NDArray[np.float32]  # [outputs]

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """<float32>[n, outputs]."""
        result: NDArray[np.float32] = rows @ self.weights + self.bias
        return result

    def rescaled(self, slopes: NDArray[np.float64], shifts: NDArray[np.float64]) -> "Linear":
        """The same, times a slope and moved, output by output."""
        return Linear(
            (self.weights * slopes).astype(np.float32), (self.bias * slopes + shifts).astype(np.float32)
        )


class FacetModel(tf.Module):
    """Facets and traits as probabilities, and VAD in [0, 1], in the graph."""

    def __init__(self, facets: Linear, traits: Linear, vad: Linear) -> None:
        """Take maps to log-odds of facets, from the mean; of traits, from mean and deviation; and to VAD."""
        super().__init__()
        self._parts = {
            name: (tf.Variable(part.weights), tf.Variable(part.bias))
            for name, part in {"facets": facets, "traits": traits, "vad": vad}.items()
        }

    @property
    def parameter_count(self) -> int:
        """Trained numbers."""
        return sum(int(tf.size(variable)) for part in self._parts.values() for variable in part)

    def __call__(self, frames: tf.Tensor, frame_counts: tf.Tensor) -> dict[str, tf.Tensor]:
        """`facets` [n, 12], `traits` and `vad` [n, 3] of frames <uint8>[n, 10, 128], counts <int32>[n]."""
        mean, deviation = frame_moments(frames, frame_counts)
        both = tf.concat([mean, deviation], axis=1)
        logits = {
            name: (both if name == "traits" else mean) @ weights + bias
            for name, (weights, bias) in self._parts.items()
        }
        return {
            "facets": tf.sigmoid(logits["facets"]),
            "traits": tf.sigmoid(logits["traits"]),
            "vad": tf.clip_by_value(logits["vad"], 0.0, 1.0),
        }


def frame_moments(frames: tf.Tensor, frame_counts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and standard deviation <float32>[n, 128] over the frames that each clip really has."""
    features = tf.cast(frames, tf.float32) * (4 / 255) - 2
    heard = tf.cast(tf.range(FRAMES) < frame_counts[:, None], tf.float32)[:, :, None]
    counts = tf.cast(frame_counts[:, None], tf.float32)
    mean = tf.reduce_sum(features * heard, axis=1) / counts
    squares = tf.reduce_sum(tf.square((features - mean[:, None, :]) * heard), axis=1) / counts
    return mean, tf.sqrt(squares)


def fit_facets(clips: CaptionedClips, rows: MoodRows) -> FacetModel:
    """Learn all captioned clips and mood rows, calibrated on predictions across folds of the clips.

    Raises:
        DataError: if a facet or trait is said of no clip.
    """
    facets, traits, vad = _fit(clips, rows)
    calibration = _calibrate(_across_folds(clips, rows, clips), clips)
    return FacetModel(
        facets.rescaled(*calibration.facets),
        traits.rescaled(*calibration.traits),
        vad.rescaled(*calibration.vad),
    )


class Asked(Protocol):
    """Columns over n clips that are to be heard by models that haven't learned them."""

    @property
    def frames(self) -> NDArray[np.uint8]:
        """<uint8>[n, 10, 128] quantised VGGish features."""

    @property
    def frame_counts(self) -> NDArray[np.int32]:
        """<int32>[n] frames that each really has."""

    @property
    def youtube_ids(self) -> NDArray[np.str_]:
        """<str>[n] their videos."""


@dataclass(frozen=True)
class FacetsAcrossFolds:
    """Columns over n clips, each as a model hears it that learned neither it nor its video."""

    facets: NDArray[np.float64]  # [n, 12] log-odds
    traits: NDArray[np.float64]  # [n, 3] log-odds
    vad: NDArray[np.float64]  # [n, 3]


def facets_across_folds(clips: CaptionedClips, rows: MoodRows, asked: Asked) -> FacetsAcrossFolds:
    """What the released model's recipe hears in clips without having learned them, calibrated."""
    captioned = _across_folds(clips, rows, clips)
    calibration = _calibrate(captioned, clips)
    heard = captioned if asked is clips else _across_folds(clips, rows, asked)
    facets, traits, vad = (
        values * slopes + shifts
        for values, (slopes, shifts) in zip(vars(heard).values(), vars(calibration).values(), strict=True)
    )
    return FacetsAcrossFolds(facets, traits, np.clip(vad, 0, 1))


def fold_of_video(youtube_ids: NDArray[np.str_]) -> NDArray[np.int64]:
    """<int64>[n] fold of each clip: all clips of a video share one."""
    return np.array([zlib.crc32(name.encode()) % FOLDS for name in youtube_ids.tolist()])


def moments(frames: NDArray[np.uint8], frame_counts: NDArray[np.int32]) -> NDArray[np.float32]:
    """<float32>[n, 256] mean and deviation, as `frame_moments` has them."""
    mean = mean_frames(frames, frame_counts)
    heard = (np.arange(FRAMES) < frame_counts[:, None])[:, :, None]
    squares = (np.square(dequantize(frames) - mean[:, None]) * heard).sum(axis=1) / frame_counts[:, None]
    return np.concatenate([mean, np.sqrt(squares)], axis=1).astype(np.float32)


def _across_folds(clips: CaptionedClips, rows: MoodRows, asked: Asked) -> FacetsAcrossFolds:
    """Not yet calibrated."""
    fold, fold_of_clip = fold_of_video(asked.youtube_ids), fold_of_video(clips.youtube_ids)
    fold_of_row = fold_of_video(rows.youtube_ids)
    inputs = moments(asked.frames, asked.frame_counts)
    mean = inputs[:, :FEATURES]
    widths = (len(FACETS), clips.said.traits.shape[1], 3)
    facets, traits, vad = (np.empty((len(inputs), width)) for width in widths)
    for held_out in range(FOLDS):
        at = fold == held_out
        models = _fit(clips.take(fold_of_clip != held_out), rows.take(fold_of_row != held_out))
        facets[at], traits[at], vad[at] = models[0](mean[at]), models[1](inputs[at]), models[2](mean[at])
    return FacetsAcrossFolds(facets, traits, vad)


def _fit(clips: CaptionedClips, rows: MoodRows) -> tuple[Linear, Linear, Linear]:
    """Log-odds of facets and of traits, not yet calibrated, and VAD."""
    both = moments(clips.frames, clips.frame_counts)
    mean = both[:, :FEATURES]
    row_means = mean_frames(rows.frames, rows.frame_counts)
    facets = []
    for column, facet in enumerate(FACETS):
        inputs, truth, weights = mean, clips.said.facets[:, column], np.ones(len(mean))
        moods = [MOODS.names.index(mood) for mood, named in FACET_OF_MOOD.items() if named == facet]
        if moods:
            inputs = np.concatenate([inputs, row_means])
            truth = np.concatenate([truth, np.isin(rows.moods, moods)])
            weights = np.concatenate([weights, np.full(len(rows), _MOOD_ROW_WEIGHT)])
        facets.append(_regress(inputs, truth, weights, _FACET_PENALTY, facet))
    traits = [
        _regress(both, truth, np.ones(len(both)), _TRAIT_PENALTY, f"trait {column}")
        for column, truth in enumerate(clips.said.traits.T)
    ]
    return _side_by_side(facets), _side_by_side(traits), _regress_vad(mean, clips.judged.vad)


def _regress(
    inputs: NDArray[np.float32],
    truth: NDArray[np.bool_],
    weights: NDArray[np.float64],
    inverse_penalty: float,
    name: str,
) -> Linear:
    if truth.all() or not truth.any():
        raise DataError(f"captions: {name} is said of {'every' if truth.all() else 'no'} clip")
    centre, scale = inputs.mean(axis=0), inputs.std(axis=0) + np.float32(1e-6)
    model = LogisticRegression(C=inverse_penalty, class_weight="balanced", max_iter=_MAX_ITERATIONS)
    model.fit((inputs - centre) / scale, truth, weights)
    slope = model.coef_.T / scale[:, None]
    return Linear(slope.astype(np.float32), (model.intercept_ - centre @ slope).astype(np.float32))


def _regress_vad(inputs: NDArray[np.float32], vad: NDArray[np.float32]) -> Linear:
    centre, scale = inputs.mean(axis=0), inputs.std(axis=0) + np.float32(1e-6)
    model = Ridge(alpha=_RIDGE_PENALTY).fit((inputs - centre) / scale, vad)
    slope = model.coef_.T / scale[:, None]
    return Linear(slope.astype(np.float32), (model.intercept_ - centre @ slope).astype(np.float32))


def _side_by_side(parts: list[Linear]) -> Linear:
    return Linear(
        np.concatenate([part.weights for part in parts], axis=1),
        np.concatenate([part.bias for part in parts]),
    )


Slopes = tuple[NDArray[np.float64], NDArray[np.float64]]  # slope and shift of each output


@dataclass(frozen=True)
class _Calibration:
    """What turns the outputs of models into what they are to mean."""

    facets: Slopes
    traits: Slopes
    vad: Slopes


def _calibrate(across: FacetsAcrossFolds, clips: CaptionedClips) -> _Calibration:
    return _Calibration(
        _platt(across.facets, clips.said.facets),
        _platt(across.traits, clips.said.traits),
        _unshrunk(across.vad, clips.judged.vad),
    )


def _platt(logits: NDArray[np.float64], truth: NDArray[np.bool_]) -> Slopes:
    """What makes probabilities of log-odds that were learned with classes balanced (Platt, 1999)."""
    models = [
        LogisticRegression(C=np.inf).fit(column[:, None], said)
        for column, said in zip(logits.T, truth.T, strict=True)
    ]
    return np.array([m.coef_[0, 0] for m in models]), np.array([m.intercept_[0] for m in models])


def _unshrunk(predicted: NDArray[np.float64], told: NDArray[np.float32]) -> Slopes:
    """What gives predictions the mean and deviation of what they predict: the ridge draws them together."""
    slopes = told.std(axis=0) / predicted.std(axis=0)
    return slopes, told.mean(axis=0) - predicted.mean(axis=0) * slopes
