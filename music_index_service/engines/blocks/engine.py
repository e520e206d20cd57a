"""Passes by the blocks in which nothing can be near enough; FAISS compares the query with what is left.

That finds the same rows as a comparison with every vector, at the same distances, to the bit.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.index_format.blocks import WIDTH
from music_index_service.engines.blocks.candidates import BlockArrays, Blocks
from music_index_service.engines.blocks.checks import load_blocks
from music_index_service.engines.faiss_engine import FaissEngine
from music_index_service.engines.faiss_knn import nearest
from music_index_service.engines.port import Neighbors
from music_index_service.filtering.row_set import RowSet

# Share of the vectors up to which bounds may spare work: to rank most of them, all are compared.
_MOST_BOUNDED = 0.05


class BlockEngine(FaissEngine):
    """Searches a folder of blocks, which is mapped."""

    def __init__(self, arrays: BlockArrays, blocks: Blocks, space: Space) -> None:
        super().__init__(space)
        self._arrays, self._blocks = arrays, blocks

    @classmethod
    def read(cls, folder: Path, space: Space) -> "BlockEngine":
        """Map a folder of blocks and check it against what the manifest says it holds.

        Raises:
            ArtifactError: naming the file and what is wrong with it.
        """
        return cls(*load_blocks(folder, space), space)

    @property
    def size(self) -> int:
        """See VectorEngine."""
        return len(self._arrays.places)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See VectorEngine."""
        leaves, columns = np.divmod(self._arrays.places[rows], WIDTH)
        return self._arrays.vectors[leaves, :-1, columns]

    def expected_query(self) -> NDArray[np.float32]:
        """See VectorEngine."""
        return self._blocks.expected_query()

    def _search(self, queries: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors:
        found = [self._search_one(queries[at : at + 1], k, within) for at in range(len(queries))]
        return found[0] if len(found) == 1 else _joined(found)

    def _search_one(self, query: NDArray[np.float32], k: int, within: RowSet | None) -> Neighbors:
        subset = None
        if within is not None:
            subset = within.kept((self, "places"), lambda: self._blocks.subset(within.rows))
        few = k <= _MOST_BOUNDED * (self.size if within is None else len(within))
        places = self._blocks.candidates(query[0], k, subset) if few else None
        if places is None:
            return self._scan(query, k, within)
        rows = self._arrays.rows[places]
        order = rows.argsort()
        leaves, columns = places
        return nearest(query, self._arrays.vectors[leaves[order], :-1, columns[order]], rows[order], k)


def _joined(found: list[Neighbors]) -> Neighbors:
    distances, rows = zip(*found, strict=True)
    return np.concatenate(distances), np.concatenate(rows)
