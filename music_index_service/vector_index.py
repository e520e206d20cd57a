"""Exact nearest neighbours among the vectors of one space; the only importer of faiss in this service."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import ArtifactError


class VectorIndex:
    """Searches row vectors by squared Euclidean distance. Any number of threads may search at once."""

    def __init__(self, index: faiss.IndexFlat, space: Space) -> None:
        """Take an index of finite vectors of a space."""
        self._index, self.space = index, space
        # For a large batch FAISS would switch to |x|^2 + |y|^2 - 2xy, which rounds differently. The setting
        # is the whole process's.
        faiss.cvar.distance_compute_blas_threshold = np.iinfo(np.int32).max

    @classmethod
    def load(cls, path: Path, space: Space) -> "VectorIndex":
        """Read a FAISS file and check it against the space that the manifest says it holds.

        Raises:
            ArtifactError: if it isn't an exhaustive L2 index of that dimension over finite vectors.
        """
        if space.metric != "squared_l2":
            raise ArtifactError(f"{path}: needs the metric squared_l2, the manifest says {space.metric}")
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise ArtifactError(f"{path}: not a FAISS index") from error
        # Graphs and lists of buckets are approximate; and of the exact ones, FAISS orders equal distances
        # by row for L2 only.
        if not isinstance(index, faiss.IndexFlat) or index.metric_type != faiss.METRIC_L2:
            raise ArtifactError(f"{path}: needs an IndexFlatL2, found {type(index).__name__}")
        if index.d != space.dimension:
            raise ArtifactError(f"{path}: dimension {index.d}, the manifest says {space.dimension}")
        loaded = cls(index, space)
        if not np.isfinite(loaded.vectors()).all():
            raise ArtifactError(f"{path}: holds a vector that isn't finite")
        return loaded

    def __len__(self) -> int:
        """Vectors held."""
        return int(self._index.ntotal)

    def vectors(self) -> NDArray[np.float32]:
        """<float32>[rows, dimension] a copy of every vector."""
        return self._index.reconstruct_n(0, len(self))

    def search(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the k nearest rows of each query <float32>[n, dimension], k at least 1.

        Components are finite and small enough for their squares to fit float32. Returns squared distances
        <float32>[n, min(k, rows)], nearest first, and rows <int64> of the same shape. Of equal distances the
        smaller row comes first, and stays when k cuts between them. A query's result doesn't depend on the
        others in its batch.
        """
        # On several threads FAISS computes a lone query as a large batch is, see above. Their number belongs
        # to the calling thread, so it is set at each call; that takes less than a microsecond.
        faiss.omp_set_num_threads(1)
        distances, rows = self._index.search(queries, min(k, len(self)))
        return distances, rows
