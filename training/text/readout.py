"""From a network's logits to what is served: posteriors over emotions and scenes, VAD, and distress."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ambiance.affect import EMOTIONS
from training.data.lessons import DISTRESS, EMOTION, SCENE, VAD
from training.text import trained

_LEAST = 1e-9  # of a sigmoid: keeps its logarithm finite

# What is left of neutral's share. Readers of a forum call three of four sentences of a story neutral; here it
# says that there is little to go by, and is the likeliest only where nothing else is likely at all.
NEUTRAL_LEFT = 0.1

_LEFT = np.where(np.array(EMOTIONS.names) == "neutral", NEUTRAL_LEFT, 1).astype(np.float32)


def posterior(logits: tf.Tensor, temperature: float) -> tf.Tensor:
    """<float32>[n, 28] shares of the emotions' sigmoids, each to the power 1 / temperature; rows sum to 1.

    The network was trained to say of each emotion whether it is there. A comment of two emotions splits
    its posterior between them. Of neutral, NEUTRAL_LEFT is left.
    """
    return tf.nn.softmax(tf.math.log(tf.sigmoid(logits) * _LEFT + _LEAST) / temperature)


@dataclass(frozen=True)
class Readout:
    """What was fitted after the network was trained."""

    temperature: float  # of the emotions

    def __call__(self, logits: tf.Tensor) -> dict[str, tf.Tensor]:
        """Outputs by their names in `trained`, from logits <float32>[n, WIDTH] as lessons have columns."""
        return {
            trained.EMOTIONS: posterior(logits[:, EMOTION], self.temperature),
            trained.SCENES: tf.nn.softmax(logits[:, SCENE]),
            trained.VAD: tf.sigmoid(logits[:, VAD]),
            trained.DISTRESS: tf.sigmoid(logits[:, DISTRESS]),
        }
