"""Exact search beside a scan of everything by FAISS, from ten thousand clips to twenty million, with filters.

Both answer the same queries in alternation on one thread: real comments through the released text encoder
where the data sets are, sentences of the written corpus where they aren't. An index is searched as the
service searches it, Python included; what it is compared with is `faiss.IndexFlatL2`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.affect import MOODS
from ambiance.index_format.catalog import CATALOG_FILE
from bench.figures import ratio, timings
from bench.in_process import all_vectors
from bench.options import Options
from bench.scaled import AUDIOSET_CLIPS, QUICK_CLIPS, scaled_artifacts
from bench.timing import alternate, one_core
from music_index_service import engines
from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.engines import VectorEngine
from music_index_service.filtering.row_set import RowSet
from training.data.errors import DataError
from training.data.goemotions import load_comments
from training.data.sources import data_dir
from training.data.written import load_written
from training.index.expected_queries import read_queries

SIZES = (10_000, 100_000, 500_000, AUDIOSET_CLIPS, 20_000_000)
SHARES = (0.5, 0.05, 0.005, 0.0005)  # of the clips, that filters let through
K = 10
BATCHES = (64, 256)

_QUERIES = 10_000
_FILTERED_QUERIES = 1_000  # of them, that are compared under each filter
# At most so many distances are taken by the scan of everything to answer them all, a few minutes' worth, and
# so many under each filter.
_COMPARED_DISTANCES, _FILTERED_DISTANCES = 2.1e10, 4.2e8
_SEED = 7  # not that of the queries which an index was made ready for
_MOOD = "sad"  # of the filters that go with what texts ask for


def measure(options: Options) -> dict[str, Any]:
    """Figures by clips of the index and by space."""
    sizes = (QUICK_CLIPS, 8 * QUICK_CLIPS) if options.quick else SIZES
    queries = bench_queries(options, 200 if options.quick else _QUERIES)
    figures: dict[str, Any] = {}
    for clips in sizes:
        folder = scaled_artifacts(options, clips)
        figures[f"{clips} clips"] = measure_index(folder, queries, 2 if options.quick else 10)
    return figures


def bench_queries(options: Options, count: int) -> dict[str, NDArray[np.float32]]:
    """<float32>[n, dimension] of each space: of comments that no index was made ready for, if they are there.

    Else of sentences of the written corpus, most of which indexes are made ready for.
    """
    encoder = artifacts.load(options.artifacts, artifacts.TEXT_ENCODER)
    return read_queries(encoder, bench_texts(count))


def bench_texts(count: int) -> list[str]:
    """The first `count` comments of GoEmotions' dev and train, or as many sentences of the written corpus."""
    try:
        return [text for split in ("dev", "train") for text in load_comments(data_dir(), split).texts][:count]
    except DataError:
        sentences = np.array(load_written().texts)
        return np.random.default_rng(_SEED).permutation(sentences)[:count].tolist()


def measure_index(folder: Path, queries: Mapping[str, NDArray[np.float32]], rounds: int) -> dict[str, Any]:
    """Figures of the newest index under a folder, by space, and what all queries made it map into memory."""
    artifact = artifacts.load(folder, artifacts.MUSIC_INDEX)
    catalog = ClipCatalog.load(artifact.file(CATALOG_FILE))
    moods = catalog.moods()[:, MOODS.names.index(_MOOD)]
    figures: dict[str, Any] = {}
    for space in artifact.manifest.spaces:
        index = engines.load(engines.vectors_path(artifact, space), space)
        index.search(queries[space.name], K)
        mapped = mapped_bytes(engines.vectors_path(artifact, space))  # before anything else reads the files
        with one_core():
            figures[space.name] = measure_space(index, queries[space.name], moods, rounds)
        figures[space.name]["mapped_bytes_per_clip"] = round(mapped / index.size, 1)
    return figures


def measure_space(
    index: VectorEngine, queries: NDArray[np.float32], moods: NDArray[np.float32], rounds: int
) -> dict[str, Any]:
    """Times and recall with every clip, under each filter, and in batches."""
    flat = faiss.IndexFlatL2(index.space.dimension)
    flat.add(all_vectors(index))
    everything = min(len(queries), int(_COMPARED_DISTANCES / index.size))
    figures = {"every clip": compare(index, flat, queries[:everything], None, rounds)}
    for name, within in filters(moods).items():
        if len(within) >= K:
            some = queries[: min(_FILTERED_QUERIES, int(_FILTERED_DISTANCES / index.size))]
            figures[name] = compare(index, flat, some, within, rounds)
    del flat
    batches = {f"batch of {n}": (lambda i, n=n: index.search(_block(queries, i, n), K)) for n in BATCHES}
    figures["batches"] = timings(alternate(batches, rounds=rounds, count=5))
    return figures


def filters(moods: NDArray[np.float32]) -> dict[str, RowSet]:
    """Clips at random, and those surest of one mood, <float32>[clips] of which is given."""
    draw, descending = np.random.default_rng(_SEED), np.argsort(-moods, kind="stable")
    found = {}
    for share in SHARES:
        count = round(share * len(moods))
        chance = np.sort(draw.choice(len(moods), count, replace=False))
        found[f"{share:.2%} at random"] = RowSet(chance, len(moods))
        found[f"{share:.2%} by mood"] = RowSet(np.sort(descending[:count]), len(moods))
    return found


def compare(
    index: VectorEngine,
    flat: faiss.IndexFlatL2,
    queries: NDArray[np.float32],
    within: RowSet | None,
    rounds: int,
) -> dict[str, Any]:
    """Times of both, and of the scan's answers, which ones a search finds and to the bit as far away."""
    selector = faiss.SearchParameters()
    if within is not None:
        inside = np.zeros(within.size, np.bool_)
        inside[within.rows] = True
        selector.sel = faiss.IDSelectorBitmap(np.packbits(inside, bitorder="little"))
    faiss.omp_set_num_threads(1)
    calls = {
        "ambiance": lambda i: index.search(_block(queries, i, 1), K, within),
        "faiss flat": lambda i: flat.search(_block(queries, i, 1), K, params=selector),
    }
    seconds = alternate(calls, rounds=rounds, count=min(len(queries), max(5, int(2e7 / flat.ntotal))))
    ours = alternate({"ambiance": calls["ambiance"]}, rounds=rounds, count=min(1_000, len(queries)))
    distances, rows = index.search(queries, K, within)
    true_distances, true_rows = flat.search(queries, K, params=selector)
    found = [len(np.intersect1d(one, other)) for one, other in zip(rows, true_rows, strict=True)]
    return {
        "clips": flat.ntotal if within is None else len(within),
        "timings": timings(seconds | ours),
        "ratio": ratio(seconds["faiss flat"], seconds["ambiance"]),
        "queries": len(queries),
        "recall_at_10": float(np.sum(found) / true_rows.size),
        "equal_to_the_bit": float(((rows == true_rows) & (distances == true_distances)).mean()),
    }


def mapped_bytes(path: Path) -> int:
    """Bytes of files under a path that this process has in memory as mappings."""
    held, counted = 0, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        first, *rest = line.split()
        if first == "Rss:":
            held += counted * int(rest[0]) * 1024
        elif "-" in first:
            counted = rest[-1].startswith(str(path.resolve()))
    return held


def _block(queries: NDArray[np.float32], number: int, size: int) -> NDArray[np.float32]:
    """Of all blocks of so many queries, the one of a number; after the last comes the first."""
    start = number * size % max(1, len(queries) - size + 1)
    return queries[start : start + size]
