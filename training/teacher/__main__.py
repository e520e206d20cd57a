"""`python -m training.teacher`: fine-tune the teacher and publish what it knows."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

with Extra("teacher", "python -m training.teacher") as extra:
    from training.teacher.config import FLAGS, TeacherConfig
    from training.teacher.job import run


@extra
def main() -> None:
    """Read the flags, run the job, say what was published."""
    defaults = TeacherConfig()
    parser = argparse.ArgumentParser(
        prog="python -m training.teacher", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder to publish into")
    parser.add_argument("--model", help="folder of all-mpnet-base-v2, or hub name; by default as installed")
    for name, meaning in FLAGS.items():
        default = getattr(defaults, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default, help=meaning)
    flags = parser.parse_args()
    config = replace(defaults, model=flags.model, **{name: getattr(flags, name) for name in FLAGS})
    try:
        artifact = run(config, flags.artifacts)
    except AmbianceError as error:
        sys.exit(str(error))
    for entry in artifact.manifest.files:
        print(f"{entry.size_bytes:>12,} bytes  {entry.path}")
    print(f"{artifact.path}: {artifact.manifest.quality}")


if __name__ == "__main__":
    main()
