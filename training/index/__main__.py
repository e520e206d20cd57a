"""`python -m training.index`: publish the next version of the music index.

It holds the music of the splits `bal_train` and `eval`; `--splits unbal_train bal_train eval` makes it hold
all of AudioSet's.
"""

import argparse
import os
import sys
from pathlib import Path

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

with Extra("training", "python -m training.index") as extra:
    from training.data.audioset import SPLITS
    from training.index.config import IndexConfig
    from training.index.spool_workers import MAX_WORKERS, SpoolSettings

SPOOL = Path("runs/index_spool")


@extra
def main() -> None:
    """Read the flags, run the job, say what was published."""
    flags = _parser().parse_args()
    # Here, because the job's worker processes import this file again and need none of TensorFlow.
    from training.index.job import run  # noqa: PLC0415

    try:
        config = IndexConfig(
            splits=tuple(flags.splits),
            encoder_version=flags.encoder_version,
            text_version=flags.text_version,
            seed=flags.seed,
        )
        artifact = run(config, flags.artifacts, spool_settings=SpoolSettings(flags.spool, flags.workers))
    except AmbianceError as error:
        sys.exit(str(error))
    print(f"{artifact.path}: {artifact.manifest.counts}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.index", description=__doc__, allow_abbrev=False)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder to publish into")
    parser.add_argument("--encoder-version", type=int, help="of the music encoder; the largest by default")
    parser.add_argument("--text-version", type=int, help="of the text encoder; the largest by default")
    parser.add_argument("--seed", type=int, default=IndexConfig.seed, help="of every random number")
    parser.add_argument(
        "--splits",
        nargs="+",
        choices=SPLITS,
        default=IndexConfig.splits,
        help="of AudioSet, to be indexed",
    )
    parser.add_argument(
        "--spool",
        type=Path,
        default=SPOOL,
        help="folder for what is encoded, from which a job that is run again goes on (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=_workers,
        default=len(os.sched_getaffinity(0)),
        help="processes that parse and encode (default: one a core)",
    )
    return parser


def _workers(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if not 1 <= count <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"1 to {MAX_WORKERS} processes, got {text}")
    return count


if __name__ == "__main__":
    main()
