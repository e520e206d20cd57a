"""What finds nearest neighbours: the service asks a `VectorEngine`, and knows only `load` beside it."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Artifact, Space
from ambiance.errors import ArtifactError
from ambiance.index_format.vectors import BLOCKS_SUFFIX, FLAT_SUFFIX
from music_index_service.engines.blocks.engine import BlockEngine
from music_index_service.engines.faiss_flat import FlatEngine
from music_index_service.engines.port import Neighbors, VectorEngine

__all__ = ["Neighbors", "VectorEngine", "flat", "load", "vectors_path"]


def load(path: Path, space: Space) -> VectorEngine:
    """Read the vectors of a space, with the engine that they were written for.

    Raises:
        ArtifactError: if they aren't finite vectors of that space, for search by squared L2 distance.
    """
    if space.metric != "squared_l2":
        raise ArtifactError(f"{path}: needs the metric squared_l2, the manifest says {space.metric}")
    return BlockEngine.read(path, space) if path.is_dir() else FlatEngine.read(path, space)


def flat(vectors: NDArray[np.float32], space: Space) -> VectorEngine:
    """An engine over vectors <float32>[n, dimension] in memory: for up to some ten thousand."""
    index = faiss.IndexFlatL2(space.dimension)
    index.add(np.ascontiguousarray(vectors))
    return FlatEngine(index, space)


def vectors_path(artifact: Artifact, space: Space) -> Path:
    """Where the vectors of a space lie: in a folder of blocks, or in a FAISS file.

    Raises:
        ArtifactError: if the manifest lists neither.
    """
    blocks = f"{space.name}{BLOCKS_SUFFIX}"
    if any(entry.path.startswith(f"{blocks}/") for entry in artifact.manifest.files):
        return artifact.path / blocks
    return artifact.file(f"{space.name}{FLAT_SUFFIX}")
