"""music_index_service.engines, without filters, against an exact oracle in float64."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from music_index_service import engines
from music_index_service.engines import VectorEngine
from music_index_service.engines.faiss_flat import FlatEngine
from music_index_service.filtering.row_set import RowSet

VAD = Space(name="vad", dimension=3, metric="squared_l2", lineage="here")


def make_index(vectors: NDArray[np.float32]) -> VectorEngine:
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    return FlatEngine(index, VAD)


def oracle(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], k: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """All distances in float64, sorted by distance, then row."""
    difference = queries[:, None].astype(np.float64) - vectors[None]
    distances = (difference**2).sum(axis=2)
    rows = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, rows, axis=1), rows


@st.composite
def lattice_points(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors and queries on a coarse grid: many coincide, and float32 holds every distance exactly."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, steps = draw(st.integers(1, 3_000)), draw(st.integers(1, 8))
    vectors = rng.integers(0, steps, (size, 3)) / 8
    queries = rng.integers(0, 9, (draw(st.integers(1, 40)), 3)) / 8
    order = draw(st.sampled_from(["random", "nearest last", "nearest first"]))
    if order != "random":
        from_first = ((vectors - queries[0]) ** 2).sum(axis=1)
        vectors = vectors[np.argsort(-from_first if order == "nearest last" else from_first)]
    return vectors.astype(np.float32), queries.astype(np.float32)


@settings(max_examples=80)
@given(points=lattice_points(), k=st.integers(1, 1_000))
def test_equal_distances_are_ordered_by_row_also_where_k_cuts(
    points: tuple[NDArray[np.float32], NDArray[np.float32]], k: int
) -> None:
    vectors, queries = points
    expected_distances, expected_rows = oracle(vectors, queries, k)
    distances, rows = make_index(vectors).search(queries, k)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(distances, expected_distances)


@settings(max_examples=80)
@given(points=lattice_points(), k=st.integers(1, 100), rank=st.integers(0, 200), every=st.integers(1, 3))
def test_a_limit_leaves_out_only_what_is_farther(
    points: tuple[NDArray[np.float32], NDArray[np.float32]], k: int, rank: int, every: int
) -> None:
    vectors, queries = points
    some = np.arange(0, len(vectors), every)
    expected_distances, expected = oracle(vectors[some], queries, len(some))
    limits = expected_distances[:, min(rank, len(some) - 1)].astype(np.float32)
    with patch("music_index_service.engines.faiss_flat._MANY", 1):
        within = RowSet(some, len(vectors)) if every > 1 else None
        distances, rows = make_index(vectors).search(queries, k, within, limits)
    for i, limit in enumerate(limits):
        wanted = some[expected[i][expected_distances[i] <= limit]]
        assert rows[i][distances[i] <= limit].tolist() == wanted[:k].tolist()


@pytest.mark.parametrize("size", [1.0, 1e19])  # of the larger squares don't fit float32
def test_few_are_compared_within_a_limit_unless_their_figures_overflow(size: float) -> None:
    vectors = np.random.default_rng(0).normal(size=(3_000, 3)).astype(np.float32) * np.float32(size)
    index, query = make_index(vectors), vectors[:1]
    nearest, _ = index.search(query, 5)
    distances, rows = index.search(query, 10, None, nearest[:, -1])
    assert rows[0, 0] == 0
    assert rows.shape[1] == (5 if size == 1 else 10)
    np.testing.assert_array_equal(distances[:, :5], nearest)


@pytest.mark.parametrize("k", [1, 10, 99, 100, 1_000])
def test_finds_the_nearest_of_points_in_general_position(k: int) -> None:
    rng = np.random.default_rng(k)
    vectors, queries = rng.random((5_000, 3), np.float32), rng.random((50, 3), np.float32)
    expected_distances, _ = oracle(vectors, queries, k)
    distances, rows = make_index(vectors).search(queries, k)
    np.testing.assert_allclose(distances, expected_distances, rtol=0, atol=1e-6)
    # What was returned for a row is the distance of that row.
    exact = ((queries[:, None].astype(np.float64) - vectors[rows]) ** 2).sum(axis=2)
    np.testing.assert_allclose(distances, exact, rtol=0, atol=1e-6)
    assert all(len(set(found)) == k for found in rows.tolist())


def test_coinciding_points_anywhere_are_equally_far() -> None:
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.random((1, 3), np.float32), 1_003, axis=0)
    distances, rows = make_index(vectors).search(rng.random((300, 3), np.float32), 1_000)
    assert (distances == distances[:, :1]).all()
    assert (rows == np.arange(1_000)).all()


def test_a_batch_gives_bitwise_what_its_queries_give_alone_on_any_thread() -> None:
    rng = np.random.default_rng(1)
    index = make_index(rng.random((12_000, 3), np.float32))
    queries = rng.random((256, 3), np.float32)
    distances, rows = index.search(queries, 10)

    def alone(i: int) -> bool:
        faiss.omp_set_num_threads(4)  # what a fresh thread has on a machine of four cores
        one_distances, one_rows = index.search(queries[i : i + 1], 10)
        return np.array_equal(one_distances[0], distances[i]) and np.array_equal(one_rows[0], rows[i])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(alone, range(256)))


def test_a_smaller_index_gives_all_its_rows_and_no_filler() -> None:
    distances, rows = make_index(np.eye(3, dtype=np.float32)).search(np.zeros((2, 3), np.float32), 10)
    assert rows.tolist() == [[0, 1, 2]] * 2
    assert distances.tolist() == [[1, 1, 1]] * 2


def write(folder: Path, index: faiss.Index, vectors: NDArray[np.float32]) -> Path:
    if not index.is_trained:
        index.train(vectors)
    index.add(vectors)
    faiss.write_index(index, str(folder / "vad.faiss"))
    return folder / "vad.faiss"


def test_loads_what_was_written(tmp_path: Path) -> None:
    path = write(tmp_path, faiss.IndexFlatL2(3), np.eye(3, dtype=np.float32))
    index = engines.load(path, VAD)
    assert index.size == 3
    assert index.search(np.array([[0, 1, 0]], np.float32), 1)[1].tolist() == [[1]]


@pytest.mark.parametrize(
    ("index", "space", "message"),
    [
        (faiss.IndexFlatL2(4), VAD, "dimension 4, the manifest says 3"),
        (faiss.IndexFlatIP(3), VAD, "needs an IndexFlatL2, found IndexFlatIP"),
        (faiss.IndexHNSWFlat(3, 8), VAD, "needs an IndexFlatL2, found IndexHNSWFlat"),
        (
            faiss.IndexFlatIP(3),
            VAD.model_copy(update={"metric": "inner_product"}),
            "needs the metric squared_l2, the manifest says inner_product",
        ),
    ],
)
def test_refuses_an_index_that_isnt_what_the_manifest_says(
    tmp_path: Path, index: faiss.Index, space: Space, message: str
) -> None:
    path = write(tmp_path, index, np.zeros((40, index.d), np.float32))
    with pytest.raises(ArtifactError, match=f"^{path}: {message}$"):
        engines.load(path, space)


def test_refuses_vectors_that_arent_finite(tmp_path: Path) -> None:
    path = write(tmp_path, faiss.IndexFlatL2(3), np.array([[0, 0, 0], [0, np.nan, 0]], np.float32))
    with pytest.raises(ArtifactError, match="isn't finite"):
        engines.load(path, VAD)


def test_refuses_a_file_that_faiss_cant_read(tmp_path: Path) -> None:
    path = tmp_path / "vad.faiss"
    path.write_bytes(b"not an index")
    with pytest.raises(ArtifactError, match="not a FAISS index"):
        engines.load(path, VAD)
