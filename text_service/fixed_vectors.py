"""The vectors of "mood" that a text encoder carries for texts that aren't answered by their own."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import MOOD_SPACE
from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from ambiance.fixed_queries import FALLBACK_FILE, GENTLE_FILE

SPACE_FOLDER = "space"


@dataclass(frozen=True)
class FixedVectors:
    """One vector <float32>[dimension of "mood"] for all texts of a kind."""

    fallback: NDArray[np.float32]  # for texts of too little evidence
    gentle: NDArray[np.float32]  # for texts that speak of self-harm or suicide


def load_fixed_vectors(artifact: Artifact) -> FixedVectors:
    """Read both of a text encoder.

    Raises:
        ArtifactError: if one is missing, or isn't of finite numbers, as many as the space has dimensions.
    """
    dimension = artifact.space(MOOD_SPACE).dimension
    files = (artifact.file(f"{SPACE_FOLDER}/{name}") for name in (FALLBACK_FILE, GENTLE_FILE))
    return FixedVectors(*(_read(file, dimension) for file in files))


def _read(file: Path, dimension: int) -> NDArray[np.float32]:
    try:
        vector = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ArtifactError(f"{file}: {error}") from error
    if not isinstance(vector, np.ndarray):
        raise ArtifactError(f"{file}: is an archive of arrays")
    if vector.dtype != np.float32 or vector.shape != (dimension,):
        raise ArtifactError(f"{file}: needs float32[{dimension}], has {vector.dtype}{list(vector.shape)}")
    if not np.isfinite(vector).all():
        raise ArtifactError(f"{file}: holds a number that isn't finite")
    return vector
