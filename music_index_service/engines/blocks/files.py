"""A folder of blocks, mapped into memory and checked: what training lays out and `blocks` searches."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from ambiance.index_format.blocks import ARRAYS, BRANCH, GROUP, LEAVES, WIDTH, array_file
from music_index_service.engines.blocks.bounds import Bounds, Level
from music_index_service.engines.blocks.candidates import BlockArrays


class BlockFiles:
    """The arrays of a folder, each of the type and shape that follow from the space and the count of rows."""

    def __init__(self, folder: Path, space: Space) -> None:
        self.folder, self.dimension = folder, space.dimension
        places = self._map("places", (None,))
        self.count, self.branches = len(places), -(-len(places) // BRANCH)
        leaves = self.branches * LEAVES
        rows = self._map("rows", (leaves, WIDTH))
        vectors = self._map("vectors", (leaves, self.dimension + 1, WIDTH))
        self.arrays = BlockArrays(vectors, rows, places)
        if not array_file(folder, "axes").exists():
            raise ArtifactError(f"{folder}: laid out for another version of the service; make the index anew")
        axes = self.dimension + 1
        self.axes = self._map("axes", (axes, axes))
        self.landmarks = self._map("landmarks", (None, axes))
        self.above, self.leaves = self._level("branch", axes), self._level("leaf", axes)
        self.bounds = Bounds(self.axes, self.landmarks, self.above, self.leaves)

    def _level(self, name: str, axes: int) -> Level:
        """The leaves of each branch, or the branches of each group."""
        groups, width = (self.branches, LEAVES) if name == "leaf" else (-(-self.branches // GROUP), GROUP)
        boxes = self._map(f"{name}_boxes", (groups, 2 * axes, width))
        excess = self._map(f"{name}_excess", (len(self.landmarks), groups, width))
        return Level(boxes, excess, self._map(f"{name}_scales", (groups, width)))

    def _map(self, name: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        path, kind = array_file(self.folder, name), ARRAYS[name]
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:  # EOFError: an empty file
            raise ArtifactError(f"{path}: not a readable array: {error}") from error
        fits = array.ndim == len(shape) and all(
            needed in (None, found) for needed, found in zip(shape, array.shape, strict=True)
        )
        if array.dtype != kind or not fits or 0 in array.shape or not array.flags.c_contiguous:
            needed = f"{np.dtype(kind)}[{', '.join('n' if n is None else str(n) for n in shape)}]"
            raise ArtifactError(f"{path}: needs {needed}, found {array.dtype}{list(array.shape)}")
        return np.asarray(array)  # a plain view: indexing a memmap takes twice as long
