"""Compares a query with every vector: exact, and fast while there are few."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from music_index_service.engines.faiss_engine import FaissEngine
from music_index_service.engines.port import Neighbors
from music_index_service.filtering.row_set import RowSet


class FlatEngine(FaissEngine):
    """Searches an IndexFlatL2."""

    def __init__(self, index: faiss.IndexFlat, space: Space) -> None:
        """Take an index of finite vectors of a space."""
        super().__init__(space)
        self._index = index
        self._vectors = _vectors_of(index)

    @classmethod
    def read(cls, path: Path, space: Space) -> "FlatEngine":
        """Read a FAISS file and check it against what the manifest says it holds.

        Raises:
            ArtifactError: if it isn't an index for exact L2 search of that dimension over finite vectors.
        """
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
        if not np.isfinite(_vectors_of(index)).all():
            raise ArtifactError(f"{path}: holds a vector that isn't finite")
        return cls(index, space)

    @property
    def size(self) -> int:
        """See VectorEngine."""
        return int(self._index.ntotal)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See VectorEngine."""
        return self._vectors[rows]

    def _search(self, queries: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors:
        if within is None:
            distances, rows = self._index.search(queries, k)
            return distances, rows
        return self._scan(queries, k, within)


def _vectors_of(index: faiss.IndexFlat) -> NDArray[np.float32]:
    """<float32>[n, dimension] a view of what an index holds."""
    vectors: NDArray[np.float32] = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d)
    return vectors.reshape(-1, index.d)
