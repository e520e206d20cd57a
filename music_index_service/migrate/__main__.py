"""`ambiance migrate`: carries an index from a folder of data to Milvus, or back; nobody may write then."""

import ambiance.server.grpc_environment  # noqa: F401, I001  # first: gRPC reads it as it is imported

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

PROGRAM = "ambiance migrate"
DATA, MILVUS = "data:", "milvus:"

with Extra("milvus", PROGRAM) as extra:
    from music_index_service.loading import load_release
    from music_index_service.migrate.data_end import DataEnd
    from music_index_service.migrate.ends import End
    from music_index_service.migrate.migration import migrate
    from music_index_service.migrate.milvus_end import MilvusEnd
    from music_index_service.milvus.indexes import RELEASED_INDEX, MilvusIndexes
    from music_index_service.milvus.model import Model
    from music_index_service.milvus.release import ReleasedIndex
    from music_index_service.milvus.server import Server


@extra
def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns the exit status: 0, 1 for a failure, 2 for bad usage. Errors are one sentence."""
    arguments = _parser().parse_args(argv)
    ends: list[End] = []
    try:
        for place, is_target in ((arguments.source, False), (arguments.target, True)):
            ends.append(_opened(place, arguments.index, arguments.artifacts, make=is_target))
        source, target = ends
        held = migrate(source, target)
    except AmbianceError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return 1
    finally:
        for end in ends:
            end.close()
    sys.stdout.write(f"{arguments.index}: both ends hold {held}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(PROGRAM, description=(__doc__ or "").partition(": ")[2])
    place = f"{DATA}FOLDER or {MILVUS}URI, such as {MILVUS}http://127.0.0.1:19530"
    parser.add_argument("--from", dest="source", required=True, type=_place, help=place)
    parser.add_argument("--to", dest="target", required=True, type=_place, help=place)
    parser.add_argument("--index", default=RELEASED_INDEX, help="name of the index (default: %(default)s)")
    parser.add_argument(
        "--artifacts",
        type=Path,
        default=Path("artifacts"),
        help="folder of the release (default: %(default)s)",
    )
    parser.epilog = "A token of Milvus is read from AMBIANCE_MUSIC_MILVUS_TOKEN."
    return parser


def _place(text: str) -> str:
    if not any(text.startswith(kind) and text != kind for kind in (DATA, MILVUS)):
        raise argparse.ArgumentTypeError(f"{DATA}FOLDER or {MILVUS}URI, got {text!a}")
    return text


def _opened(place: str, index: str, artifacts: Path, *, make: bool) -> "End":
    if place.startswith(DATA):
        return DataEnd(Path(place.removeprefix(DATA)), index, make=make)
    release = load_release(RELEASED_INDEX, artifacts)
    server = Server(place.removeprefix(MILVUS), os.environ.get("AMBIANCE_MUSIC_MILVUS_TOKEN", ""))
    clips = ReleasedIndex(release.index.segments[0])
    return MilvusEnd(MilvusIndexes(server, Model.of(release)), index, clips, make=make)


if __name__ == "__main__":
    sys.exit(main())
