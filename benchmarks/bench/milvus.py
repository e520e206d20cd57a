"""Search of the released vectors beside milvus-lite, which answers from a process and, if need be, an
environment of its own; blocks of both alternate."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance import artifacts
from bench.figures import ratio, timings
from bench.in_process import all_vectors, load_vectors
from bench.options import Options
from bench.timing import Seconds, time_calls
from music_index_service.engines import VectorEngine
from music_index_service.filtering.row_set import RowSet

K = 10
GROUPS = 20  # one clip in twenty passes the filter
EXPRESSION = "group == 3"
OURS, KINDS = "ours", ("FLAT", "IVF_FLAT")
CHILD = Path(__file__).with_name("milvus_child.py")


def measure(options: Options) -> dict[str, Any]:
    """Times in each space of the released index, with and without a filter; or why there are none."""
    python = str(options.milvus_python or sys.executable)
    if not _installed(python):
        return {"skipped": "milvus-lite isn't installed; --milvus-python names an interpreter that has it"}
    artifact = artifacts.load(options.artifacts, artifacts.MUSIC_INDEX)
    rounds, count = (1, 5) if options.quick else (10, 20)
    spaces = artifact.manifest.spaces[: 1 if options.quick else None]
    indexes = [load_vectors(options.artifacts, space.name) for space in spaces]
    return {index.space.name: _compare(index, python, rounds, count) for index in indexes}


def _compare(index: VectorEngine, python: str, rounds: int, count: int) -> dict[str, Any]:
    groups = np.arange(index.size) % GROUPS
    within = RowSet(np.flatnonzero(groups == int(EXPRESSION.rsplit(maxsplit=1)[-1])), index.size)
    queries = _queries(index, rounds * count).reshape(rounds, count, -1)
    with _milvus(python, all_vectors(index), groups) as milvus:
        figures = {
            name: _alternate(index, milvus, queries, expression, rows)
            for name, expression, rows in (("all", "", None), ("filtered", EXPRESSION, within))
        }
        return {"clips": index.size, "dimension": index.space.dimension, "build_s": milvus.build_s} | figures


def _alternate(
    index: VectorEngine,
    milvus: "_Milvus",
    queries: NDArray[np.float32],
    expression: str,
    within: RowSet | None,
) -> dict[str, Any]:
    """One round of each kind after another over queries <float32>[rounds, count, dimension]."""
    seconds: dict[str, list[Seconds]] = {kind: [] for kind in (OURS, *KINDS)}
    recalled = dict.fromkeys(KINDS, 0)
    for block in queries:
        seconds[OURS].append(
            time_calls(
                lambda number, block=block: index.search(block[number : number + 1], K, within), len(block)
            )
        )
        exact = index.search(block, K, within)[1]
        for kind in KINDS:
            answer = milvus.ask(kind=kind, queries=block.tolist(), k=K, expression=expression)
            seconds[kind].append(np.array(answer["seconds"]))
            recalled[kind] += sum(map(_overlap, exact.tolist(), answer["rows"]))
    rows = {kind: np.stack(each) for kind, each in seconds.items()}
    return {
        "timings": timings(rows),
        "recall_at_10": {
            kind: hits / (queries.shape[0] * queries.shape[1] * K) for kind, hits in recalled.items()
        },
        "ratios": {f"{kind} / {OURS}": ratio(rows[kind], rows[OURS]) for kind in KINDS},
    }


def _overlap(one: list[int], other: list[int]) -> int:
    return len(set(one) & set(other))


def _queries(index: VectorEngine, count: int) -> NDArray[np.float32]:
    """<float32>[count, dimension] points between two clips each."""
    vectors, rng = all_vectors(index), np.random.default_rng(0)
    one, other = rng.integers(len(vectors), size=(2, count))
    return (vectors[one] + vectors[other]) / 2


class _Milvus:
    """The child process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.build_s: dict[str, float] = self._read()["build_s"]

    def ask(self, **request: Any) -> dict[str, Any]:
        """See `milvus_child.answer`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"milvus-lite ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def _milvus(python: str, vectors: NDArray[np.float32], groups: NDArray[np.int64]) -> Iterator[_Milvus]:
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "vectors.npy", vectors)
        np.save(Path(folder) / "groups.npy", groups)
        process = subprocess.Popen(
            [python, str(CHILD), folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with process:
            yield _Milvus(process)
            assert process.stdin is not None
            process.stdin.close()


def _installed(python: str) -> bool:
    """Whether an interpreter finds what the child needs; without importing it."""
    program = (
        "from importlib.util import find_spec as f; assert f('pymilvus') and f('milvus_lite') and f('numpy')"
    )
    return subprocess.run([python, "-c", program], capture_output=True, check=False).returncode == 0
