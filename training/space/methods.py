"""The methods by which a mood space is made, behind one interface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.music.encode import EncodedClips

Parameters = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class ReadTexts:
    """Columns over n texts of known emotion, as a trained text network reads them."""

    emotions: NDArray[np.float32]  # [n, 28] posterior
    embedding: NDArray[np.float32]  # [n, e]
    labels: Sequence[tuple[int, ...]]  # indices into affect.EMOTIONS.names


@dataclass(frozen=True)
class HeardClips:
    """Columns over n clips, as a music encoder hears them."""

    encoded: EncodedClips
    mean_frames: NDArray[np.float32] | None  # [n, 128], for a method that needs them

    def __len__(self) -> int:
        return len(self.encoded)


class Method(Protocol):
    """One way to bring texts and clips into one space of squared L2 distance. It holds no state."""

    dimension: int
    similarity_components: int  # the first so many hold the affinity; match probability is read off them
    needs_mean_frames: bool  # whether `place` reads them

    def fit(self, texts: ReadTexts, data_dir: Path, seed: int) -> Parameters:
        """Learn the parameters, named arrays.

        Raises:
            DataError: if the method needs data that is missing or damaged.
        """

    def query(self, parameters: Parameters, emotions: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        """<float32>[n, dimension] of texts, from posterior <float32>[n, 28] and embedding <float32>[n, e]."""

    def place(
        self, parameters: Parameters, clips: HeardClips, queries: NDArray[np.float32], seed: int
    ) -> NDArray[np.float32]:
        """<float32>[n, dimension] of clips, given what reference texts ask, <float32>[m, dimension]."""
