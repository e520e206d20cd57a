"""`python -m training.release.seeds`: train the release's recipe from several random seeds, two at a time.

How far their figures differ is what the gate allows, and what the model card says of the recipe.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

with Extra("training", "python -m training.release.seeds") as extra:
    from ambiance.artifacts import TEXT_TEACHER, versions
    from training.evaluate.released import PARTS
    from training.release.jobs import train_release

LOG_FILE = "train.log"


@extra
def main() -> None:
    """Read the flags, train what isn't there yet."""
    parser = argparse.ArgumentParser(
        prog="python -m training.release.seeds", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 1")
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder of the teacher")
    parser.add_argument("--runs", type=Path, default=Path("runs/seeds"), help="takes a folder for each seed")
    parser.add_argument("--processes", type=int, default=2, help="trainings at the same time, a core each")
    flags = parser.parse_args()
    try:
        if not versions(flags.artifacts, TEXT_TEACHER):
            sys.exit(f"{flags.artifacts}: holds no teacher yet; `make teacher` trains one")
        train_seeds(range(1, flags.seeds + 1), flags.artifacts, flags.runs, flags.processes)
    except AmbianceError as error:
        sys.exit(f"{error}; {LOG_FILE} there says why")


def train_seeds(seeds: range, teacher_root: Path, runs: Path, processes: int) -> None:
    """Train each seed into a folder of its number; one that holds every part is left as it is.

    Raises:
        JobError: if a job failed; the others run to their end first.
    """
    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(lambda seed: _train_seed(seed, teacher_root, runs / str(seed)), seeds))


def _train_seed(seed: int, teacher_root: Path, root: Path) -> None:
    if all(versions(root, kind) for kind in PARTS):
        print(f"seed {seed}: in {root} already")
        return
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOG_FILE).open("w", encoding="utf-8") as log:
        train_release(root, teacher_root, seed, log=log)
    print(f"seed {seed}: trained into {root}")


if __name__ == "__main__":
    main()
