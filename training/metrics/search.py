"""Exhaustive nearest-neighbour search as the index service runs it, for what evaluation asks of a library."""

import faiss
import numpy as np
from numpy.typing import NDArray


def nearest(queries: NDArray[np.float32], vectors: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """<int64>[n, k] rows of `vectors` <float32>[m, d] nearest to each query <float32>[n, d], in order."""
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    rows: NDArray[np.int64] = index.search(np.ascontiguousarray(queries, np.float32), k)[1]
    return rows


def half_library_answers(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], halves: int, seed: int
) -> NDArray[np.int64]:
    """<int64>[n, halves] row that is nearest among those of one random half of the rows, then of another.

    A single library's figure is partly luck: one popular clip decides it. Halves take turns in having it.
    """
    rng = np.random.default_rng(seed)
    answers = []
    for _ in range(halves):
        rows = np.sort(rng.permutation(len(vectors))[: len(vectors) // 2])
        answers.append(rows[nearest(queries, vectors[rows], 1)[:, 0]])
    return np.stack(answers, axis=1)
