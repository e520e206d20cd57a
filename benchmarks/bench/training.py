"""From AudioSet's TFRecords to a published index, at AudioSet's size: the job itself, timed stage by stage.

`PYTHONPATH=benchmarks python -m bench.training --clips 100000` runs it alone. It needs the real data sets, of
which its own are made, room for 1.6 KB a clip under `runs/`, and a machine that has nothing else to do.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.memory import PeakMemory
from bench.options import Options
from bench.processes import ROOT
from bench.training_files import write_data_set
from training.data.sources import data_dir

CLIPS, QUICK_CLIPS = 2_084_320, 20_000
MUSIC_SHARE = 0.5  # of AudioSet: 1,011,305 of its clips are labelled Music

RUNS = ROOT / "runs"


def measure(options: Options) -> dict[str, Any]:
    """Figures of one run of the job, and of its first stage taken up again; if quick, of that stage alone.

    Raises:
        DataError: if the data sets aren't there.
    """
    if options.quick:
        return measure_job(QUICK_CLIPS, MUSIC_SHARE, options.artifacts, hear_only=True)
    return measure_job(CLIPS, MUSIC_SHARE, options.artifacts)


def measure_job(clips: int, music_share: float, encoders: Path, *, hear_only: bool = False) -> dict[str, Any]:
    """Write a data set of so many clips, make an index of it, remove both; returns the figures.

    Args:
        clips: from 1.
        music_share: of the clips, that are pieces of music.
        encoders: folder of the released encoders.
        hear_only: read and encode the clips, and stop there.
    """
    RUNS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RUNS, prefix="bench_training_") as name:
        folder = Path(name)
        write_data_set(data_dir(), folder / "data", clips, music_share)
        (folder / "artifacts").mkdir()
        for kind in ("music_encoder", "text_encoder"):
            (folder / "artifacts" / kind).symlink_to((encoders / kind).resolve())
        job, memory = _child(folder, *(["--hear-only"] if hear_only else []))
        again, _ = _child(folder, "--hear-only")
        for file in sorted((folder / "spool").glob("*.spool"))[::2]:
            file.unlink()
        half, _ = _child(folder, "--hear-only")
    return _figures(clips, job) | {
        "peak_resident_mb": memory,
        "heard_again": {"all": again["whole"], "half": half["whole"]},
    }


def _figures(clips: int, job: dict[str, Any]) -> dict[str, Any]:
    """The job's figures, with clips a second at each stage and from end to end."""
    for stage in (*job["stages"].values(), job["whole"]):
        stage["clips_per_s"] = round(clips / max(stage["seconds"], 0.01))
    return {"clips": clips, "cores": len(os.sched_getaffinity(0))} | job


def _child(folder: Path, *flags: str) -> tuple[dict[str, Any], dict[str, float]]:
    """What `bench.training_child` measured, and the most memory that it and its workers held."""
    command = [sys.executable, "-m", "bench.training_child", str(folder), *flags]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "benchmarks")}
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out)
        memory = PeakMemory(process.pid)
        while process.poll() is None:
            memory.look()
            time.sleep(0.1)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: ended with {process.returncode}")
        out.seek(0)
        return json.loads(out.read().splitlines()[-1]), memory.figures()


def main() -> None:
    """Run it alone and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--music-share", type=float, default=MUSIC_SHARE)
    parser.add_argument("--artifacts", type=Path, default=ROOT / "artifacts")
    parser.add_argument("--hear-only", action="store_true", help="read and encode, and stop there")
    flags = parser.parse_args()
    figures = measure_job(flags.clips, flags.music_share, flags.artifacts, hear_only=flags.hear_only)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
