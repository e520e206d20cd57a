"""What load tests found (`make load`): calls a second, latency against rate, overload. Reads the latest
results of whole tests on this machine, of the cluster and of the one process that is all three services; it
measures nothing itself."""

import json
import shutil
from pathlib import Path
from typing import Any

from bench.options import Options
from load.target import is_loopback

CLUSTER, ONE_PROCESS = "cluster", "one process"
RESULT = "result.json"
PICTURE = "rates.png"

_PERCENTILES = ("p50", "p90", "p99", "p99.9")
_NAMED_STEPS = ("knee", "at_80", "echo_at_80", "overload")
_CROSS_CHECKS = ("h2load",)
_WHOLE = {"unloaded", "throughput", "rates"}  # phases


def measure(options: Options) -> dict[str, Any]:
    """The latest load test of each kind; the picture of the cluster's is copied beside the figures."""
    found = latest(options.loads)
    if not found:
        where = f"there is no whole load test of this machine in {options.loads}"
        return {"skipped": f"{where}; `make load` runs one"}
    if CLUSTER in found and (picture := found[CLUSTER].with_name(PICTURE)).is_file():
        options.out.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, options.out / PICTURE)
    return {kind: summary(_read(path)) for kind, path in found.items()}


def latest(folder: Path) -> dict[str, Path]:
    """The result of the whole load test of each kind that started last."""
    results = {path: _read(path) for path in folder.glob(f"*/{RESULT}")}
    whole = sorted((result["started"], path) for path, result in results.items() if is_whole(result))
    return {ONE_PROCESS if results[path]["one_process"] else CLUSTER: path for _, path in whole}


def is_whole(result: dict[str, Any]) -> bool:
    """Whether a load test took its time, left nothing out and loaded this machine."""
    options = result["options"]
    if not _WHOLE.issubset(options.get("phases", ())):  # older tests didn't note them
        return False
    return not options["quick"] and not options["rate"] and is_loopback(options["target"])


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """What the page needs of a load test's result."""
    return {
        "started": result["started"],
        "revision": result["machine"]["revision"],
        "texts": result["texts"],
        "figures": {figure["name"]: figure["value"] for figure in result["figures"]},
        "calls_per_s": {name: each["calls_per_s"] for name, each in result.get("throughput", {}).items()},
        **{name: step_summary(result[name]) for name in _NAMED_STEPS if name in result},
        **{name: result[name] for name in _CROSS_CHECKS if name in result},
    }


def step_summary(step: dict[str, Any]) -> dict[str, Any]:
    """A rate, what was answered of it, and how soon."""
    latency = step["latency_ms"]
    return {
        "offered_per_s": step["offered_per_s"],
        "achieved_per_s": step["achieved_per_s"],
        "error_rate": step["error_rate"],
        "latency_ms": {name: latency[name] for name in _PERCENTILES if name in latency},
    }


def _read(path: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result
