"""Exact nearest neighbours among the vectors of one space; the only importer of faiss in this service.

A small index is compared with every vector, roughly if that is faster. A large one is in blocks, most of
which are passed by because nothing in them can be near enough. FAISS compares the query with what is left: it
finds the same rows at the same distances, to the bit.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from music_index_service.block_checks import load_blocks
from music_index_service.blocks import WIDTH, BlockArrays, Blocks
from music_index_service.row_copies import RowCopy
from music_index_service.row_set import RowSet

# Up to so many vectors FAISS compares one and all, as fast as anything could. Up to so many more a copy is
# kept, and they are compared roughly at first.
_MAX_COMPARED, _MAX_COPIED = 4_000, 150_000

_SCANNED_AT_ONCE = 1 << 18  # vectors, where all are compared: bounds memory

Neighbors = tuple[NDArray[np.float32], NDArray[np.int64]]


class VectorIndex(ABC):
    """Searches row vectors by squared Euclidean distance. Any number of threads may search at once."""

    def __init__(self, space: Space) -> None:
        self.space = space
        # For a large batch FAISS would switch to |x|^2 + |y|^2 - 2xy, which rounds differently. The setting
        # is the whole process's.
        faiss.cvar.distance_compute_blas_threshold = np.iinfo(np.int32).max

    @staticmethod
    def load(path: Path, space: Space) -> "VectorIndex":
        """Read a FAISS file or a folder of blocks and check it against what the manifest says it holds.

        Raises:
            ArtifactError: if it isn't an index for exact L2 search of that dimension over finite vectors.
        """
        if space.metric != "squared_l2":
            raise ArtifactError(f"{path}: needs the metric squared_l2, the manifest says {space.metric}")
        return BlockIndex.read(path, space) if path.is_dir() else FlatIndex.read(path, space)

    @abstractmethod
    def __len__(self) -> int:
        """Vectors held."""

    @abstractmethod
    def vectors_at(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """<float32>[..., dimension] copies of the vectors of rows <int64>[...]."""

    def expected_query(self) -> NDArray[np.float32]:
        """<float32>[1, dimension] a query of the kind that is answered fast."""
        return self.vectors_at(np.zeros(1, np.int64))

    @abstractmethod
    def _search(self, queries: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors: ...

    def search(self, queries: NDArray[np.float32], k: int, within: RowSet | None = None) -> Neighbors:
        """Find the k nearest rows of each query <float32>[n, dimension], k at least 1.

        Components are finite and small enough for their squares to fit float32. Returns squared distances
        <float32>[n, min(k, rows)], nearest first, and rows <int64> of the same shape. Of equal distances the
        smaller row comes first, and stays when k cuts between them. A query's result doesn't depend on the
        others in its batch.

        Args:
            queries: in this space.
            k: neighbours of each.
            within: the rows that are searched; all if None.
        """
        # On several threads FAISS computes a lone query as a large batch is, see above. Their number belongs
        # to the calling thread, so it is set at each call; that takes less than a microsecond.
        faiss.omp_set_num_threads(1)
        if within is None:
            return self._search(queries, min(k, len(self)), None)
        k = min(k, len(within))
        if len(within) > _MAX_COPIED:
            return self._search(queries, k, within)
        if len(within) > _MAX_COMPARED:
            copy = within.kept((self, "copy"), lambda: RowCopy(self.vectors_at(within.rows)))
            return _one_by_one(queries, lambda query: _nearest_in_copy(copy, query, within.rows, k))
        vectors = within.kept((self, "vectors"), lambda: self.vectors_at(within.rows))
        return _nearest(queries, vectors, within.rows, k)


class FlatIndex(VectorIndex):
    """Compares a query with every vector: roughly at first where that is faster."""

    def __init__(self, index: faiss.IndexFlat, space: Space) -> None:
        """Take an index of finite vectors of a space."""
        super().__init__(space)
        self._index = index
        self._vectors = _vectors_of(index)
        self._copy = RowCopy(self._vectors) if _MAX_COMPARED < len(self._vectors) <= _MAX_COPIED else None

    @classmethod
    def read(cls, path: Path, space: Space) -> "FlatIndex":
        """Read a FAISS file; raises as `load`."""
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

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def vectors_at(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._vectors[rows]

    def _search(self, queries: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors:
        copy = self._copy
        if within is None and copy is not None:
            return _one_by_one(queries, lambda query: self._search_copy(copy, query, k))
        if within is None:
            distances, rows = self._index.search(queries, k)
            return distances, rows
        return _nearest_of_many(self, queries, within.rows, k)

    def _search_copy(self, copy: RowCopy, query: NDArray[np.float32], k: int) -> Neighbors:
        rows = copy.candidates(query[0], k)
        return _nearest(query, self._vectors.take(rows, axis=0), rows, k)


class BlockIndex(VectorIndex):
    """Passes by the blocks in which nothing can be near enough."""

    def __init__(self, arrays: BlockArrays, blocks: Blocks, space: Space) -> None:
        super().__init__(space)
        self._arrays, self._blocks = arrays, blocks

    @classmethod
    def read(cls, folder: Path, space: Space) -> "BlockIndex":
        """Map a folder of blocks; raises as `load`."""
        return cls(*load_blocks(folder, space), space)

    def __len__(self) -> int:
        return len(self._arrays.places)

    def expected_query(self) -> NDArray[np.float32]:
        query = self._blocks.expected_query()
        return query if query is not None else super().expected_query()

    def vectors_at(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        leaves, columns = np.divmod(self._arrays.places[rows], WIDTH)
        return self._arrays.vectors[leaves, :-1, columns]

    def _search(self, queries: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors:
        return _one_by_one(queries, lambda query: self._search_one(query, k, within))

    def _search_one(self, query: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors:
        subset = None
        if within is not None:
            subset = within.kept((self, "places"), lambda: self._blocks.subset(within.rows))
        places = self._blocks.candidates(query[0], k, subset)
        if places is None:
            return _nearest_of_many(self, query, None if within is None else within.rows, k)
        rows = self._arrays.rows[places]
        order = rows.argsort()
        leaves, columns = places
        return _nearest(query, self._arrays.vectors[leaves[order], :-1, columns[order]], rows[order], k)


def _vectors_of(index: faiss.IndexFlat) -> NDArray[np.float32]:
    """<float32>[n, dimension] a view of what an index holds."""
    vectors: NDArray[np.float32] = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d)
    return vectors.reshape(-1, index.d)


def _one_by_one(
    queries: NDArray[np.float32], search: Callable[[NDArray[np.float32]], Neighbors]
) -> Neighbors:
    """What a search finds for each query <float32>[1, dimension]."""
    if len(queries) == 1:
        return search(queries)
    distances, rows = zip(*(search(queries[at : at + 1]) for at in range(len(queries))), strict=True)
    return np.concatenate(distances), np.concatenate(rows)


def _nearest_in_copy(copy: RowCopy, query: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> Neighbors:
    """The k nearest of a copy of the vectors of these rows."""
    numbers = copy.candidates(query[0], k)
    return _nearest(query, copy.vectors_at(numbers), rows[numbers], k)


def _nearest(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], rows: NDArray[np.integer], k: int
) -> Neighbors:
    """The k nearest among vectors <float32>[m, dimension] of ascending rows <int>[m], k up to m."""
    if k == 0:
        return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    distances, at = faiss.knn(queries, vectors, k)
    return distances, rows[at].astype(np.int64, copy=False)


def _nearest_of_many(
    index: VectorIndex, queries: NDArray[np.float32], rows: NDArray[np.int64] | None, k: int
) -> Neighbors:
    """The same among given rows, or all, taken piece by piece."""
    found: Neighbors = np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    for start in range(0, len(index) if rows is None else len(rows), _SCANNED_AT_ONCE):
        stop = start + _SCANNED_AT_ONCE
        some = np.arange(start, min(stop, len(index))) if rows is None else rows[start:stop]
        nearest = _nearest(queries, index.vectors_at(some), some, min(k, len(some)))
        found = _merged(found, nearest, k)
    return found


def _merged(one: Neighbors, other: Neighbors, k: int) -> Neighbors:
    """The k nearest of both; the rows of one come before those of the other."""
    distances, rows = np.hstack([one[0], other[0]]), np.hstack([one[1], other[1]])
    order = distances.argsort(axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(rows, order, axis=1)
