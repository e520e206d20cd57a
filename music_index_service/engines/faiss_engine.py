"""What the exact engines have in common, and FAISS does: among few rows they search copies of the vectors."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from music_index_service.engines.faiss_knn import compare_exactly, merged, nearest, use_one_thread
from music_index_service.engines.port import Neighbors
from music_index_service.filtering.row_set import RowSet

# Up to so many rows their vectors are copied together and compared one and all: whatever is laid out for all
# vectors is nearly empty of those that pass such a filter.
MAX_COPIED = 150_000

_SCANNED_AT_ONCE = 1 << 18  # vectors, where all are compared: bounds memory


class FaissEngine(ABC):
    """A `VectorEngine` but for where its vectors lie, and how it searches among all of them or many."""

    def __init__(self, space: Space) -> None:
        self._space = space
        compare_exactly()

    @property
    def space(self) -> Space:
        """See VectorEngine."""
        return self._space

    @property
    @abstractmethod
    def size(self) -> int:
        """See VectorEngine."""

    @abstractmethod
    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See VectorEngine."""

    def expected_query(self) -> NDArray[np.float32]:
        """See VectorEngine."""
        return self.vectors(np.zeros(1, np.int64))

    @abstractmethod
    def _search(self, queries: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors:
        """Search everything, or more than MAX_COPIED rows; k is at most their number."""

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        within: RowSet | None = None,
        limits: NDArray[np.float32] | None = None,
    ) -> Neighbors:
        """See VectorEngine. Of equal distances the smaller row also stays when k cuts between them."""
        use_one_thread()
        if within is None:
            return self._search(queries, min(k, self.size), None)
        k = min(k, len(within))
        if len(within) > MAX_COPIED:
            return self._search(queries, k, within)
        vectors = within.kept((self, "vectors"), lambda: self.vectors(within.rows))
        return nearest(queries, vectors, within.rows, k)

    def _scan(self, queries: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors:
        """The k nearest among given rows, or all, taken piece by piece."""
        rows = None if within is None else within.rows
        found: Neighbors = np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
        for start in range(0, self.size if rows is None else len(rows), _SCANNED_AT_ONCE):
            stop = start + _SCANNED_AT_ONCE
            some = np.arange(start, min(stop, self.size)) if rows is None else rows[start:stop]
            found = merged(found, nearest(queries, self.vectors(some), some, min(k, len(some))), k)
        return found
