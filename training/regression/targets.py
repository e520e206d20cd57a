"""What a VAD model is trained towards: a point for each example, and how much that example weighs."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import LabelCoordinates
from training.data.errors import DataError

Labels = Sequence[tuple[int, ...]]  # label indices, at least one an example


def mean_vad(labels: Labels, coordinates: LabelCoordinates) -> NDArray[np.float32]:
    """<float32>[n, 3] mean of the coordinates of each example's labels."""
    return np.stack([coordinates.vad[list(row)].mean(axis=0) for row in labels])


def mean_weights(labels: Labels, label_weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[n] mean of the weights <float32>[labels] of each example's labels."""
    return np.array([label_weights[list(row)].mean() for row in labels], np.float32)


def inverse_frequency_weights(labels: Labels, names: Sequence[str]) -> NDArray[np.float32]:
    """<float32>[labels] one over how often each label is given, scaled to sum to 1.

    Raises:
        DataError: naming the labels that no example bears; their weight would be infinite.
    """
    seen = Counter(label for row in labels for label in row)
    if absent := [name for label, name in enumerate(names) if not seen[label]]:
        raise DataError(f"labels: no example bears {', '.join(absent)}, so they have no inverse frequency")
    counts = np.array([seen[label] for label in range(len(names))])
    weights: NDArray[np.float32] = (1 / counts / (1 / counts).sum()).astype(np.float32)
    return weights
