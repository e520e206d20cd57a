"""The methods `triplet` and `continuous`: a space learned from pairs of texts and clips.

After the three-branch metric learning of Won et al. (2021, "Emotion Embedding Spaces for Matching Music to
Stories") and the continuous similarity of Zhao et al. (2020, "Emotion-Based End-to-End Matching Between
Image and Music in Valence-Arousal Space"), on the posteriors and features that are at hand here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, MOOD_GROUPS, MOODS
from training.evaluate.metrics import membership
from training.evaluate.readings import GROUP_OF_MOOD, group_of_emotion
from training.music.features import mean_frames
from training.music.mood_rows import load_mood_rows
from training.regression.fitting import seed_everything
from training.regression.targets import mean_vad
from training.space.losses import Loss, Pairs
from training.space.methods import HeardClips, Parameters, ReadTexts

DIMENSION = 16

_HIDDEN = 64  # units of the text branch
_STEPS, _BATCH, _LEARNING_RATE = 800, 128, 3e-3
_CLOSENESS_SIGMA = 0.25  # of the kernel that turns distances in VAD into cosines to be learned
_SPLIT = "bal_train"  # whose mood rows are heard

# Inputs: logarithms of posteriors, shrunk to the scale of the rest.
_LOG_FLOOR, _LOG_SCALE = 1e-4, 1 / 3


@dataclass(frozen=True)
class Learned:
    """Both sides on one sphere by networks that learned from pairs; nearer is a better answer. No prices."""

    loss: Loss

    dimension = DIMENSION
    similarity_components = DIMENSION
    needs_mean_frames = True

    def fit(self, texts: ReadTexts, data_dir: Path, seed: int) -> Parameters:
        """Learn both branches from the texts and from AudioSet's mood rows.

        What is measured on those rows afterwards is measured on what was learned from.
        """
        rows = load_mood_rows(data_dir, _SPLIT)
        heard = mean_frames(rows.frames, rows.frame_counts)
        return fit_branches(self.loss, texts, heard, rows.moods, seed)

    def query(self, parameters: Parameters, emotions: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        """The text branch, on the posterior alone."""
        weights = {name: tf.constant(array) for name, array in parameters.items()}
        logs = tf.math.log(emotions + _LOG_FLOOR) * _LOG_SCALE
        hidden = tf.nn.relu(logs @ weights["text_hidden"] + weights["text_hidden_bias"])
        return tf.math.l2_normalize(hidden @ weights["text_output"] + weights["text_output_bias"], axis=1)

    def place(
        self, parameters: Parameters, clips: HeardClips, queries: NDArray[np.float32], seed: int
    ) -> NDArray[np.float32]:
        """The clip branch, on the mean frames."""
        standard = (clips.mean_frames - parameters["clip_mean"]) / parameters["clip_deviation"]
        placed = standard @ parameters["clip_output"] + parameters["clip_output_bias"]
        lengths = np.linalg.norm(placed, axis=1, keepdims=True)
        unit: NDArray[np.float32] = placed / np.maximum(lengths, np.float32(1e-6))
        return unit


def fit_branches(
    loss: Loss, texts: ReadTexts, heard: NDArray[np.float32], moods: NDArray[np.int64], seed: int
) -> Parameters:
    """Learn a text branch and a clip branch from mean frames <float32>[rows, 128] of moods <int64>[rows]."""
    seed_everything(seed)
    mean, deviation = heard.mean(axis=0), heard.std() + np.float32(1e-6)
    standard = (heard - mean) / deviation
    text_inputs = np.log(texts.emotions + np.float32(_LOG_FLOOR)) * np.float32(_LOG_SCALE)
    text_branch, clip_branch = _branch(len(EMOTIONS.names), _HIDDEN, 0.1), _branch(heard.shape[1], 0, 0.3)
    draw_pairs = _pair_maker(texts, moods)
    anchors = tf.Variable(tf.random.normal((len(MOOD_GROUPS), DIMENSION), seed=seed))
    step = _descent(loss, text_branch, clip_branch, anchors)
    draw = np.random.default_rng(seed)
    for _ in range(_STEPS):
        at_texts, at_clips = draw.integers(0, len(text_inputs), _BATCH), draw.integers(0, len(moods), _BATCH)
        step(text_inputs[at_texts], standard[at_clips], draw_pairs(at_texts, at_clips))
    names = ("text_hidden", "text_hidden_bias", "text_output", "text_output_bias")
    clip_names = ("clip_output", "clip_output_bias")
    return {
        **dict(zip(names, text_branch.get_weights(), strict=True)),
        **dict(zip(clip_names, clip_branch.get_weights(), strict=True)),
        "clip_mean": mean,
        "clip_deviation": np.array([deviation], np.float32),
    }


def _branch(features: int, hidden: int, dropout: float) -> keras.Model:
    """<float32>[n, features] -> unit <float32>[n, DIMENSION]; the linear branch is held tighter."""
    penalty = keras.regularizers.L2(1e-4 if hidden else 3e-3)
    inputs = keras.Input((features,))
    layer = keras.layers.Dropout(dropout)(inputs)
    if hidden:
        layer = keras.layers.Dense(hidden, activation="relu", kernel_regularizer=penalty)(layer)
    layer = keras.layers.Dense(DIMENSION, kernel_regularizer=penalty)(layer)
    return keras.Model(inputs, keras.layers.UnitNormalization()(layer))


def _pair_maker(
    texts: ReadTexts, moods: NDArray[np.int64]
) -> Callable[[NDArray[np.int64], NDArray[np.int64]], Pairs]:
    """Make the pairs of texts and clips at given rows, all with all."""
    groups = membership(texts.labels, group_of_emotion(), len(MOOD_GROUPS)).astype(np.float32)
    text_vad, clip_groups = mean_vad(texts.labels, EMOTIONS), np.eye(len(MOOD_GROUPS), dtype=np.float32)

    def pairs(at_texts: NDArray[np.int64], at_clips: NDArray[np.int64]) -> Pairs:
        group_of_clip = GROUP_OF_MOOD[moods[at_clips]]
        distances = MOODS.squared_distances(text_vad[at_texts])[:, moods[at_clips]]
        closeness = 2 * np.exp(distances / (-2 * _CLOSENESS_SIGMA**2)) - 1
        columns = (
            groups[at_texts],
            clip_groups[group_of_clip],
            groups[at_texts][:, group_of_clip],
            closeness,
        )
        return Pairs(*(tf.constant(column, tf.float32) for column in columns))

    return pairs


def _descent(
    loss: Loss, text_branch: keras.Model, clip_branch: keras.Model, anchors: tf.Variable
) -> Callable[[NDArray[np.float32], NDArray[np.float32], Pairs], None]:
    """One step of Adam on both branches and the anchors, compiled."""
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, _STEPS))
    weights = [*text_branch.trainable_variables, *clip_branch.trainable_variables]

    @tf.function
    def descend(text_inputs: tf.Tensor, clip_inputs: tf.Tensor, *columns: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            texts = text_branch(text_inputs, training=True)
            clips = clip_branch(clip_inputs, training=True)
            unit_anchors = tf.math.l2_normalize(anchors, axis=1)
            total = loss(texts, clips, unit_anchors, Pairs(*columns))
            total += tf.add_n(text_branch.losses + clip_branch.losses)
        used = [*(variable.value for variable in weights), anchors]
        gradients = tape.gradient(total, used, unconnected_gradients="zero")
        optimizer.apply_gradients(zip(gradients, [*weights, anchors], strict=True))

    def step(text_inputs: NDArray[np.float32], clip_inputs: NDArray[np.float32], pairs: Pairs) -> None:
        descend(tf.constant(text_inputs), tf.constant(clip_inputs), *vars(pairs).values())

    return step
