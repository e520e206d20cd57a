"""The machine and the versions that a run's figures are of."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = (
    "grpcio",
    "faiss-cpu",
    "ai-edge-litert",
    "numpy",
    "protobuf",
    "pyarrow",
    "tokenizers",
    "tensorflow",
)


def describe_machine() -> dict[str, Any]:
    """Cores, processor, memory, kernel, Python, libraries, revision and load, as plain values."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _field("/proc/cpuinfo", "model name"),
        "memory_mb": int(_field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
        "revision": _revision(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def _field(path: str, name: str) -> str:
    """The first value of a name in a file of "name: value" lines."""
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "0" if name == "MemTotal" else "unknown"


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _revision() -> str:
    """The commit of the working tree, marked if it holds changes; empty outside a repository."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return done.stdout.strip()
