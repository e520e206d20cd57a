"""From a network's logits to what is served: a posterior over the emotions, and a point of VAD from it."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS

_LEAST = 1e-9  # of a sigmoid: keeps its logarithm finite

# How much of the emotions' frequencies is taken out of the posterior before VAD is read from it. Left in
# whole, every text leans to neutral; taken out whole, neutral texts are read as rare emotions.
_PRIOR_REMOVED = 0.5


def posterior(logits: tf.Tensor, temperature: float) -> tf.Tensor:
    """<float32>[n, 28] shares of the emotions' sigmoids, each to the power 1 / temperature; rows sum to 1.

    The network was trained to say of each emotion whether it is there. A comment of two emotions splits
    its posterior between them.
    """
    return tf.nn.softmax(tf.math.log(tf.sigmoid(logits) + _LEAST) / temperature)


@dataclass(frozen=True)
class Readout:
    """What was fitted after the network was trained."""

    temperature: float
    frequencies: NDArray[np.float32]  # [28] shares of the emotions in train

    def __call__(self, logits: tf.Tensor) -> dict[str, tf.Tensor]:
        """`emotions` <float32>[n, 28], a posterior, and `vad` <float32>[n, 3] in [0, 1]."""
        emotions = posterior(logits, self.temperature)
        evened = emotions / tf.constant(self.frequencies**_PRIOR_REMOVED)
        evened /= tf.reduce_sum(evened, axis=1, keepdims=True)
        return {"emotions": emotions, "vad": tf.matmul(evened, tf.constant(EMOTIONS.vad))}
