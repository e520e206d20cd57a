"""Compares a query with every vector: exact, and fast while there are few."""

from functools import cached_property
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from music_index_service.engines.blocks.figures import figure_error, functional
from music_index_service.engines.faiss_engine import MAX_COPIED, FaissEngine
from music_index_service.engines.faiss_knn import nearest, use_one_thread
from music_index_service.engines.port import Neighbors
from music_index_service.filtering.row_set import RowSet

# Rows from which on a product tells sooner which of them are within a limit than FAISS ranks them.
_MANY = 2_000


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

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        within: RowSet | None = None,
        limits: NDArray[np.float32] | None = None,
    ) -> Neighbors:
        """See VectorEngine."""
        count = self.size if within is None else len(within)
        near = None
        if limits is not None and _MANY <= count <= MAX_COPIED:
            near = self._near(queries, self._everything if within is None else within, limits)
        if near is None:
            return super().search(queries, k, within)
        use_one_thread()
        return nearest(queries, self.vectors(near), near, min(k, len(near)))

    def _near(
        self, queries: NDArray[np.float32], among: RowSet, limits: NDArray[np.float32]
    ) -> NDArray[np.int64] | None:
        """The rows <int64>[n] that may lie within the limit of some query; None if figures can't tell."""
        errors = [figure_error(query, self._largest_square) for query in queries]
        if np.inf in errors:
            return None
        features = among.kept((self, "features"), lambda: _features(self.vectors(among.rows)))
        near = np.zeros(len(among), np.bool_)
        for query, limit, error in zip(queries, limits.tolist(), errors, strict=True):
            near |= functional(query) @ features <= limit - float(query.dot(query)) + error
        return among.rows[near.nonzero()[0]]

    @cached_property
    def _everything(self) -> RowSet:
        return RowSet(np.arange(self.size), self.size)

    @cached_property
    def _largest_square(self) -> float:
        """Squared length of the longest vector."""
        return float(np.square(self._vectors, dtype=np.float64).sum(axis=1).max(initial=0))

    def _search(self, queries: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors:
        if within is None:
            distances, rows = self._index.search(queries, k)
            return distances, rows
        return self._scan(queries, k, within)


def _features(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[d + 1, n] components and squared length: a query's functional times these are figures."""
    features = np.empty((vectors.shape[1] + 1, len(vectors)), np.float32)
    features[:-1] = vectors.T
    features[-1] = np.square(vectors, dtype=np.float64).sum(axis=1)
    return features


def _vectors_of(index: faiss.IndexFlat) -> NDArray[np.float32]:
    """<float32>[n, dimension] a view of what an index holds."""
    vectors: NDArray[np.float32] = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d)
    return vectors.reshape(-1, index.d)
