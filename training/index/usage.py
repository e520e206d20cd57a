"""How evenly a library answers: which of its clips are heard, if many texts are answered from it."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from training.metrics.counts import largest_share

TOP = 10  # answers of a text that count as heard

_QUERIES, _CLIPS = 256, 1024  # whose scores a core keeps in its cache at once


def measure_usage(queries: NDArray[np.float32], vectors: NDArray[np.float32]) -> dict[str, float]:
    """The share of texts that the clip heard most often answers first, and that of clips in any top ten.

    Args:
        queries: <float32>[m, d] of the texts, m from 1.
        vectors: <float32>[n, d] of the clips, n from 1.
    """
    answers = nearest_rows(queries, vectors, min(TOP, len(vectors)))
    return {
        "largest_share": round(largest_share(answers[:, 0]), 6),
        "coverage_at_10": round(len(np.unique(answers)) / len(vectors), 6),
    }


def nearest_rows(queries: NDArray[np.float32], vectors: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """<int64>[m, k] rows nearest to each query by squared L2, in order; equally near ones in any order.

    Several times faster than FAISS's exhaustive search of millions: once good answers are known, few blocks
    of clips hold a better one, and the others are passed over by their best score.

    Args:
        queries: <float32>[m, d].
        vectors: <float32>[n, d], n from k.
        k: from 1.
    """
    # |q - x|^2 orders as -(q . x - |x|^2 / 2), an inner product with one component more.
    halves = np.einsum("nd,nd->n", vectors, vectors) / np.float32(-2)
    columns = np.ascontiguousarray(np.column_stack([vectors, halves]).T)
    extended = np.column_stack([queries, np.ones(len(queries), np.float32)])
    parts = (extended[start : start + _QUERIES] for start in range(0, len(extended), _QUERIES))
    with threadpool_limits(1), ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return np.concatenate(list(pool.map(lambda part: _largest(part, columns, k), parts)))


def _largest(rows: NDArray[np.float32], columns: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """<int64>[m, k] the k largest inner products of each row <float32>[m, d] with columns <float32>[d, n]."""
    best = np.full((len(rows), k), -np.inf, np.float32)
    at = np.zeros((len(rows), k), np.int64)
    for start in range(0, columns.shape[1], _CLIPS):
        scores = rows @ columns[:, start : start + _CLIPS]
        better = np.flatnonzero(scores.max(axis=1) > best.min(axis=1))
        some = np.concatenate([best[better], scores[better]], axis=1)
        chosen = np.argpartition(-some, k - 1, axis=1)[:, :k]
        best[better] = np.take_along_axis(some, chosen, axis=1)
        before = np.take_along_axis(at[better], np.minimum(chosen, k - 1), axis=1)
        at[better] = np.where(chosen < k, before, start + chosen - k)
    return np.take_along_axis(at, np.argsort(-best, axis=1, kind="stable"), axis=1)
