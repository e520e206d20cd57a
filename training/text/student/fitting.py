"""The training loop of the student: answers to all that lessons tell, and the teacher's features."""

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from ambiance.tokenizer import PAD_ID, UNKNOWN_ID
from training.data.lessons import DISTRESS, EMOTION, SCENE, VAD
from training.text.student.batches import TokenIds, pad, shuffled_batches
from training.text.student.config import FitConfig
from training.text.student.network import EMBEDDING, LOGITS, Student

_AVERAGED_SHARE = 0.15  # of the steps: the span of the moving average that becomes the network


@dataclass(frozen=True)
class Examples:
    """Columns over n texts."""

    token_ids: TokenIds
    targets: NDArray[np.float32]  # [n, WIDTH] columns as lessons have them; scenes are shares that sum to 1
    weights: NDArray[np.float32]  # [n, WIDTH] 0 where a target isn't known
    features: NDArray[np.float32]  # [n, embedding width] that the embedding is to match
    feature_weights: NDArray[np.float32]  # [n] 0 for a text without features

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Phase:
    """One descent, from warm-up to standstill."""

    steps: int  # batches
    learning_rate: float  # highest


def fit(
    student: Student,
    examples: Examples,
    phase: Phase,
    config: FitConfig,
    rng: np.random.Generator,
    verbose: bool,
) -> None:
    """Train in place; afterwards the weights are a moving average of those it passed through."""
    descent = _Descent(student, phase, config)
    with tqdm(total=phase.steps, unit=" steps", disable=None if verbose else True) as bar:
        for batch in _batches(examples, phase.steps, config.batch_size, rng):
            token_ids = _drop_tokens(
                pad([examples.token_ids[row] for row in batch]), config.token_dropout, rng
            )
            columns = (examples.targets, examples.weights, examples.features, examples.feature_weights)
            descent.step(tf.constant(token_ids), *(tf.constant(column[batch]) for column in columns))
            bar.update()
    descent.finish()


def _batches(
    examples: Examples, steps: int, batch_size: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    lengths = np.array([len(text) for text in examples.token_ids])
    left = steps
    while left:
        for batch in shuffled_batches(lengths, batch_size, rng):
            yield batch
            left -= 1
            if not left:
                return


def _drop_tokens(token_ids: NDArray[np.int32], share: float, rng: np.random.Generator) -> NDArray[np.int32]:
    dropped = (rng.random(token_ids.shape) < share) & (token_ids != PAD_ID)
    return np.where(dropped, np.int32(UNKNOWN_ID), token_ids)


class _Descent:
    """The student's weights on their way down; those that it inherited move more slowly than the rest."""

    def __init__(self, student: Student, phase: Phase, config: FitConfig) -> None:
        self._student, self._config = student, config
        self._inherited = student.inherited
        inherited = set(map(id, self._inherited))
        self._fresh = [variable for variable in student.trainable_variables if id(variable) not in inherited]
        slow, settings = phase.learning_rate * config.inherited_learning_rate, _settings(phase)
        self._of_inherited = keras.optimizers.Adam(_schedule(phase, config, slow), **settings)
        self._of_fresh = keras.optimizers.AdamW(
            _schedule(phase, config, phase.learning_rate), config.weight_decay, **settings
        )
        self._of_fresh.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self._of_inherited.build(self._inherited)
        self._of_fresh.build(self._fresh)

    @tf.function(reduce_retracing=True)
    def step(
        self,
        token_ids: tf.Tensor,
        targets: tf.Tensor,
        weights: tf.Tensor,
        features: tf.Tensor,
        feature_weights: tf.Tensor,
    ) -> None:
        """One batch: token ids <int32>[n, tokens] and the columns of `Examples`."""
        with tf.GradientTape() as tape:
            outputs = self._student(token_ids, training=True)
            distance = tf.reduce_mean(tf.square(outputs[EMBEDDING] - features), axis=1)
            told = answers_loss(outputs[LOGITS], targets, weights, self._config)
            loss = tf.reduce_mean(told + self._config.embedding_weight * feature_weights * distance)
        fresh, inherited = tape.gradient(loss, [self._fresh, self._inherited])
        self._of_fresh.apply(fresh, self._fresh)
        self._of_inherited.apply(inherited, self._inherited)

    def finish(self) -> None:
        """Put the moving average of the weights in their place."""
        self._of_fresh.finalize_variable_values(self._fresh)
        self._of_inherited.finalize_variable_values(self._inherited)


def answers_loss(logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, config: FitConfig) -> tf.Tensor:
    """<float32>[n] what logits <float32>[n, WIDTH] miss of what is known of each text."""
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits) * weights
    scenes = tf.nn.softmax_cross_entropy_with_logits(targets[:, SCENE], logits[:, SCENE])
    errors = tf.square(tf.sigmoid(logits[:, VAD]) - targets[:, VAD]) * weights[:, VAD]
    return (
        tf.reduce_sum(entropy[:, EMOTION], axis=1)
        + config.scene_weight * scenes * weights[:, SCENE.start]
        + config.vad_weight * tf.reduce_mean(errors, axis=1)
        + config.distress_weight * tf.reduce_sum(entropy[:, DISTRESS], axis=1)
    )


def _schedule(
    phase: Phase, config: FitConfig, highest: float
) -> keras.optimizers.schedules.LearningRateSchedule:
    """From 0 up in a straight line, then down to 0 along a cosine."""
    warm_up = max(1, round(phase.steps * config.warm_up))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, phase.steps - warm_up), warmup_target=highest, warmup_steps=warm_up
    )


def _settings(phase: Phase) -> dict[str, float | bool]:
    momentum = max(0.0, 1 - 1 / (_AVERAGED_SHARE * phase.steps))
    return {"beta_2": 0.99, "global_clipnorm": 2.0, "use_ema": True, "ema_momentum": momentum}
