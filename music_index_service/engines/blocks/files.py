"""A folder of blocks, mapped into memory and checked: what training lays out and `blocks` searches."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from music_index_service.engines.blocks.bounds import (
    GROUP,
    LEAVES,
    Bounds,
    BoxBounds,
    LandmarkBounds,
    Level,
    RaisedLevel,
)
from music_index_service.engines.blocks.candidates import BRANCH, WIDTH, BlockArrays

_BOX_COMPONENTS = 4  # spaces of so many or fewer have boxes in their own components


class BlockFiles:
    """The arrays of a folder, each of the type and shape that follow from the space and the count of rows."""

    def __init__(self, folder: Path, space: Space) -> None:
        self.folder, self.dimension = folder, space.dimension
        places = self._map("places", np.int32, (None,))
        self.count, self.branches = len(places), -(-len(places) // BRANCH)
        leaves = self.branches * LEAVES
        rows = self._map("rows", np.int32, (leaves, WIDTH))
        vectors = self._map("vectors", np.float32, (leaves, self.dimension + 1, WIDTH))
        self.arrays = BlockArrays(vectors, rows, places)
        self.axes: NDArray[np.float64] | None = None
        self.landmarks = np.empty((0, self.dimension + 1), np.float32)
        self.above: Level
        self.leaves: Level
        boxed = self.dimension <= _BOX_COMPONENTS
        self.bounds: Bounds = self._box_bounds() if boxed else self._landmark_bounds()

    def _box_bounds(self) -> BoxBounds:
        self.above = Level(self._boxes("branch", self.dimension))
        self.leaves = Level(self._boxes("leaf", self.dimension))
        return BoxBounds(self.above, self.leaves)

    def _landmark_bounds(self) -> LandmarkBounds:
        axes = self.dimension + 1
        self.axes = self._map("axes", np.float64, (axes, axes))
        self.landmarks = self._map("landmarks", np.float32, (None, axes))
        self.above = above = self._raised("branch", axes)
        self.leaves = leaves = self._raised("leaf", axes)
        return LandmarkBounds(self.axes, self.landmarks, above, leaves)

    def _raised(self, name: str, axes: int) -> RaisedLevel:
        boxes = self._boxes(name, axes)
        groups, _, width = boxes.shape
        excess = self._map(f"{name}_excess", np.uint8, (len(self.landmarks), groups, width))
        return RaisedLevel(boxes, excess, self._map(f"{name}_scales", np.float32, (groups, width)))

    def _boxes(self, name: str, axes: int) -> NDArray[np.float32]:
        """Those of the leaves of each branch, or of the branches of each group."""
        groups, width = (self.branches, LEAVES) if name == "leaf" else (-(-self.branches // GROUP), GROUP)
        return self._map(f"{name}_boxes", np.float32, (groups, 2 * axes, width))

    def _map(self, name: str, kind: type[np.generic], shape: tuple[int | None, ...]) -> NDArray[Any]:
        path = self.folder / f"{name}.npy"
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
