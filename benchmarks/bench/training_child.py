"""The index job in a process of its own, its stages timed; `bench.training` reads the last line it prints."""

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

SPLITS = ("unbal_train",)
WORKERS = len(os.sched_getaffinity(0))

# stage -> what the job calls for it
STAGES = {
    "hear": "training.index.job.spool_music",
    "gather": "training.index.job.read_music",
    "place": "training.space.MoodSpace.place",
    "judge": "training.index.job.measure_usage",
    "publish": "training.index.job.artifacts.publish",
}


def main() -> None:
    """Read the flags, run the job or its first stage, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.training_child", description=__doc__)
    parser.add_argument("folder", type=Path, help="that holds data, artifacts and the spool")
    parser.add_argument("--hear-only", action="store_true", help="read and encode, and stop there")
    flags = parser.parse_args()
    measured = hear_only if flags.hear_only else run_job
    print(json.dumps(measured(flags.folder)))


def run_job(folder: Path) -> dict[str, Any]:
    """Seconds and CPU seconds of each stage of the job and of the whole, and what was published."""
    whole = Stopwatch()
    with whole:
        # Imported here: TensorFlow is part of what the job costs, and the workers need none of it.
        from training.index.config import IndexConfig
        from training.index.job import run
        from training.index.spool_workers import SpoolSettings

        with timed(STAGES) as stages:
            spool_settings = SpoolSettings(folder / "spool", WORKERS)
            config = IndexConfig(folder / "data", SPLITS)
            artifact = run(config, folder / "artifacts", spool_settings=spool_settings)
    watches = {name: watch.figures() for name, watch in stages.items()}
    rest = {
        key: round(value - sum(w[key] for w in watches.values()), 2) for key, value in whole.figures().items()
    }
    return {
        "stages": watches | {"other": rest},
        "whole": whole.figures(),
        "counts": artifact.manifest.counts,
        "quality": artifact.manifest.quality["written_corpus"],
    }


def hear_only(folder: Path) -> dict[str, Any]:
    """The first stage alone, with whatever spool files are there."""
    from ambiance import artifacts
    from training.data.ontology import load_ontology
    from training.index.spool import Hearing
    from training.index.spool_workers import SpoolSettings, spool_music
    from training.music.encode import encode_clips

    data = folder / "data"
    encoder = artifacts.load(folder / "artifacts", artifacts.MUSIC_ENCODER)
    pieces = load_ontology(data).musical_piece_classes()
    hearing = Hearing(encoder, encode_clips, pieces)
    with Stopwatch() as watch:
        spool_music(data, SPLITS, hearing, SpoolSettings(folder / "spool", WORKERS))
    return {"stages": {"hear": watch.figures()}, "whole": watch.figures()}


class Stopwatch:
    """Adds up wall and CPU seconds spent inside it, by this process and by its children that have ended."""

    def __init__(self) -> None:
        self.seconds = self.cpu_seconds = 0.0

    def __enter__(self) -> "Stopwatch":
        self._start, self._cpu_start = time.perf_counter(), _cpu_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._start
        self.cpu_seconds += _cpu_seconds() - self._cpu_start

    def figures(self) -> dict[str, float]:
        """Both, to 10 ms."""
        return {"seconds": round(self.seconds, 2), "cpu_seconds": round(self.cpu_seconds, 2)}


@contextmanager
def timed(functions: dict[str, str]) -> Iterator[dict[str, Stopwatch]]:
    """Time every call of these functions, given by where their caller looks them up."""
    watches = {name: Stopwatch() for name in functions}
    with ExitStack() as patches:
        for name, target in functions.items():
            patches.enter_context(patch(target, _watched(resolve_name(target), watches[name])))
        yield watches


def _watched(original: Callable[..., Any], watch: Stopwatch) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        with watch:
            return original(*arguments, **named)

    return call


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
