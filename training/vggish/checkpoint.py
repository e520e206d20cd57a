"""The publisher's checkpoint, of TensorFlow 1, and his principal components, as Ambiance's arrays."""

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ambiance.audio.architecture import PUBLISHED, Architecture
from ambiance.audio.weights import EIGEN_VECTORS, MEANS, check_arrays
from ambiance.errors import ArtifactError

_SCOPE = "vggish"


def published_name(layer: str) -> str:
    """What the checkpoint calls a layer: those of a group of several stand below the group."""
    group, _, number = layer.partition("_")
    return f"{_SCOPE}/{group}/{layer}" if number else f"{_SCOPE}/{layer}"


def convert(
    checkpoint: Path, components: Path, architecture: Architecture = PUBLISHED
) -> dict[str, npt.NDArray[np.float32]]:
    """Every array of the network and its postprocessing, under Ambiance's names.

    Raises:
        ArtifactError: in one sentence, if a file can't be read, or isn't what is published.
    """
    arrays = _network(checkpoint, architecture) | _components(components)
    check_arrays(f"{checkpoint.name} and {components.name}", arrays, architecture)
    return arrays


def _network(checkpoint: Path, architecture: Architecture) -> dict[str, npt.NDArray[np.float32]]:
    try:
        reader = tf.train.load_checkpoint(str(checkpoint))
        shapes = reader.get_variable_to_shape_map()
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise ArtifactError(f"{checkpoint}: can't be read as a checkpoint of TensorFlow ({error})") from error
    arrays: dict[str, npt.NDArray[np.float32]] = {}
    for layer, _ in architecture.layers():
        for part in ("weights", "biases"):
            name = f"{published_name(layer)}/{part}"
            if name not in shapes:
                raise ArtifactError(f"{checkpoint}: holds no variable {name}")
            try:
                arrays[f"{layer}/{part}"] = reader.get_tensor(name)
            except tf.errors.OpError as error:
                raise ArtifactError(f"{checkpoint}: {name} can't be read ({error})") from error
    return arrays


def _components(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {
                EIGEN_VECTORS: file[EIGEN_VECTORS].astype(np.float32),
                MEANS: file[MEANS].reshape(-1).astype(np.float32),  # published as a column in some copies
            }
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{path}: can't be read as the principal components ({error})") from error
