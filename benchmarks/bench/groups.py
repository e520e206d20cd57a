"""The groups of benchmarks: what each is about, and how it is run in a process of its own, so that none finds
another's threads, imports or memory."""

import multiprocessing
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Literal

from bench.ending import exit_on_terminate
from bench.machine import describe_machine
from bench.options import Options
from training.lifetimes import end_with_parent


@dataclass(frozen=True)
class Group:
    """Benchmarks that are run together; `bench.<name>` has `measure(options) -> figures`."""

    name: str
    title: str
    runs: Literal["always", "unless quick", "if named"] = "always"


GROUPS: Mapping[str, Group] = {
    group.name: group
    for group in (
        Group("steadiness", "The machine's own steadiness"),
        Group("matching", "A match over the wire beside echoes"),
        Group("handlers", "Each service's handler within one process"),
        Group("stages", "Where the time of a match goes"),
        Group("encode", "A text through the text encoder"),
        Group("search", "Search, from ten thousand clips to twenty million"),
        Group("engines", "Search beside every way of FAISS's", "if named"),
        Group("filters", "Which clips a filter lets through"),
        Group("seed", "A text to its clips within one process, beside the seed", "unless quick"),
        Group("milvus", "Search beside milvus-lite", "unless quick"),
        Group("cold_start", "Start, memory and first call of each process"),
        Group("throughput", "Throughput and overload, from the latest load test"),
        # takes as long as all the others but the engines
        Group("training", "From AudioSet's files to a published index", "if named"),
        Group("flame", "A profile of the gateway under load"),
    )
}


def run_group(group: Group, options: Options) -> dict[str, Any]:
    """Measure in a fresh process; returns the figures with machine, time and duration beside them.

    Raises:
        whatever the group raises; ModuleNotFoundError if it needs what isn't installed.
    """
    start, taken, machine = time.perf_counter(), datetime.now(UTC), describe_machine()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, _begin) as pool:
        figures = pool.submit(_measure, group.name, options).result()
    return {
        "group": group.name,
        "taken": taken.isoformat(timespec="seconds"),
        "quick": options.quick,
        "seconds": round(time.perf_counter() - start, 1),
        "machine": machine,
        "figures": figures,
    }


def _begin() -> None:
    end_with_parent()
    exit_on_terminate()


def _measure(name: str, options: Options) -> dict[str, Any]:
    figures: dict[str, Any] = import_module(f"bench.{name}").measure(options)
    return figures
