"""From what a model says of a text's windows to one answer for the text, in serving and in evaluation."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS
from ambiance.tokenizer import Encoding

EMOTIONS_OUTPUT = "emotions"  # the model's output that weighs windows: <float32>[windows, 28], a posterior

# Keeps a window that is neutral beyond doubt from weighing nothing: a text may hold no other.
_LEAST_FEELING = 1e-3

_NEUTRAL = EMOTIONS.names.index("neutral")


def pool(
    outputs: Mapping[str, NDArray[np.float32]], encodings: Sequence[Encoding]
) -> dict[str, NDArray[np.float32]]:
    """Average the outputs <float32>[windows, k] of all texts' windows into outputs <float32>[texts, k].

    A window weighs its tokens times the probability that it isn't neutral, the same for every output, so
    that neutral sentences drown one strong emotion less. A text of one window gets that window's
    outputs to the bit.

    Args:
        outputs: by name, `emotions` among them; rows in the order of the texts and of their windows.
        encodings: the texts, each of at least one window.
    """
    if len(outputs[EMOTIONS_OUTPUT]) == len(encodings):
        return dict(outputs)
    return weighted_means(outputs, window_weights(outputs[EMOTIONS_OUTPUT], encodings), encodings)


def weighted_means(
    outputs: Mapping[str, NDArray[np.float32]], weights: NDArray[np.float64], encodings: Sequence[Encoding]
) -> dict[str, NDArray[np.float32]]:
    """Means over each text's windows of outputs <float32>[windows, k], by weights <float64>[windows] > 0."""
    firsts = np.cumsum([0, *(len(encoding.windows) for encoding in encodings[:-1])])
    totals = np.add.reduceat(weights, firsts)[:, None]
    return {
        name: (np.add.reduceat(rows * weights[:, None], firsts, axis=0) / totals).astype(np.float32)
        for name, rows in outputs.items()
    }


def window_weights(emotions: NDArray[np.float32], encodings: Sequence[Encoding]) -> NDArray[np.float64]:
    """<float64>[windows] weight of each window: its tokens x (1 - P(neutral)), above zero."""
    tokens = np.count_nonzero(np.concatenate([encoding.windows for encoding in encodings]), axis=1)
    feeling = np.maximum(1 - emotions[:, _NEUTRAL].astype(np.float64), _LEAST_FEELING)
    return np.maximum(tokens, 1) * feeling
