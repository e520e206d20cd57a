"""The linear recipe: multinomial logistic regression on a clip's mean frame, its posterior calibrated."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from ambiance.affect import MOODS
from training.data.audioset import FRAMES
from training.data.errors import DataError
from training.music.config import MusicConfig
from training.music.features import mean_frames
from training.music.folds import assign_folds
from training.music.mood_rows import MoodRows

_MAX_ITERATIONS = 1000
_LOG_TEMPERATURES = (-3.0, 3.0)  # searched


class LinearMoods(tf.Module):
    """Posterior over the moods, softmax(mean frame x weights + bias)."""

    def __init__(self, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        """`weights` <float32>[128, 7] and `bias` <float32>[7], as they apply to dequantised features."""
        super().__init__()
        self.weights = tf.Variable(weights)
        self.bias = tf.Variable(bias)

    @property
    def parameter_count(self) -> int:
        """Trained numbers."""
        return int(tf.size(self.weights) + tf.size(self.bias))

    def __call__(self, frames: tf.Tensor, frame_counts: tf.Tensor) -> dict[str, tf.Tensor]:
        """`moods` <float32>[n, 7] of frames <uint8>[n, 10, 128], counts <int32>[n]."""
        return {"moods": tf.nn.softmax(mean_frame(frames, frame_counts) @ self.weights + self.bias)}


def mean_frame(frames: tf.Tensor, frame_counts: tf.Tensor) -> tf.Tensor:
    """<float32>[n, 128] as `features.mean_frames` has it, in the graph."""
    features = tf.cast(frames, tf.float32) * (4 / 255) - 2
    heard = tf.cast(tf.range(FRAMES) < frame_counts[:, None], tf.float32)
    counts = tf.cast(frame_counts[:, None], tf.float32)
    return tf.reduce_sum(features * heard[:, :, None], axis=1) / counts


def fit_linear(config: MusicConfig, rows: MoodRows, music: NDArray[np.float32]) -> LinearMoods:
    """Fit the regression on all rows, and the temperature on predictions across folds of them.

    Args:
        config: names folds, penalty and seed.
        rows: what is learned.
        music: <float32>[n, 128] mean frames of pieces of music of any mood; they set centre and scale.

    Raises:
        DataError: if a mood is on fewer clips than there are folds.
    """
    if absent := [name for mood, name in enumerate(MOODS.names) if mood not in rows.moods]:
        raise DataError(f"mood rows: none is of {', '.join(absent)}")
    centre = music.mean(axis=0)
    # One scale for all features: each on its own would blow up those that hardly vary.
    scale = np.sqrt(np.square(music - centre).mean())
    inputs = (mean_frames(rows.frames, rows.frame_counts) - centre) / scale
    temperature = _fit_temperature(_out_of_fold_logits(config, rows, inputs), rows.moods)
    model = _regress(config, inputs, rows.moods)
    weights = model.coef_.T / (scale * temperature)
    bias = model.intercept_ / temperature - centre @ weights
    return LinearMoods(weights.astype(np.float32), bias.astype(np.float32))


def _regress(
    config: MusicConfig, inputs: NDArray[np.float32], moods: NDArray[np.int64]
) -> LogisticRegression:
    return LogisticRegression(C=config.inverse_penalty, max_iter=_MAX_ITERATIONS).fit(inputs, moods)


def _out_of_fold_logits(
    config: MusicConfig, rows: MoodRows, inputs: NDArray[np.float32]
) -> NDArray[np.float64]:
    fold_of = assign_folds(rows, config.folds, config.seed)
    logits = np.empty((len(rows), len(MOODS.names)))
    for fold in range(config.folds):
        model = _regress(config, inputs[fold_of != fold], rows.moods[fold_of != fold])
        logits[fold_of == fold] = model.decision_function(inputs[fold_of == fold])
    return logits


def _fit_temperature(logits: NDArray[np.float64], moods: NDArray[np.int64]) -> float:
    """The divisor of logits <float64>[n, 7] that makes moods <int64>[n] likeliest."""

    def negative_log_likelihood(log_temperature: float) -> float:
        logs = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(logs[np.arange(len(moods)), moods].mean())

    return float(
        np.exp(minimize_scalar(negative_log_likelihood, bounds=_LOG_TEMPERATURES, method="bounded").x)
    )
