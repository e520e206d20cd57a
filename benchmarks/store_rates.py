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
    parser.add_argument(
        "--batches", type=int, default=1_000, help="of 1,000 clips, in a store (default: %(default)s)"
    )
    options = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        with Store.open(Path(folder, "commits", "clips.sqlite")) as store:
            for writers in (1, 16):
                figures[f"commits/s, {writers} at once"] = commits_per_second(store, writers)
        path = Path(folder, "store", "clips.sqlite")
        with Store.open(path) as store:
            seconds = seconds_of(lambda _, batch: store.commit(batch), options.batches)
            figures |= rates("store", seconds)
        figures |= reading(path, options.batches)
        figures |= rates("sqlite3", reference_seconds(Path(folder, "reference"), options.batches))
        with Store.open(Path(folder, "busy", "clips.sqlite")) as store, busy_thread():
            figures |= rates(
                "store beside a busy thread", seconds_of(lambda _, batch: store.commit(batch), 20)
            )
        with busy_thread():
            figures |= rates("sqlite3 beside a busy thread", reference_seconds(Path(folder, "other"), 20))
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=2))


def seconds_of(commit: Callable[[int, list[Change]], object], count: int) -> list[float]:
    """That each batch took."""
    return [timed(lambda i=i, batch=batch: commit(i, batch)) for i, batch in enumerate(batches(count))]


def rates(name: str, seconds: list[float]) -> dict[str, float]:
    """Rows per second of the first and of the last tenth of the batches."""
    tenth = max(1, len(seconds) // 10)
    rows, total = tenth * BATCH, len(seconds) * BATCH
    return {
        f"{name}, rows/s, the first {rows:,}": rows / sum(seconds[:tenth]),
        f"{name}, rows/s, the last {rows:,} of {total:,}": rows / sum(seconds[-tenth:]),
    }


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


def reference_seconds(path: Path, count: int) -> list[float]:
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

    seconds = seconds_of(commit, count)
    connection.close()
    return seconds


def reading(path: Path, count: int) -> dict[str, float]:
    """How fast a store of so many batches is opened and read."""
    figures: dict[str, float] = {}
    began = time.perf_counter()
    with Store.open(path) as store:
        figures["open, s"] = time.perf_counter() - began
        figures["count, s"] = timed(lambda: store.count(State.WRITTEN))
        figures["since(0), rows/s"] = count * BATCH / timed(lambda: sum(1 for _ in store.since(0)))
        with busy_thread():
            few = min(count, 20)
            seconds = timed(lambda: sum(1 for _ in store.since(count - few)))
            figures["since beside a busy thread, rows/s"] = few * BATCH / seconds
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
def busy_thread() -> Iterator[None]:
    """A thread that holds the interpreter's lock whenever it may, as one that answers requests does."""
    ended = threading.Event()

    def compute() -> None:
        while not ended.is_set():
            pass

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()
