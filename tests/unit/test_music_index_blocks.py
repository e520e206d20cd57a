"""A large index in blocks, as training lays it out: the same answers as from a flat one, to the bit."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from ambiance.index_writing.blocks import check_blocks, write_blocks
from music_index_service import engines
from music_index_service.engines import VectorEngine, faiss_engine
from music_index_service.engines.blocks import candidates
from music_index_service.engines.blocks.engine import BlockEngine
from music_index_service.engines.faiss_flat import FlatEngine
from music_index_service.filtering.row_set import RowSet

Vectors = NDArray[np.float32]
Priced = tuple[VectorEngine, Vectors, Vectors]  # an index, its vectors, and queries


def make_space(dimension: int) -> Space:
    return Space(name="made up", dimension=dimension, metric="squared_l2", lineage="here")


def make_flat(vectors: Vectors) -> FlatEngine:
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    return FlatEngine(index, make_space(vectors.shape[1]))


def make_blocks(folder: Path, vectors: Vectors, queries: Vectors) -> VectorEngine:
    write_blocks(vectors, queries, folder)
    loaded = engines.load(folder, make_space(vectors.shape[1]))
    assert isinstance(loaded, BlockEngine)
    return loaded


def draw_priced(rng: np.random.Generator, size: int) -> Vectors:
    """Like clips in the mood space: a posterior, a direction, and a last component that holds a price."""
    direction = rng.normal(size=(size, 6))
    direction *= 0.2 / np.linalg.norm(direction, axis=1, keepdims=True)
    vectors = np.column_stack([rng.dirichlet(np.full(7, 0.5), size), direction])
    height = rng.random(size) * 0.2 + 1.1 - np.square(vectors).sum(axis=1)
    return np.column_stack([vectors, np.sqrt(height)]).astype(np.float32)


def draw_asking(rng: np.random.Generator, size: int) -> Vectors:
    """Like texts: affinities, a direction, and 0."""
    queries = draw_priced(rng, size)
    queries[:, :7] *= rng.random((size, 1), np.float32) + np.float32(0.3)
    queries[:, -1] = 0
    return queries


def require_exact(
    index: VectorEngine, vectors: Vectors, queries: Vectors, k: int, within: RowSet | None
) -> None:
    """The answers are those of FAISS's own comparison with every vector that may be one."""
    rows = np.arange(len(vectors)) if within is None else within.rows
    flat = faiss.IndexFlatL2(vectors.shape[1])
    flat.add(vectors[rows])
    distances, numbers = flat.search(queries, max(1, min(k, len(rows))))
    found = index.search(queries, k, within)
    assert [array.dtype for array in found] == [np.float32, np.int64]
    if len(rows) == 0:
        assert found[0].shape == found[1].shape == (len(queries), 0)
        return
    np.testing.assert_array_equal(found[0], distances)
    np.testing.assert_array_equal(found[1], rows[numbers])


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Priced:
    """An index of 40,000 rows in blocks, their vectors, and queries."""
    rng = np.random.default_rng(5)
    vectors, asked = draw_priced(rng, 40_000), draw_asking(rng, 2_000)
    return make_blocks(tmp_path_factory.mktemp("index") / "mood", vectors, asked), vectors, asked


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 3_000), dimension=st.integers(1, 7), data=st.data())
def test_equal_distances_are_ordered_by_row_also_where_k_cuts(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int, dimension: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    steps = data.draw(st.integers(1, 8))
    vectors = (rng.integers(0, steps, (size, dimension)) / 8).astype(np.float32)
    queries = (rng.integers(0, 9, (5, dimension)) / 8).astype(np.float32)
    index = make_blocks(tmp_path_factory.mktemp("index") / "lattice", vectors, queries)
    mask = rng.random(size) < data.draw(st.sampled_from([0.01, 0.5, 1.0]))
    for within in (None, RowSet.of_mask(mask)):
        require_exact(index, vectors, queries, data.draw(st.integers(1, 1_000)), within)


@pytest.mark.parametrize("k", [1, 10, 500, 5_000, 50_000])
@pytest.mark.parametrize("share", [None, 0.9, 0.1, 0.001, 0.0])
def test_finds_what_a_flat_index_finds(
    priced: Priced,
    monkeypatch: pytest.MonkeyPatch,
    k: int,
    share: float | None,
) -> None:
    index, vectors, asked = priced
    within = None if share is None else RowSet.of_mask(np.random.default_rng(0).random(index.size) < share)
    for copied in (150_000, 0):
        monkeypatch.setattr(faiss_engine, "MAX_COPIED", copied)
        require_exact(index, vectors, asked[:10], k, within)
        require_exact(make_flat(vectors), vectors, asked[:10], k, within)


def test_finds_rows_that_all_lie_far_from_the_query(priced: Priced, monkeypatch: pytest.MonkeyPatch) -> None:
    index, vectors, asked = priced
    distances = ((vectors - asked[0]) ** 2).sum(axis=1)
    within = RowSet(np.sort(distances.argsort()[-3_000:]), index.size)
    require_exact(index, vectors, asked[:5], 10, within)
    monkeypatch.setattr(faiss_engine, "MAX_COPIED", 0)
    require_exact(index, vectors, asked[:5], 10, within)


@pytest.mark.parametrize("size", [0, 1e-30, 1e-3, 30, 1e9, 1e18, 5e18])
def test_queries_of_any_size_are_answered_exactly(
    priced: Priced, monkeypatch: pytest.MonkeyPatch, size: float
) -> None:
    index, vectors, _ = priced
    monkeypatch.setattr(faiss_engine, "MAX_COPIED", 0)
    queries = (np.random.default_rng(2).normal(size=(3, 14)).clip(-1, 1) * size).astype(np.float32)
    require_exact(index, vectors, queries, 10, None)
    require_exact(index, vectors, queries, 10, RowSet(np.arange(0, index.size, 20), index.size))


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_vectors_of_any_size_are_laid_out_or_refused_in_a_sentence(tmp_path: Path) -> None:
    draw = np.random.default_rng(2).normal(size=(2_000, 14)).clip(-1, 1)
    for size in (1e-42, 1e-30, 1e9):
        vectors = (draw * size).astype(np.float32)
        require_exact(make_blocks(tmp_path / f"{size}", vectors, vectors), vectors, vectors[:9], 10, None)
    vectors = (draw * 1e18).astype(np.float32)
    with pytest.raises(ArtifactError, match=f"^{tmp_path / 'mood'}: the components of .* are too large"):
        write_blocks(vectors, vectors, tmp_path / "mood")


def test_where_bounds_exclude_too_little_everything_is_compared(
    priced: Priced, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, vectors, asked = priced
    monkeypatch.setattr(candidates, "_MAX_CANDIDATES", 5)
    monkeypatch.setattr(faiss_engine, "_SCANNED_AT_ONCE", 7_000)
    require_exact(index, vectors, asked[:10], 10, None)


def test_a_batch_gives_what_its_queries_give_alone_on_any_thread(
    priced: Priced,
) -> None:
    index, _, asked = priced
    distances, rows = index.search(asked[:64], 10)

    def alone(i: int) -> bool:
        faiss.omp_set_num_threads(4)  # what a fresh thread has on a machine of four cores
        one_distances, one_rows = index.search(asked[i : i + 1], 10)
        return np.array_equal(one_distances[0], distances[i]) and np.array_equal(one_rows[0], rows[i])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(alone, range(64)))


def test_few_vectors_are_read_for_a_query_like_those_expected(
    priced: Priced, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, _, asked = priced
    read: list[int] = []
    original = candidates._Scan._read

    def counted(self: candidates._Scan, leaves: NDArray[np.int64]) -> None:
        read.append(len(leaves) * candidates.WIDTH)
        original(self, leaves)

    monkeypatch.setattr(candidates._Scan, "_read", counted)
    index.search(asked[:100], 10)
    assert sum(read) / 100 < index.size / 4
    read.clear()
    index.search(index.expected_query(), 10)
    assert sum(read) < index.size / 4


def test_gives_vectors_by_row(priced: Priced) -> None:
    index, vectors, _ = priced
    rows = np.array([[3, 0], [39_999, 17]])
    np.testing.assert_array_equal(index.vectors(rows), vectors[rows])
    np.testing.assert_array_equal(make_flat(vectors).vectors(rows), vectors[rows])


def edit(name: str, change: Callable[[NDArray[np.generic]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        array = np.load(folder / f"{name}.npy")
        changed = change(array)
        np.save(folder / f"{name}.npy", array if changed is None else changed)

    return damage


def fill(at: object, value: float) -> Callable[[NDArray[np.generic]], None]:
    def change(array: NDArray[np.generic]) -> None:
        array[at] = value

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "rows.npy").unlink(), r"rows.npy: not a readable array: "),
        (lambda folder: (folder / "rows.npy").write_bytes(b"no"), r"rows.npy: not a readable array: "),
        (
            lambda folder: (folder / "vectors.npy").write_bytes((folder / "vectors.npy").read_bytes()[:-1]),
            r"vectors.npy: not a readable array: ",
        ),
        (
            edit("places", lambda array: array[:-512]),
            r"rows.npy: needs int32\[64, 32\], found int32\[80, 32\]",
        ),
        (edit("places", lambda array: array.astype(np.int64)), r"places.npy: needs int32\[n\], found int64"),
        (edit("places", fill(0, 1)), r"places.npy: a row doesn't stand where it says"),
        (edit("places", fill(0, 1 << 20)), r"places.npy: a row doesn't stand where it says"),
        (edit("rows", fill((-1, -1), 7)), r"rows.npy: names a row twice, or one that there isn't"),
        (edit("vectors", fill((3, 2, 1), np.nan)), r"vectors.npy: a vector isn't finite, or its length"),
        (edit("vectors", fill((3, 14, 1), 0.5)), r"vectors.npy: a vector isn't finite, or its length"),
        (edit("leaf_boxes", fill((0, 3, 5), np.nan)), r"leaf_boxes.npy: holds a number that isn't finite"),
        (
            edit("leaf_boxes", fill((0, slice(15, 30), 5), -9)),
            r"leaf_boxes.npy: a vector lies outside its box",
        ),
        (edit("branch_boxes", fill((0, slice(0, 15), 2), 9)), r"branch_boxes.npy: a vector lies outside"),
        (lambda folder: (folder / "axes.npy").write_bytes(b""), r"axes.npy: not a readable array: "),
        (
            edit("vectors", fill((-1, 14, -1), 0)),
            r"vectors.npy: what fills a leaf isn't far from every query",
        ),
        (edit("vectors", fill((-1, 3, -1), np.nan)), r"vectors.npy: what fills a leaf isn't far"),
        (edit("landmarks", fill((0, 0), np.nan)), r"landmarks.npy: holds a number that isn't finite"),
        (edit("leaf_scales", fill((1, 1), np.nan)), r"leaf_scales.npy: holds a number that isn't finite"),
        (edit("branch_scales", fill((0, 1), -1)), r"branch_scales.npy: holds a number below 0"),
        (edit("axes", fill((0, 0), np.inf)), r"axes.npy: holds a number that isn't finite"),
        (edit("axes", fill(slice(None), 0)), r"axes.npy: some axes say the same: Singular matrix"),
        (edit("leaf_scales", fill((1, 1), 9)), r"leaf_excess.npy: a vector lies below its bound"),
        (edit("branch_excess", fill((slice(1, None), 0, 1), 255)), r"branch_excess.npy: a vector lies below"),
    ],
)
def test_refuses_a_damaged_folder(tmp_path: Path, damage: Callable[[Path], object], message: str) -> None:
    rng = np.random.default_rng(0)
    make_blocks(tmp_path / "mood", draw_priced(rng, 2_500), draw_asking(rng, 600))
    damage(tmp_path / "mood")
    with pytest.raises(ArtifactError, match=message):
        engines.load(tmp_path / "mood", make_space(14))


def test_refuses_another_dimension(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    make_blocks(tmp_path / "vad", rng.random((100, 3), np.float32), rng.random((9, 3), np.float32))
    with pytest.raises(
        ArtifactError, match=r"vectors\.npy: needs float32\[16, 5, 32\], found .*\[16, 4, 32\]"
    ):
        engines.load(tmp_path / "vad", make_space(4))


def test_a_folder_of_an_earlier_layout_is_to_be_made_anew(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    make_blocks(tmp_path / "vad", rng.random((100, 3), np.float32), rng.random((9, 3), np.float32))
    (tmp_path / "vad" / "axes.npy").unlink()
    with pytest.raises(
        ArtifactError, match=r"vad: laid out for another version of the service; make the index anew$"
    ):
        engines.load(tmp_path / "vad", make_space(3))


def test_training_finds_a_vector_or_a_bound_that_does_not_read_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = draw_priced(rng, 2_500)
    write_blocks(vectors, draw_asking(rng, 600), tmp_path / "mood")
    rows = np.arange(len(vectors))
    check_blocks(vectors, tmp_path / "mood", rows)
    with pytest.raises(ArtifactError, match="2500 rows were read back, 2499 written"):
        check_blocks(vectors[:-1], tmp_path / "mood", rows)
    edit("leaf_excess", fill((slice(1, None), 2, 3), 255))(tmp_path / "mood")
    with pytest.raises(ArtifactError, match=r"row \d+ lies below its leaf's bound"):
        check_blocks(vectors, tmp_path / "mood", rows)
    vectors[7] += 1
    with pytest.raises(ArtifactError, match=r"row 7: .* was read back"):
        check_blocks(vectors, tmp_path / "mood", rows)
