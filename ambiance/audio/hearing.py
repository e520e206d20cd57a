"""VGGish's network with its published postprocessing, loaded once there is something to hear."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ambiance.audio.architecture import PUBLISHED, Architecture
from ambiance.audio.postprocessing import Postprocessor
from ambiance.audio.weights import missing, postprocessor, read_weights

_DIGEST_CHARACTERS = 16

Embed = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


class Hearing:
    """Turns examples <float32>[n, 96, 64] into VGGish's features <uint8>[n, 128]."""

    def __init__(self, weights: Path, architecture: Architecture = PUBLISHED) -> None:
        """Take the file of weights; loading it waits for the first call.

        Raises:
            ArtifactError: if there is no such file.
        """
        if not weights.is_file():
            raise missing(weights)
        self._path, self._architecture = weights, architecture

    @cached_property
    def digest(self) -> str:
        """The first digits of the file's SHA-256: other weights hear otherwise."""
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:_DIGEST_CHARACTERS]

    def __call__(self, examples: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """Hear examples.

        Raises:
            ArtifactError: if the weights can't be read.
        """
        network, process = self._loaded
        return process(network(examples))

    @cached_property
    def _loaded(self) -> tuple[Embed, Postprocessor]:
        from ambiance.audio.network import Vggish  # noqa: PLC0415  # TensorFlow takes seconds

        arrays = read_weights(self._path, self._architecture)
        return Vggish(arrays, self._architecture), postprocessor(arrays)
