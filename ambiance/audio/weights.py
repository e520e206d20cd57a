"""VGGish's weights on disk: one .npz, which `make vggish` writes from what the publisher offers."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ambiance.audio.architecture import PUBLISHED, Architecture, Shape
from ambiance.audio.postprocessing import Postprocessor
from ambiance.errors import ArtifactError

DEFAULT_WEIGHTS = Path("data/vggish/vggish.npz")
REMEDY = "`make vggish` in a checkout downloads and converts them"
EIGEN_VECTORS, MEANS = "pca_eigen_vectors", "pca_means"  # as the publisher calls them

Arrays = Mapping[str, npt.NDArray[np.float32]]


def expected_shapes(architecture: Architecture = PUBLISHED) -> dict[str, Shape]:
    """Name and shape of every array in the file."""
    shapes: dict[str, Shape] = {}
    for name, shape in architecture.layers():
        shapes |= {f"{name}/weights": shape, f"{name}/biases": shape[-1:]}
    width = architecture.embedding
    return shapes | {EIGEN_VECTORS: (width, width), MEANS: (width,)}


def write_weights(path: Path, arrays: Arrays, architecture: Architecture = PUBLISHED) -> None:
    """Write the file whole or not at all.

    Raises:
        ArtifactError: naming an array that is missing, has another shape, or holds a NaN or an infinity.
    """
    check_arrays(str(path), arrays, architecture)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        named = {name: np.asarray(arrays[name], np.float32) for name in expected_shapes(architecture)}
        np.savez(file, allow_pickle=False, **named)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def read_weights(path: Path, architecture: Architecture = PUBLISHED) -> dict[str, npt.NDArray[np.float32]]:
    """Every array of the file, checked.

    Raises:
        ArtifactError: in one sentence, if there is no such file, or it is damaged or another's.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}  # the archive checks its CRC as it is read
    except FileNotFoundError:
        raise missing(path) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{path}: can't be read as VGGish's weights ({error}); {REMEDY}") from error
    check_arrays(str(path), arrays, architecture)
    return arrays


def missing(path: Path) -> ArtifactError:
    """What to say where there is no such file."""
    return ArtifactError(f"{path}: VGGish's weights aren't there; {REMEDY}")


def check_arrays(where: str, arrays: Arrays, architecture: Architecture = PUBLISHED) -> None:
    """Require every array, in its shape, finite.

    Raises:
        ArtifactError: naming the first that isn't so.
    """
    for name, shape in expected_shapes(architecture).items():
        if name not in arrays:
            raise ArtifactError(f"{where}: holds no {name}; {REMEDY}")
        if arrays[name].shape != shape:
            raise ArtifactError(f"{where}: {name} is {arrays[name].shape}, VGGish's is {shape}; {REMEDY}")
        if arrays[name].dtype.kind != "f" or not np.isfinite(arrays[name]).all():
            raise ArtifactError(f"{where}: {name} holds what isn't a finite number; {REMEDY}")


def postprocessor(arrays: Arrays) -> Postprocessor:
    """The published transformation of embeddings, from the arrays of a file."""
    return Postprocessor(arrays[EIGEN_VECTORS], arrays[MEANS])
