"""Lays a large index out in blocks for music_index_service: leaves of a k-d tree, and bounds to skip them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance.errors import ArtifactError
from ambiance.index_format.blocks import ARRAYS, BRANCH, FAR, GROUP, LEAVES, NO_ROW, WIDTH, array_file

_LANDMARKS = 511
_SAMPLE = 10_000  # vectors that a large split looks at to choose its axis
_EVENNESS = 0.6  # 0 splits where vectors vary most; 1 varies all axes alike
_BATCH = 1 << 16  # vectors taken along the axes at once: bounds memory


@dataclass(frozen=True)
class Axes:
    """Coordinates in which boxes are drawn: a vector's features times `matrix`; a query's times `inverse`."""

    matrix: NDArray[np.float64]  # [d + 1, d + 1]
    inverse: NDArray[np.float64]  # [d + 1, d + 1] transposed

    def coordinates(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """<float32>[n, d + 1] of vectors <float32>[n, d]."""
        placed = np.empty((len(vectors), len(self.matrix)), np.float32)
        for start in range(0, len(vectors), _BATCH):
            placed[start : start + _BATCH] = features(vectors[start : start + _BATCH]) @ self.matrix
        return placed


def features(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """<float64>[n, d + 1] components and squared length: a squared distance is linear in these."""
    exact = vectors.astype(np.float64)
    return np.column_stack([exact, np.einsum("nd,nd->n", exact, exact)])


def functionals(queries: NDArray[np.float32]) -> NDArray[np.float64]:
    """<float64>[n, d + 1] what features times this are: squared distances less the query's own square."""
    return np.column_stack([-2 * queries.astype(np.float64), np.ones(len(queries))])


