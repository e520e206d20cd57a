"""Checks a folder of blocks before it is searched: a block whose bounds don't hold would hide neighbours."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from ambiance.index_format.blocks import BRANCH, LEAVES, NO_ROW, array_file
from music_index_service.engines.blocks.bounds import Level
from music_index_service.engines.blocks.candidates import BlockArrays, Blocks
from music_index_service.engines.blocks.files import BlockFiles

_CHECKED = 1 << 16  # vectors checked at once: bounds memory
_CHECKED_LANDMARKS = 4  # those of a file that are tried; its checksum vouches for the others
_LEAST_FAR = 2e38  # squared length of what only fills a leaf; no figure of a vector is more, see `bounds`
_TOLERANCE = 1e-6  # of a coordinate, relative to the largest: its last digits are rounded
_SMALLEST = float(np.finfo(np.float32).smallest_normal)  # below it more digits are


def load_blocks(folder: Path, space: Space) -> tuple[BlockArrays, Blocks]:
    """Map the arrays of a folder and check that they fit each other, the space, and what they bound.

    Pages that are touched by the checks alone are given back.

    Raises:
        ArtifactError: naming the file and what is wrong with it.
    """
    largest_square = check_blocks(BlockFiles(folder, space))
    files = BlockFiles(folder, space)  # another mapping: a process answers for the pages of its own
    return files.arrays, Blocks(files.arrays, files.bounds, largest_square)


def check_blocks(files: BlockFiles) -> float:
    """Require each row once, finite vectors with their squared lengths, and bounds that hold for them.

    Returns the largest squared length.

    Raises:
        ArtifactError: naming the file and what is wrong with it.
    """
    rows, places = files.arrays.rows.ravel(), files.arrays.places
    inside = places.min() >= 0 and places.max() < len(rows)
    if not inside or (rows[places] != np.arange(files.count)).any():
        raise ArtifactError(f"{array_file(files.folder, 'places')}: a row doesn't stand where it says")
    if np.count_nonzero(rows != NO_ROW) != files.count:
        raise ArtifactError(f"{array_file(files.folder, 'rows')}: names a row twice, or one that there isn't")
    _check_bounding(files)
    inverse = _inverse(files)
    some = _CHECKED // BRANCH
    slices = (slice(at, min(at + some, files.branches)) for at in range(0, files.branches, some))
    return max(_check_branches(files, branches, inverse) for branches in slices)


def _check_bounding(files: BlockFiles) -> None:
    """Require the numbers that bounds are made of to be finite, and steps not to go down."""
    arrays: dict[str, NDArray[np.floating]] = {"landmarks": files.landmarks, "axes": files.axes}
    for name, level in (("branch", files.above), ("leaf", files.leaves)):
        arrays[f"{name}_boxes"] = level.boxes
        arrays[f"{name}_scales"] = level.scales
        if (level.scales < 0).any():
            raise ArtifactError(f"{array_file(files.folder, f'{name}_scales')}: holds a number below 0")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ArtifactError(f"{array_file(files.folder, name)}: holds a number that isn't finite")


def _inverse(files: BlockFiles) -> NDArray[np.float64]:
    """<float64>[d + 1, d + 1] what carries coordinates along the axes back to features."""
    try:
        return np.asarray(np.linalg.inv(files.axes), np.float64)
    except np.linalg.LinAlgError as error:
        raise ArtifactError(f"{array_file(files.folder, 'axes')}: some axes say the same: {error}") from error


def _check_branches(files: BlockFiles, branches: slice, inverse: NDArray[np.float64]) -> float:
    leaves = slice(branches.start * LEAVES, branches.stop * LEAVES)
    held, vectors = files.arrays.rows[leaves] != NO_ROW, files.arrays.vectors[leaves].mT
    filling = vectors[~held]
    if filling[:, :-1].any() or not (filling[:, -1] >= _LEAST_FAR).all():
        raise ArtifactError(
            f"{array_file(files.folder, 'vectors')}: what fills a leaf isn't far from every query"
        )
    features = np.where(held[..., None], vectors, np.float64(0))
    squares = np.square(features[..., :-1]).sum(axis=2)
    if not np.isfinite(features).all() or not np.allclose(features[..., -1], squares, rtol=1e-6, atol=1e-30):
        raise ArtifactError(
            f"{array_file(files.folder, 'vectors')}: a vector isn't finite, or its length is another"
        )
    features[..., -1] = squares
    points = features @ inverse.T
    _check_level(files, "leaf", files.leaves, branches, points, held)
    whole = (-1, BRANCH, points.shape[2])
    _check_level(files, "branch", files.above, branches, points.reshape(whole), held.reshape(-1, BRANCH))
    return float(squares.max())


def _check_level(
    files: BlockFiles,
    name: str,
    level: Level,
    branches: slice,
    points: NDArray[np.float64],
    held: NDArray[np.bool_],
) -> None:
    """Require points <float64>[blocks, n, axes] to be in their blocks' boxes and above their bounds."""
    boxes = _of_branches(level.boxes, branches, name)
    lower, upper = boxes[:, : level.axes], boxes[:, level.axes :]
    margin = _SMALLEST + _TOLERANCE * np.abs(boxes).max()
    inside = (points >= lower[:, None] - margin) & (points <= upper[:, None] + margin)
    if not inside[held].all():
        raise ArtifactError(f"{array_file(files.folder, f'{name}_boxes')}: a vector lies outside its box")
    for landmark in range(0, len(level.excess), -(-len(level.excess) // _CHECKED_LANDMARKS)):
        start = files.landmarks[landmark].astype(np.float64)
        raised = level.excess[landmark] * level.scales
        corners = lower @ np.maximum(start, 0) + upper @ np.minimum(start, 0)
        bounds = corners + _of_branches(raised[:, None], branches, name)[:, 0]
        margin = _SMALLEST + _TOLERANCE * len(start) * np.abs(start).max() * np.abs(boxes).max()
        if ((points @ start < bounds[:, None] - margin) & held).any():
            raise ArtifactError(
                f"{array_file(files.folder, f'{name}_excess')}: a vector lies below its bound"
            )


def _of_branches(level: NDArray[np.float32], branches: slice, name: str) -> NDArray[np.float64]:
    """<float64>[blocks, components] of some branches, from <float32>[groups, components, width]."""
    rows = level[branches] if name == "leaf" else level
    flat = rows.mT.reshape(-1, rows.shape[1]).astype(np.float64)
    return flat if name == "leaf" else flat[branches]
