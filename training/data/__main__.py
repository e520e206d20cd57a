"""`python -m training.data`: have the data sets on this machine, whole, and print what they hold."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

with Extra("training", "python -m training.data") as extra:
    from training.data.download import download
    from training.data.published_counts import describe
    from training.data.shards import ARCHIVE, verify_archive
    from training.data.sources import DOWNLOADS, SOURCES, data_dir, verify


@extra
def main() -> None:
    """Fetch what is missing, verify every file, print the facts."""
    argparse.ArgumentParser(prog="python -m training.data", description=__doc__).parse_args()
    try:
        for line in prepare(data_dir()):
            print(line)
    except AmbianceError as error:
        sys.exit(str(error))


def prepare(folder: Path) -> Iterator[str]:
    """Make the data sets in a folder ready; yield what was found. A mirror is never written to."""
    yield f"data sets in {folder}"
    if folder == DOWNLOADS:
        for source in SOURCES:
            if not (folder / source.path).exists():
                check = verify_archive if source.path.endswith(ARCHIVE) else None
                download(source, folder / source.path, check)
    verify(folder)
    yield from describe(folder)


if __name__ == "__main__":
    main()
