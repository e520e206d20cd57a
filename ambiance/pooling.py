"""Pools a model's outputs for a text's windows into those of the text, in serving and in evaluation."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import NO_SCENE, SCENES
from ambiance.tokenizer import Encoding

EMOTIONS_OUTPUT = "emotions"  # the model's output <float32>[windows, 28], a posterior
SCENES_OUTPUT = "scenes"  # the output that weighs windows: <float32>[windows, 21], a posterior
DISTRESS_OUTPUT = "distress"  # <float32>[windows, 1], a probability

# The least weight of a window that tells of nothing felt: a text may have no other window.
_LEAST_FEELING = 1e-3

_NONE = SCENES.index(NO_SCENE)


def pool(
    outputs: Mapping[str, NDArray[np.float32]], encodings: Sequence[Encoding]
) -> dict[str, NDArray[np.float32]]:
    """Pool the outputs <float32>[windows, k] of all texts' windows into outputs <float32>[texts, k].

    Distress is the largest of a text's windows: one cry for help among pages of small talk is one. All else
    is the mean over windows. A window weighs its tokens times the probability that it tells of something
    felt, the same for every output, so that flat sentences drown one strong emotion less. A text of one
    window gets that window's outputs to the bit.

    Args:
        outputs: by name, `scenes` and `distress` among them; rows in the order of the texts and of their
            windows.
        encodings: the texts, each of at least one window.
    """
    scenes, distress = outputs[SCENES_OUTPUT], outputs[DISTRESS_OUTPUT]
    if len(scenes) == len(encodings):
        return dict(outputs)
    pooled = weighted_means(outputs, window_weights(scenes, encodings), encodings)
    pooled[DISTRESS_OUTPUT] = np.maximum.reduceat(distress, _first_windows(encodings), axis=0)
    return pooled


def weighted_means(
    outputs: Mapping[str, NDArray[np.float32]], weights: NDArray[np.float64], encodings: Sequence[Encoding]
) -> dict[str, NDArray[np.float32]]:
    """Means over each text's windows of outputs <float32>[windows, k], by weights <float64>[windows] > 0."""
    firsts = _first_windows(encodings)
    totals = np.add.reduceat(weights, firsts)[:, None]
    return {
        name: (np.add.reduceat(rows * weights[:, None], firsts, axis=0) / totals).astype(np.float32)
        for name, rows in outputs.items()
    }


def window_weights(scenes: NDArray[np.float32], encodings: Sequence[Encoding]) -> NDArray[np.float64]:
    """<float64>[windows] weight of each window: its tokens x (1 - P(none of the scenes)), above zero."""
    tokens = np.count_nonzero(np.concatenate([encoding.windows for encoding in encodings]), axis=1)
    feeling = np.maximum(1 - scenes[:, _NONE].astype(np.float64), _LEAST_FEELING)
    return np.maximum(tokens, 1) * feeling


def _first_windows(encodings: Sequence[Encoding]) -> NDArray[np.int64]:
    """<int64>[texts] the row of each text's first window."""
    return np.cumsum([0, *(len(encoding.windows) for encoding in encodings[:-1])], dtype=np.int64)
