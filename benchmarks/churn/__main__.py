"""`python -m churn`: a catalogue that changes while it is searched, and how fast one is written."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ambiance import artifacts
from bench.processes import Running, serving
from churn.catalogue import LikeReleased, fill
from churn.searching import Searcher
from churn.watch import Watch
from churn.writing import churning, write_rates
from music_index_service.loading import load_release

_INDEX = "songs"


def main(argv: Sequence[str] | None = None) -> int:
    """Print figures as JSON."""
    options = _parse(argv)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        data = options.data or Path(folder, "data")
        if not (data / _INDEX).exists():
            _say(f"making {options.clips:,} clips")
            _make(data / _INDEX, options)
        flags = ("--artifacts", str(options.artifacts.resolve()), "--data", str(data.resolve()))
        with serving("music_index_service", *flags) as service:
            figures = {"start, s": service.start_seconds}
            figures |= _searched(service, options)
        with serving("music_index_service", *flags[:2], "--data", str(Path(folder, "written"))) as service:
            figures |= write_rates(service.target, options.artifacts, "written", options.written)
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}, indent=2))
    return 0


def _make(folder: Path, options: argparse.Namespace) -> None:
    """A store of clips, and all of them compacted."""
    fill(folder / "clips.sqlite", LikeReleased(options.artifacts), options.clips)
    version = artifacts.versions(options.artifacts, artifacts.MUSIC_INDEX)[-1]
    command = [sys.executable, "-m", "music_index_service.live.compaction"]
    command += ["--store", str(folder / "clips.sqlite"), "--segments", str(folder / "segments")]
    command += ["--artifacts", str(options.artifacts), "--model-version", str(version)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as compaction:  # it ends when its input does
        if compaction.wait():
            raise RuntimeError("not compacted, see above")


def _searched(service: Running, options: argparse.Namespace) -> dict[str, float]:
    """Times of searches of the fresh index, while it changes, and when all that is compacted."""
    model = load_release("model", options.artifacts).placement
    assert model is not None
    changes = round(options.share * options.clips)
    watch = Watch(service.process.pid)
    with Searcher(service.target, _INDEX, model) as searcher:
        time.sleep(options.seconds / 8)  # until what is kept of clips is
        began = time.monotonic()
        time.sleep(options.seconds / 2)
        changed = time.monotonic()
        _say(f"changing {changes:,} clips in {options.seconds:.0f} s")
        churn = (service.target, _INDEX, options.artifacts, options.clips, changes, options.seconds)
        with churning(*churn):
            pass
        ended = time.monotonic()
        _say("waiting until they are compacted")
        while (last := watch.compacting[-1][1] if watch.compacting else ended) > time.monotonic() - 5:
            time.sleep(1)
        settled = time.monotonic()
        time.sleep(options.seconds / 2)
    watch.stop()
    during = searcher.between(changed, max(ended, last))
    compacting = [seconds for at, seconds in during.items() if watch.is_compacting(at)]
    others = [seconds for at, seconds in during.items() if not watch.is_compacting(at)]
    figures = {
        **_quantiles("fresh", list(searcher.between(began, changed).values())),
        **_quantiles("changing", others),
        **_quantiles("changing and compacting", compacting),
        **_quantiles("compacted again", list(searcher.between(settled, np.inf).values())),
        "changes/s": changes / (ended - changed),
        "service, MB at first": watch.service_mb[0],
        "service, MB at most": max(watch.service_mb),
        "service, MB at last": watch.service_mb[-1],
        "compaction, MB at most": watch.child_mb,
    }
    for i, (begun, done) in enumerate(watch.compacting):
        figures[f"compaction {i + 1}, s"] = done - begun
    return figures


def _quantiles(name: str, seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    p50, p99 = (1e3 * np.quantile(seconds, [0.5, 0.99])).tolist()
    return {f"{name}, ms p50": p50, f"{name}, ms p99": p99, f"{name}, searches": len(seconds)}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m churn", description=__doc__)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="default: %(default)s")
    parser.add_argument(
        "--clips", type=int, default=1_000_000, help="of the catalogue (default: %(default)s)"
    )
    parser.add_argument(
        "--share", type=float, default=0.05, help="of them that changes (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=120, help="in which it changes (default: %(default)s)"
    )
    parser.add_argument(
        "--written", type=int, default=100_000, help="clips written to measure rates (default: %(default)s)"
    )
    parser.add_argument("--data", type=Path, help="folder of an index to change, made by an earlier run")
    parser.add_argument("--folder", type=Path, help="on the disk to measure (default: the system's)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