def fit_axes(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> Axes:
    """Axes along which the figures of vectors vary independently, the most varying first."""
    asked = functionals(queries)
    moment = asked.T @ asked / len(asked)
    moment += 1e-4 * np.trace(moment) / len(moment) * np.eye(len(moment))  # no query is impossible
    root = np.linalg.cholesky(moment)
    spread = np.cov(features(_sample(vectors, 20 * _SAMPLE)).T, bias=True)
    _, rotation = np.linalg.eigh(root.T @ spread @ root)
    matrix = root @ rotation[:, ::-1]
    return Axes(matrix, np.ascontiguousarray(np.linalg.inv(matrix).T))


def kd_order(points: NDArray[np.float32]) -> NDArray[np.int64]:
    """<int64>[n] rows of points <float32>[n, c] as a k-d tree orders them, in leaves and branches."""
    order = np.arange(len(points))
    pending = [(0, len(points))]
    while pending:
        start, stop = pending.pop()
        if stop - start <= BRANCH:
            continue
        halves = -(-(stop - start) // (2 * BRANCH)) * BRANCH
        rows = order[start:stop]
        axis = int(_sample(points, _SAMPLE, rows).var(axis=0).argmax())
        order[start:stop] = rows[np.argpartition(points[rows, axis], halves - 1)]
        pending += [(start, start + halves), (start + halves, stop)]
    whole = len(points) // BRANCH * BRANCH
    order[:whole] = _split_branches(points, order[:whole])
    return order


def _split_branches(points: NDArray[np.float32], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Split every branch into its leaves, many branches at once."""
    size = BRANCH
    while size > WIDTH:
        parts = order.reshape(-1, size)
        ordered = np.empty_like(parts)
        for start in range(0, len(parts), _BATCH // size):
            some = parts[start : start + _BATCH // size]
            values = points[some]
            axes = values.var(axis=1).argmax(axis=1)
            chosen = np.take_along_axis(values, axes[:, None, None], axis=2)[:, :, 0]
            halves = np.argpartition(chosen, size // 2, axis=1)
            ordered[start : start + _BATCH // size] = np.take_along_axis(some, halves, axis=1)
        order, size = ordered.ravel(), size // 2
    return order


def _sample(
    points: NDArray[np.float32], count: int, rows: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """About `count` of the points, or of those at some rows, at even steps."""
    if rows is None:
        return points[:: max(1, len(points) // count)]
    return points[rows[:: max(1, len(rows) // count)]]


def write_blocks(vectors: NDArray[np.float32], queries: NDArray[np.float32], folder: Path) -> None:
    """Write vectors <float32>[n, d], row i under number i, as arrays that are mapped and searched in place.

    Args:
        vectors: finite, n from 1.
        queries: <float32>[m, d] like those to come; the search is fastest for such, and exact for any.
        folder: to be made.

    Raises:
        ArtifactError: if components are so large that what is reckoned with them isn't finite.
    """
    folder.mkdir()
    axes = fit_axes(vectors, queries)
    points = axes.coordinates(vectors)
    order = kd_order(_evened(points))
    _write_vectors(vectors, order, folder)
    filled = np.concatenate([order, np.repeat(order[-1:], -len(order) % BRANCH)])
    leaves = _boxes(points, filled)
    branches = _merged(leaves)
    _save(folder, "leaf_boxes", leaves)
    _save(folder, "branch_boxes", branches)
    asked = (functionals(queries) @ axes.inverse).astype(np.float32)
    if not (np.isfinite(leaves).all() and np.isfinite(asked).all()):
        raise ArtifactError(f"{folder}: the components of vectors or queries are too large")
    _save(folder, "axes", axes.inverse)
    _write_landmarks(points, filled, choose_landmarks(asked, leaves), leaves, folder)


def _evened(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points whose largest variations are reined in, so that splits reach the small ones too."""
    deviation = _sample(points, 20 * _SAMPLE).std(axis=0)
    scale = np.where(deviation > 0, np.maximum(deviation, 1e-4) ** -_EVENNESS, 0)
    return points * scale.astype(np.float32)


def _write_vectors(vectors: NDArray[np.float32], order: NDArray[np.int64], folder: Path) -> None:
    count, dimension = vectors.shape
    size = -(-count // BRANCH) * BRANCH
    rows = np.full(size, NO_ROW, np.int32)
    rows[:count] = order
    places = np.empty(count, np.int32)
    places[order] = np.arange(count, dtype=np.int32)
    _save(folder, "rows", rows.reshape(-1, WIDTH))
    _save(folder, "places", places)
    shape = (size // WIDTH, dimension + 1, WIDTH)
    blocks = _create(folder, "vectors", shape)
    for start in range(0, size, _BATCH):
        some = rows[start : start + _BATCH]
        parts = features(vectors[some]).astype(np.float32)
        parts[some < 0] = [0] * dimension + [FAR]
        blocks[start // WIDTH : (start + len(some)) // WIDTH] = parts.reshape(-1, WIDTH, dimension + 1).mT
    blocks.flush()


def _boxes(points: NDArray[np.float32], filled: NDArray[np.int64]) -> NDArray[np.float32]:
    """<float32>[branches, 2 * axes, 16] lower and upper corners of leaves."""
    axes = points.shape[1]
    boxes = np.empty((len(filled) // BRANCH, 2 * axes, LEAVES), np.float32)
    step = _BATCH // BRANCH
    for start in range(0, len(boxes), step):
        values = points[filled[start * BRANCH : (start + step) * BRANCH]].reshape(-1, LEAVES, WIDTH, axes)
        boxes[start : start + step] = np.concatenate([values.min(axis=2), values.max(axis=2)], axis=2).mT
    return boxes


def _merged(leaves: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[groups, 2 * axes, 64] the boxes of branches; the last stands for those missing."""
    axes = leaves.shape[1] // 2
    boxes = np.concatenate([leaves[:, :axes].min(axis=2), leaves[:, axes:].max(axis=2)], axis=1)
    return np.ascontiguousarray(_grouped(boxes).mT)


def _grouped(branches: NDArray[np.float32]) -> NDArray[np.float32]:
    """<>[groups, 64, ...] of <>[branches, ...]."""
    missing = -len(branches) % GROUP
    padded = np.concatenate([branches, np.repeat(branches[-1:], missing, axis=0)])
    return padded.reshape(-1, GROUP, *branches.shape[1:])


def choose_landmarks(asked: NDArray[np.float32], leaves: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[landmarks, axes] the zero query, and centres of queries by what a step from one costs."""
    axes = leaves.shape[1] // 2
    widths = np.maximum((leaves[:, axes:] - leaves[:, :axes]).mean(axis=(0, 2)), 1e-9)
    count = min(_LANDMARKS, len(asked))
    scaled = np.ascontiguousarray(asked * widths, np.float32)
    means = faiss.Kmeans(scaled.shape[1], count, seed=0, min_points_per_centroid=1)
    means.train(scaled)
    centres = means.centroids / widths
    return np.concatenate([np.zeros((1, axes)), centres]).astype(np.float32)


def _write_landmarks(
    points: NDArray[np.float32],
    filled: NDArray[np.int64],
    landmarks: NDArray[np.float32],
    leaves: NDArray[np.float32],
    folder: Path,
) -> None:
    """Write how much above its corner each leaf's and branch's least figure is, for each landmark."""
    branches, count = len(leaves), len(landmarks)
    excess = _create(folder, "leaf_excess", (count, branches, LEAVES))
    scales = np.empty((branches, LEAVES), np.float32)
    lowest = np.empty((branches, count), np.float32)
    step = max(1, _BATCH // BRANCH)
    for start in range(0, branches, step):
        at = slice(start, start + step)
        figures = points[filled[start * BRANCH : (start + step) * BRANCH]] @ landmarks.T
        least = figures.reshape(-1, LEAVES, WIDTH, count).min(axis=2)
        lowest[at] = least.min(axis=1)
        raised = least - _corners(leaves[at], landmarks)
        scales[at], coded = _coded(raised)
        excess[:, at] = np.moveaxis(coded, 2, 0)
    excess.flush()
    boxes = _merged(leaves)
    raised = _grouped(lowest) - _corners(boxes, landmarks)
    branch_scales, coded = _coded(raised)
    _save(folder, "landmarks", landmarks)
    _save(folder, "leaf_scales", scales)
    _save(folder, "branch_scales", branch_scales)
    _save(folder, "branch_excess", np.ascontiguousarray(np.moveaxis(coded, 2, 0)))


def _corners(boxes: NDArray[np.float32], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[groups, width, landmarks] least figure in boxes <float32>[groups, 2 * axes, width]."""
    signed = np.concatenate([np.maximum(landmarks, 0), np.minimum(landmarks, 0)], axis=1)
    return boxes.mT @ signed.T


def _coded(raised: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Steps <float32>[g, w] and whole numbers of them <uint8>[g, w, landmarks], never above what is coded."""
    raised = np.maximum(raised, 0)
    scales = np.maximum(raised.max(axis=2) / 255, np.finfo(np.float32).tiny)
    return scales, np.floor(np.minimum(raised / scales[:, :, None], 255)).astype(np.uint8)


def _save(folder: Path, name: str, array: NDArray[Any]) -> None:
    np.save(array_file(folder, name), array.astype(ARRAYS[name], copy=False))


def _create(folder: Path, name: str, shape: tuple[int, ...]) -> np.memmap[tuple[int, ...], np.dtype[Any]]:
    """An array to be filled in place."""
    return np.lib.format.open_memmap(array_file(folder, name), "w+", ARRAYS[name], shape)


def read_blocks(folder: Path) -> NDArray[np.float32]:
    """<float32>[n, dimension] the vectors that `write_blocks` wrote to a folder."""
    places, blocks = (np.load(array_file(folder, name), mmap_mode="r") for name in ("places", "vectors"))
    return _vectors_at(blocks, places)


def _vectors_at(blocks: NDArray[np.float32], places: NDArray[np.int32]) -> NDArray[np.float32]:
    leaves, columns = np.divmod(places, WIDTH)
    vectors: NDArray[np.float32] = blocks[leaves, :-1, columns]
    return vectors


def check_blocks(vectors: NDArray[np.float32], folder: Path, rows: NDArray[np.int64]) -> None:
    """Reopen a folder and compare: every vector, and for `rows` that no bound of their leaves is above them.

    Raises:
        ArtifactError: naming the first row that differs, or isn't finite, or that a bound would hide.
    """
    places, blocks = (np.load(array_file(folder, name), mmap_mode="r") for name in ("places", "vectors"))
    if len(places) != len(vectors):
        raise ArtifactError(f"{folder}: {len(places)} rows were read back, {len(vectors)} written")
    for start in range(0, len(vectors), _BATCH):
        stored = _vectors_at(blocks, places[start : start + _BATCH])
        # NaN differs from itself, so it is caught here as well
        differing = (stored != vectors[start : start + _BATCH]).any(axis=1)
        if differing.any():
            row = int(differing.argmax())
            raise ArtifactError(f"{folder}: row {start + row}: {stored[row].tolist()} was read back")
    _check_excess(vectors, folder, rows)


def _check_excess(vectors: NDArray[np.float32], folder: Path, rows: NDArray[np.int64]) -> None:
    names = ("places", "axes", "landmarks", "leaf_boxes", "leaf_excess", "leaf_scales")
    places, axes, landmarks, boxes, excess, scales = (
        np.load(array_file(folder, name), mmap_mode="r") for name in names
    )
    leaves = places[rows] // WIDTH
    branch, leaf = np.divmod(leaves, LEAVES)
    bounds = _corners(boxes[branch], landmarks)[np.arange(len(rows)), leaf]
    bounds += (excess[:, branch, leaf] * scales[branch, leaf]).T
    figures = features(vectors[rows]) @ np.linalg.inv(axes).T @ landmarks.T
    sizes = np.abs(boxes).max() * np.abs(landmarks).sum(axis=1)
    if (hidden := (figures < bounds - 1e-6 * sizes).any(axis=1)).any():
        raise ArtifactError(f"{folder}: row {rows[hidden.argmax()]} lies below its leaf's bound")
