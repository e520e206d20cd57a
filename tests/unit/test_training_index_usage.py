"""How evenly a library answers, and the exhaustive search behind it, against a sort of all distances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.index import usage
from training.index.usage import measure_usage, nearest_rows


@given(
    st.integers(1, 30), st.integers(1, 60), st.integers(1, 12), st.integers(1, 10), st.integers(0, 2**32 - 1)
)
def test_it_finds_what_sorting_all_distances_finds(
    queries: int, clips: int, block: int, k: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    asked, vectors = (draw.normal(size=(n, 4)).astype(np.float32) for n in (queries, clips))
    k = min(k, clips)
    with pytest.MonkeyPatch.context() as small:
        small.setattr(usage, "_CLIPS", max(block, k))
        small.setattr(usage, "_QUERIES", block)
        found = nearest_rows(asked, vectors, k)
    distances = np.square(asked[:, None] - vectors).sum(axis=2)
    assert all(len(set(rows)) == k for rows in found.tolist())
    np.testing.assert_allclose(
        np.take_along_axis(distances, found, axis=1), np.sort(distances, axis=1)[:, :k], atol=1e-4
    )


def test_shares_and_coverage_are_counted() -> None:
    vectors = np.arange(40, dtype=np.float32)[:, None]
    queries = np.array([[0], [0.1], [39]], np.float32)
    assert measure_usage(queries, vectors) == {"largest_share": round(2 / 3, 6), "coverage_at_10": 0.5}


def test_a_library_of_less_than_ten_clips_is_heard_whole() -> None:
    vectors = np.eye(3, dtype=np.float32)
    assert measure_usage(vectors[:2], vectors) == {"largest_share": 0.5, "coverage_at_10": 1}
