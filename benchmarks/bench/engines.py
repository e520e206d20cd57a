"""The index service's own search beside every way of FAISS's: what decides which engine a large index needs.

As many clips as AudioSet has, distributed as the released ones; every clip, and filters that let fewer
through, at random. An approximate setting counts for as much as it finds of the exact answer. All on one
thread, the same queries, in alternation. FAISS's graph is here for the record: it strands among equal clips.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance import artifacts
from bench.in_process import all_vectors
from bench.options import Options
from bench.scaled import AUDIOSET_CLIPS, QUICK_CLIPS, scaled_artifacts
from bench.search import bench_queries
from bench.timing import alternate, one_core
from music_index_service import engines
from music_index_service.engines import VectorEngine
from music_index_service.filtering.row_set import RowSet

OURS, FLAT, COPIED, GRAPH = "ambiance", "faiss flat", "faiss knn on copies", "faiss hnsw"
RECALL = 0.999  # of the exact answer: less is no replacement
SHARES = (1.0, 0.5, 0.05, 0.005, 0.0005)  # of the clips, that filters let through
KS = (10, 100)
LISTS = (1_024, 4_096, 16_384)  # of IVF: 4 sqrt(n) and a quarter and four times as many
PROBED = (1 / 256, 1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4)  # of the lists

_QUERIES, _ROUNDS, _TIMED = 200, 3, 30
_TRAINED_ON = 160_000  # vectors that lists are chosen by
_EFFORTS = (64, 256, 1_024)  # of the graph
_SEED = 3

Vectors = NDArray[np.float32]
Search = Callable[[Vectors, int], NDArray[np.int64]]  # queries [n, d] and k -> rows [n, k], -1 for none


@dataclass(frozen=True)
class Built:
    """FAISS's indexes of the same vectors."""

    flat: faiss.IndexFlatL2
    lists: Mapping[int, faiss.IndexIVFFlat]  # by their number
    graph: faiss.IndexHNSWFlat

    @classmethod
    def of(cls, vectors: Vectors, lists: tuple[int, ...]) -> "Built":
        """Build all from vectors <float32>[n, d]."""
        flat = faiss.IndexFlatL2(vectors.shape[1])
        flat.add(vectors)
        graph = faiss.IndexHNSWFlat(vectors.shape[1], 16)
        graph.add(vectors)
        return cls(flat, {count: build_lists(vectors, count) for count in lists}, graph)


def build_lists(vectors: Vectors, count: int) -> faiss.IndexIVFFlat:
    """An inverted file of so many lists."""
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(vectors.shape[1]), vectors.shape[1], count)
    index.cp.niter = 10
    draw = np.random.default_rng(_SEED)
    index.train(vectors[draw.choice(len(vectors), min(len(vectors), _TRAINED_ON), replace=False)])
    index.add(vectors)
    return index


def ways(
    index: VectorEngine, vectors: Vectors, built: Built, rows: RowSet | None
) -> Iterator[tuple[str, Search]]:
    """Every way to find the nearest among some rows, or all, by its name."""
    selected: dict[str, Any] = {}
    if rows is not None:
        inside = np.zeros(len(vectors), np.bool_)
        inside[rows.rows] = True
        selected["sel"] = faiss.IDSelectorBitmap(np.packbits(inside, bitorder="little"))
        copied = np.ascontiguousarray(vectors[rows.rows])
        yield COPIED, lambda q, k: rows.rows[faiss.knn(q, copied, k)[1]]
    yield OURS, lambda q, k: index.search(q, k, rows)[1]
    flat = faiss.SearchParameters(**selected)
    yield FLAT, lambda q, k: built.flat.search(q, k, params=flat)[1]
    for count, lists in built.lists.items():
        for probes in sorted({max(1, round(count * share)) for share in PROBED}):
            ivf = faiss.SearchParametersIVF(nprobe=probes, **selected)
            yield (
                f"faiss ivf of {count:,}, nprobe {probes:,}",
                lambda q, k, lists=lists, ivf=ivf: lists.search(q, k, params=ivf)[1],
            )
    for effort in _EFFORTS:
        graph = faiss.SearchParametersHNSW(efSearch=effort, **selected)
        yield f"{GRAPH}, ef {effort:,}", lambda q, k, graph=graph: built.graph.search(q, k, params=graph)[1]


def measure(options: Options) -> dict[str, Any]:
    """Milliseconds, and share of the exact answers found, by space, filter, k and way."""
    clips, lists = (QUICK_CLIPS, LISTS[:1]) if options.quick else (AUDIOSET_CLIPS, LISTS)
    artifact = artifacts.load(scaled_artifacts(options, clips), artifacts.MUSIC_INDEX)
    queries = bench_queries(options, 20 if options.quick else _QUERIES)
    figures: dict[str, Any] = {"clips": clips, "build_s": {}, "spaces": {}}
    for space in sorted(artifact.manifest.spaces, key=lambda space: space.name):
        index = engines.load(engines.vectors_path(artifact, space), space)
        vectors = np.ascontiguousarray(all_vectors(index))
        start = time.perf_counter()
        built = Built.of(vectors, lists)
        figures["build_s"][space.name] = round(time.perf_counter() - start, 1)
        with one_core():
            faiss.omp_set_num_threads(1)
            figures["spaces"][space.name] = _measure_space(index, vectors, built, queries[space.name])
    return figures


def _measure_space(index: VectorEngine, vectors: Vectors, built: Built, queries: Vectors) -> dict[str, Any]:
    draw, figures = np.random.default_rng(_SEED), {}
    for share in SHARES:
        chosen = np.sort(draw.choice(len(vectors), round(share * len(vectors)), replace=False))
        rows = None if share == 1 else RowSet(chosen, len(vectors))
        searches = dict(ways(index, vectors, built, rows))
        figures[f"{share:.2%}"] = {
            f"k {k}": compare(searches, vectors, queries, k) for k in KS if k <= len(chosen)
        }
    return figures


def compare(
    searches: Mapping[str, Search], vectors: Vectors, queries: Vectors, k: int
) -> dict[str, dict[str, float]]:
    """Milliseconds of a query, median and 99th percentile, and recall beside the scan of everything.

    A row counts as found that is as near as the last of the scan's.
    """
    truth = _distances(vectors, queries, searches[FLAT](queries, k))
    farthest = truth.max(axis=1, keepdims=True)
    calls = {
        name: (lambda i, search=search: search(queries[i % len(queries)][None], k))
        for name, search in searches.items()
    }
    seconds = alternate(calls, rounds=_ROUNDS, count=min(_TIMED, len(queries)), warm_up=5)
    compared = {}
    for name, search in searches.items():
        near = _distances(vectors, queries, search(queries, k)) <= farthest
        p50, p99 = np.percentile(seconds[name] * 1e3, (50, 99)).tolist()
        compared[name] = {
            "p50_ms": round(p50, 4),
            "p99_ms": round(p99, 4),
            "recall": round(float(near.mean()), 5),
        }
    return compared


def _distances(vectors: Vectors, queries: Vectors, rows: NDArray[np.int64]) -> Vectors:
    """<float32>[n, k] squared distances of the rows found; infinite where none was."""
    found = np.square(vectors[np.maximum(rows, 0)] - queries[:, None]).sum(axis=2)
    return np.where(rows < 0, np.inf, found).astype(np.float32)
