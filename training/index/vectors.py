"""The vectors of a space as a FAISS file, named after the space."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance.errors import ArtifactError


def write_vectors(vectors: NDArray[np.float32], path: Path) -> None:
    """Write <float32>[n, dimension] as an exhaustive squared-L2 index, row i under id i.

    Flat, because it is exact and answers within a millisecond up to about 100,000 clips.
    """
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    faiss.write_index(index, str(path))


def check_vectors(vectors: NDArray[np.float32], path: Path, rows: NDArray[np.int64]) -> None:
    """Reopen the file and compare: every vector, and that each of `rows` is its own nearest neighbour.

    Raises:
        ArtifactError: naming the first row that differs, or isn't finite.
    """
    index = faiss.read_index(str(path))
    if index.ntotal != len(vectors):
        raise ArtifactError(f"{path}: {index.ntotal} rows were read back, {len(vectors)} written")
    stored = index.reconstruct_n(0, index.ntotal)
    # NaN differs from itself, so it is caught here as well
    if differing := np.flatnonzero((stored != vectors).any(axis=1)).tolist():
        raise ArtifactError(f"{path}: row {differing[0]}: {stored[differing[0]]} was read back")
    # With more threads FAISS computes a lone query's distances as |x|^2 + |y|^2 - 2xy, which rounds.
    faiss.omp_set_num_threads(1)
    for row in rows.tolist():
        distances, ids = index.search(vectors[row : row + 1], 1)
        if distances[0, 0] != 0 or (vectors[ids[0, 0]] != vectors[row]).any():
            raise ArtifactError(f"{path}: row {row}: finds {ids[0, 0]} at {distances[0, 0]}, not itself")
