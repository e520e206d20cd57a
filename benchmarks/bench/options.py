"""What one run of the benchmarks was asked for; each group of them is `measure(options) -> figures`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Where a run finds what it measures, and how long it may take."""

    quick: bool = False  # a smoke test of the benchmarks: few repetitions, small counts
    out: Path = Path("runs/bench")  # figures, one JSON file a group
    artifacts: Path = Path("artifacts")  # the released models and index
    scaled: Path = Path("runs/scaled")  # larger indexes, made by `python -m training.index.scaled`
    loads: Path = Path("runs/load")  # what `make load` wrote, a folder each
    milvus_python: Path | None = None  # an interpreter that has milvus-lite; None: this one, if it has it
    py_spy: Path | None = None  # the profiler; None: the one on the path, if there is one
