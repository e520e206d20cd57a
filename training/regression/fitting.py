"""The training loop of both jobs: weighted squared distance in VAD space, descended by Adam."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm


@dataclass(frozen=True)
class Examples:
    """Columns over n training examples."""

    inputs: Mapping[str, NDArray[Any]]  # model input -> [n, ...]
    targets: NDArray[np.float32]  # [n, 3] valence, arousal, dominance
    weights: NDArray[np.float32]  # [n]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to descend."""

    steps: int  # batches
    batch_size: int  # examples
    learning_rate: float  # of Adam


def use_one_core() -> None:
    """Keep TensorFlow to one thread, so that runs side by side don't get in each other's way.

    Call it before TensorFlow computes anything.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def seed_everything(seed: int) -> None:
    """Make initial weights, shuffling, noise and the order of every sum follow from the seed."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def squared_distance(target: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """<float32>[n] squared Euclidean distances between rows of two <float32>[n, 3]."""
    return tf.reduce_sum(tf.square(target - predicted), axis=-1)


def fit(model: keras.Model, examples: Examples, schedule: Schedule, verbose: bool = False) -> None:
    """Minimise the mean over each batch of weight x squared distance.

    Examples are shuffled anew whenever all were seen. The mean divides by the batch size, not by the
    sum of the weights, so a batch of light examples moves the model less.
    """
    dataset = tf.data.Dataset.from_tensor_slices((dict(examples.inputs), examples.targets, examples.weights))
    batches = dataset.shuffle(len(examples)).repeat().batch(schedule.batch_size).take(schedule.steps)
    model.compile(optimizer=keras.optimizers.Adam(schedule.learning_rate), loss=squared_distance)
    # tqdm shows a bar where a person looks on (`disable=None`), and leaves log files alone.
    with tqdm(total=schedule.steps, unit=" steps", disable=None if verbose else True) as bar:
        on_batch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update())
        model.fit(batches.prefetch(tf.data.AUTOTUNE), shuffle=False, verbose=0, callbacks=[on_batch])


def predict(model: keras.Model, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """<float32>[n, 3] the model's VAD for inputs of n rows."""
    predicted: NDArray[np.float32] = model.predict(dict(inputs), batch_size=512, verbose=0)
    return predicted
