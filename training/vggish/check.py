"""Whether weights are the published ones: the publisher's own figures for a tone of 1 kHz."""

import math

import numpy as np
import numpy.typing as npt

from ambiance.audio.log_mel import SAMPLE_RATE, log_mel_examples
from ambiance.audio.network import Vggish
from ambiance.audio.weights import Arrays, postprocessor
from ambiance.errors import ArtifactError

# `vggish_smoke_test.py` in TensorFlow's model garden: mean and standard deviation over three seconds, and how
# far off they may be there. The first is next to nothing, so that rounding may move it by more than a share.
PUBLISHED_FIGURES = {
    "mean of the embeddings": 0.000657,
    "deviation of the embeddings": 0.343,
    "mean of the bytes": 126.0,
    "deviation of the bytes": 89.3,
}
TOLERANCE = 0.1
ABSOLUTE_TOLERANCE = 0.002


def figures(network: Vggish, arrays: Arrays) -> dict[str, float]:
    """Mean and standard deviation of what the network hears in three seconds of a full tone of 1 kHz."""
    embeddings = network(log_mel_examples(_tone()))
    heard = postprocessor(arrays)(embeddings)
    values = (embeddings.mean(), embeddings.std(), heard.mean(), heard.std())
    return dict(zip(PUBLISHED_FIGURES, map(float, values), strict=True))


def require_published(found: dict[str, float]) -> None:
    """Compare figures with the published ones.

    Raises:
        ArtifactError: naming the first that is further off than TOLERANCE of it, and both numbers.
    """
    for name, published in PUBLISHED_FIGURES.items():
        if not math.isclose(found[name], published, rel_tol=TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE):
            said = f"{name} for a tone of 1 kHz is {found[name]:.4g}, as published {published:g}"
            raise ArtifactError(f"these aren't VGGish's published weights: {said}")


def _tone() -> npt.NDArray[np.float64]:
    return np.sin(2 * np.pi * 1_000 * np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE)
