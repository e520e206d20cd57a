"""`python -m music_index_service.milvus`: publishes a release to Milvus, below what was written there."""

import ambiance.server.grpc_environment  # noqa: F401, I001  # first: gRPC reads it as it is imported

import sys
from collections.abc import Sequence

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

PROGRAM = "ambiance-publish-to-milvus"

with Extra("milvus", PROGRAM) as extra:
    from ambiance.server.settings import load_settings
    from music_index_service.loading import load_release
    from music_index_service.milvus.application import indexes_of
    from music_index_service.milvus.indexes import RELEASED_INDEX
    from music_index_service.milvus.publishing import publish
    from music_index_service.milvus.release import ReleasedIndex
    from music_index_service.settings import MusicIndexSettings


@extra
def main(argv: Sequence[str] | None = None) -> int:
    """Publish every index on the model of the release; the flags are those of the service."""
    settings = load_settings(MusicIndexSettings, PROGRAM, argv)
    try:
        release = load_release(RELEASED_INDEX, settings.artifacts, settings.artifact_version)
        indexes = indexes_of(settings, release)
        for name in sorted({RELEASED_INDEX, *indexes.names()}):
            over = ReleasedIndex(release.index.segments[0]) if name == RELEASED_INDEX else None
            index = publish(indexes, name, over)
            sys.stdout.write(f"{name}: {len(index):,} clips on version {index.model.version}\n")
    except AmbianceError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
