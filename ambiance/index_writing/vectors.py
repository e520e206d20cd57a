"""The vectors of a space on disk: a FAISS file while there are few, a folder of blocks for many."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance.errors import ArtifactError
from ambiance.index_format.vectors import BLOCKS_SUFFIX, FLAT_SUFFIX
from ambiance.index_writing.blocks import check_blocks, read_blocks, write_blocks

# A comparison with so many takes at most about 0.2 ms on one core.
MAX_FLAT = 40_000


def write_vectors(
    vectors: NDArray[np.float32], folder: Path, space: str, queries: NDArray[np.float32]
) -> Path:
    """Write <float32>[n, dimension], row i under number i, for exact search by squared L2 distance.

    Args:
        vectors: finite, n from 1.
        folder: of the index; the file or folder in it, whose path is returned, is named after the space.
        space: name of the space.
        queries: <float32>[m, dimension] like those to come, m from 1; the search of many vectors is fastest
            for such, and exact for any.
    """
    if len(vectors) > MAX_FLAT:
        path = folder / f"{space}{BLOCKS_SUFFIX}"
        write_blocks(vectors, queries, path)
        return path
    path = folder / f"{space}{FLAT_SUFFIX}"
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    faiss.write_index(index, str(path))
    return path


def read_vectors(folder: Path, space: str) -> NDArray[np.float32]:
    """<float32>[n, dimension] what `write_vectors` wrote for a space to the folder of an index.

    Raises:
        ArtifactError: if there is nothing of that space.
    """
    blocks, flat = folder / f"{space}{BLOCKS_SUFFIX}", folder / f"{space}{FLAT_SUFFIX}"
    if blocks.is_dir():
        return read_blocks(blocks)
    if not flat.is_file():
        raise ArtifactError(f"{folder}: holds no vectors of a space {space!r}")
    index = faiss.read_index(str(flat))
    vectors: NDArray[np.float32] = index.reconstruct_n(0, index.ntotal)
    return vectors


def check_vectors(vectors: NDArray[np.float32], path: Path, rows: NDArray[np.int64]) -> None:
    """Reopen what was written and compare: every vector, and that a search finds `rows`.

    Raises:
        ArtifactError: naming the first row that differs, or isn't finite, or that a search would miss.
    """
    if path.is_dir():
        check_blocks(vectors, path, rows)
    else:
        _check_flat(vectors, path, rows)


def _check_flat(vectors: NDArray[np.float32], path: Path, rows: NDArray[np.int64]) -> None:
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
