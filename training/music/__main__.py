"""`python -m training.music`: train the music encoder and publish its next version."""

import argparse
import sys
from pathlib import Path

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

with Extra("training", "python -m training.music") as extra:
    from ambiance.artifacts import Artifact
    from training.music.config import RECIPES, SPLITS, MusicConfig
    from training.music.job import run


@extra
def main() -> None:
    """Read the flags, run the job, say what was published."""
    defaults = MusicConfig()
    parser = argparse.ArgumentParser(prog="python -m training.music", description=__doc__, allow_abbrev=False)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder to publish into")
    parser.add_argument("--recipe", choices=RECIPES, default=defaults.recipe)
    parser.add_argument("--seed", type=int, default=defaults.seed, help="of every random number")
    parser.add_argument(
        "--split", choices=SPLITS, help="of AudioSet; by default unbal_train if it is there, else bal_train"
    )
    flags = parser.parse_args()
    config = MusicConfig(recipe=flags.recipe, seed=flags.seed, split=flags.split)
    try:
        artifact = run(config, flags.artifacts, verbose=True)
    except AmbianceError as error:
        sys.exit(str(error))
    print(_published_line(artifact))


def _published_line(artifact: Artifact) -> str:
    """Where a version was published, and the headline figures it was published with."""
    parts = [f"{artifact.path}:"]
    for measured_on, summary in artifact.manifest.quality.items():
        if "micro_precision" not in summary:
            continue
        figures = ", ".join(
            f"{name.replace('_', ' ')} {summary[name]:.3f}"
            for name in ("micro_precision", "macro_precision", "macro_f1")
        )
        parts.append(f"{measured_on.replace('_', ' ')}: {figures}")
    return " ".join(parts)


if __name__ == "__main__":
    main()
