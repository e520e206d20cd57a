"""`python benchmarks/store_rates.py --folder DIR`: how fast the store of written clips is on that disk.

Documents of 1 kB, ids like those of released clips. The reference is sqlite3's `executemany` of the same rows
into a table of the same columns, without checksums, under the same journal and the same flushing.
"""

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from music_index_service.store.store import Change, State, Store

BATCH = 1_000
DOCUMENT_BYTES = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="on the disk to measure")
    parser.add_argument("--batches", type=int, default=100, help="of 1,000 clips, in the smaller store")
    parser.add_argument("--large", type=int, default=1_000, help="batches in the larger one")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        with Store.open(Path(folder, "a", "clips.sqlite")) as store:
            for writers in (1, 16):
                figures[f"commits/s, {writers} writers"] = commits_per_second(store, writers)
        for name, beside in (("", idle), (" beside a busy thread", busy_thread)):
            count = options.batches if beside is idle else max(1, options.batches // 10)
            with Store.open(Path(folder, f"b{name}", "clips.sqlite")) as store, beside():
                figures[f"rows/s{name}"] = rows_per_second(store, count)
            count = count if beside is idle else max(1, count // 10)
            with beside():
                figures[f"rows/s{name}, reference"] = reference_rows_per_second(
                    Path(folder, f"c{name}"), count
                )
        figures |= large(Path(folder, "d", "clips.sqlite"), options.large)
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=2))


def batches(count: int) -> Iterator[list[Change]]:
    rng = random.Random(0)
    for _ in range(count):
        yield [written(rng) for _ in range(BATCH)]


def written(rng: random.Random) -> Change:
    clip_id = f"{rng.getrandbits(44):011x}@{rng.randrange(300)}"
    return Change(clip_id, State.WRITTEN, rng.randbytes(DOCUMENT_BYTES))


def commits_per_second(store: Store, writers: int, seconds: float = 3.0) -> float:
    end = time.monotonic() + seconds

    def write(seed: int) -> int:
        rng, count = random.Random(seed), 0
        while time.monotonic() < end:
            store.commit([written(rng)])
            count += 1
        return count

    with ThreadPoolExecutor(writers) as pool:
        return sum(pool.map(write, range(writers))) / seconds


def rows_per_second(store: Store, count: int) -> float:
    """Of the time in `commit` alone."""
    return count * BATCH / sum(timed(lambda batch=batch: store.commit(batch)) for batch in batches(count))


def reference_rows_per_second(path: Path, count: int) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE clips (clip_id TEXT PRIMARY KEY, sequence INTEGER, state INTEGER, document BLOB)"
    )
    connection.execute("CREATE INDEX by_sequence ON clips (sequence, state)")

    def commit(sequence: int, batch: list[Change]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        rows = [(change.clip_id, sequence, change.state, change.document) for change in batch]
        connection.executemany("INSERT OR REPLACE INTO clips VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")

    seconds = sum(timed(lambda i=i, batch=batch: commit(i, batch)) for i, batch in enumerate(batches(count)))
    connection.close()
    return count * BATCH / seconds


def large(path: Path, count: int) -> dict[str, float]:
    """A store of so many batches: how fast the last tenth is written, and how fast it is opened and read."""
    figures: dict[str, float] = {}
    with Store.open(path) as store:
        seconds = [timed(lambda batch=batch: store.commit(batch)) for batch in batches(count)]
        last = max(1, count // 10)
        figures[f"rows/s, the last of {count * BATCH:,}"] = last * BATCH / sum(seconds[-last:])
    began = time.perf_counter()
    with Store.open(path) as store:
        figures["open, s"] = time.perf_counter() - began
        figures["count, s"] = timed(lambda: store.count(State.WRITTEN))
        figures["since(0), rows/s"] = count * BATCH / timed(lambda: sum(1 for _ in store.since(0)))
        with busy_thread():
            few = max(0, count - 20)
            rows = min(count, 20) * BATCH
            figures["since beside a busy thread, rows/s"] = rows / timed(
                lambda: sum(1 for _ in store.since(few))
            )
        ids = [change.clip_id for change in next(batches(1))]
        figures["get of 1,000, s"] = timed(lambda: store.get(ids))
        figures["get of 1, s"] = timed(lambda: store.get(ids[:1]))
    figures["file, bytes a clip"] = path.stat().st_size / (count * BATCH)
    return figures


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def idle() -> Iterator[None]:
    yield


@contextmanager
def busy_thread() -> Iterator[None]:
    """A thread that holds the interpreter's lock whenever it may, as one that answers requests does."""
    ended = threading.Event()

    def compute() -> None:
        while not ended.is_set():
            sum(range(100))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()
