"""A profile of the gateway under load, taken from outside by py-spy: a flame graph, and which files of code
hold the interpreter's lock. Skipped where py-spy isn't installed or may not look at another process."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import grpc

from ambiance.channel import CHANNEL_OPTIONS
from bench.cluster import running_cluster
from bench.matching import MATCH, match_calls
from bench.options import Options

CALLERS = 8  # matches in flight
SAMPLES_PER_S = 200
PICTURE = "gateway.svg"
TOP_FILES = 8  # that the figures name

_FRAME = re.compile(r"\((?P<file>[^()]*?)(?::\d+)?\)$")


def measure(options: Options) -> dict[str, Any]:
    """Write the flame graph beside the figures; returns the shares of samples by file, innermost frame."""
    if options.py_spy is None:
        return {"skipped": "py-spy isn't installed; --py-spy names it"}
    seconds = 1 if options.quick else 8
    options.out.mkdir(parents=True, exist_ok=True)
    picture, stacks = options.out / PICTURE, options.out / "gateway.stacks"
    with running_cluster(options.artifacts) as cluster, _load(cluster.gateway.target):
        process = cluster.gateway.process.pid
        trouble = record(options.py_spy, process, seconds, "flamegraph", picture)
        trouble = trouble or record(options.py_spy, process, seconds, "raw", stacks)
    if trouble:
        return {"skipped": trouble}
    shares = shares_by_file(stacks.read_text(encoding="utf-8").splitlines())
    stacks.unlink()
    return {"picture": PICTURE, "seconds": seconds, "callers": CALLERS, "share_of_samples": shares}


def record(py_spy: Path, process: int, seconds: int, form: str, output: Path) -> str:
    """Sample a process; returns why it couldn't be, empty if it was."""
    # The picture is titled with the command: bare names, and where they lie aside.
    command = [py_spy.name, "record", "--pid", str(process), "--duration", str(seconds)]
    # Threads that wait for work look busy from outside; what holds the interpreter's lock is at work.
    command += ["--gil", "--rate", str(SAMPLES_PER_S), "--format", form, "--output", output.name]
    done = subprocess.run(
        command,
        executable=py_spy.resolve(),
        cwd=output.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["py-spy failed"])[-1]


def shares_by_file(stacks: list[str]) -> dict[str, float]:
    """Share of the samples whose innermost frame is in each file, the most frequent files first.

    Args:
        stacks: py-spy's raw format, "frame (file:line);...;frame (file:line) count".
    """
    counts: Counter[str] = Counter()
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        found = _FRAME.search(frames.rpartition(";")[2])
        counts[found["file"] if found else "other"] += int(count)
    total = max(counts.total(), 1)
    return {file: round(count / total, 3) for file, count in counts.most_common(TOP_FILES)}


@contextmanager
def _load(target: str) -> Iterator[None]:
    """Match again and again in CALLERS threads until the block ends."""
    stop = Event()

    def ask(match: Any) -> None:
        number = 0
        while not stop.is_set():
            match(number)
            number += 1

    with (
        grpc.insecure_channel(target, options=CHANNEL_OPTIONS) as channel,
        ThreadPoolExecutor(CALLERS) as pool,
    ):
        callers = [pool.submit(ask, match_calls(channel)[MATCH]) for _ in range(CALLERS)]
        try:
            yield
        finally:
            stop.set()
        for caller in callers:
            caller.result()
