"""The VGGish network, which hears 128 numbers in each example: the only user of Keras."""

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from ambiance.audio.architecture import KERNEL, POOL, PUBLISHED, Architecture, group_names
from ambiance.audio.log_mel import EXAMPLE_FRAMES, MEL_BANDS
from ambiance.audio.weights import Arrays

# Keras runs on TensorFlow, whose start would fill the terminal.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras

BATCH = 32  # examples at once: one shape, so that TensorFlow traces once; its widest layer takes 50 MB


class Vggish:
    """The network with its weights."""

    def __init__(self, arrays: Arrays, architecture: Architecture = PUBLISHED) -> None:
        """Take the arrays of `weights.read_weights`, of the same architecture."""
        self._model = build(architecture)
        for name, _ in architecture.layers():
            self._model.get_layer(name).set_weights([arrays[f"{name}/weights"], arrays[f"{name}/biases"]])

    def __call__(self, examples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Embeddings <float32>[n, 128] of examples <float32>[n, 96, 64], before any activation."""
        count = len(examples)
        padded = np.concatenate([examples, np.zeros((-count % BATCH, *examples.shape[1:]), np.float32)])
        batches = [self._model.predict_on_batch(padded[i : i + BATCH]) for i in range(0, count, BATCH)]
        return np.concatenate(batches)[:count] if batches else np.empty((0, self.dimension), np.float32)

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        return int(self._model.output_shape[-1])


def build(architecture: Architecture = PUBLISHED) -> Any:
    """The published network with random weights, as a Keras model from [n, 96, 64] to [n, 128].

    Every layer ends in a ReLU but the last, as the publisher's code has it.
    """
    layers = keras.layers
    model = keras.Sequential(name="vggish")
    model.add(keras.Input((EXAMPLE_FRAMES, MEL_BANDS)))
    model.add(layers.Reshape((EXAMPLE_FRAMES, MEL_BANDS, 1)))
    for number, widths in enumerate(architecture.groups, start=1):
        for name, width in zip(group_names(f"conv{number}", len(widths)), widths, strict=True):
            model.add(layers.Conv2D(width, KERNEL, padding="same", activation="relu", name=name))
        model.add(layers.MaxPooling2D(POOL, padding="same", name=f"pool{number}"))
    model.add(layers.Flatten())
    for name in group_names("fc1", 2):
        model.add(layers.Dense(architecture.hidden, activation="relu", name=name))
    model.add(layers.Dense(architecture.embedding, name="fc2"))
    return model
