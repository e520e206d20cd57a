"""What AudioSet published of VGGish's embeddings: principal components, whitened, in eight bits."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DIMENSION = 128
LOWEST, HIGHEST = -2.0, 2.0  # cut to these, then 0 to 255


@dataclass(frozen=True)
class Postprocessor:
    """The published transformation.

    Attributes:
        eigen_vectors: <float>[128, 128], a principal component in each row, scaled to whiten.
        means: <float>[128], subtracted before.
    """

    eigen_vectors: npt.NDArray[np.floating]
    means: npt.NDArray[np.floating]

    def __call__(self, embeddings: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
        """Bytes <uint8>[n, 128] of the network's embeddings <float>[n, 128]."""
        return quantized((embeddings - self.means) @ self.eigen_vectors.T)


def quantized(components: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Components cut to [-2, 2] as bytes: 0 to 255, rounded down as the publisher does."""
    cut = np.clip(components, LOWEST, HIGHEST)
    return ((cut - LOWEST) * (255.0 / (HIGHEST - LOWEST))).astype(np.uint8)
