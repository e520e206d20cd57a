"""The music index service's process: its settings, and what serves with them."""

import ambiance.server.blas_environment  # noqa: I001  # first: numpy reads it as it is imported
import ambiance.server.grpc_environment  # noqa: F401  # first: gRPC reads it as it is imported

import sys
from collections.abc import Sequence
from functools import partial

from ambiance.extras import Extra

PROGRAM = "ambiance-music-index-service"

with Extra("music", PROGRAM) as extra:
    from ambiance.server.artifact_settings import shared_by_workers
    from ambiance.server.process import run
    from ambiance.server.settings import load_settings
    from music_index_service.application import load
    from music_index_service.settings import MusicIndexSettings


@extra
def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; returns the exit status."""
    settings = load_settings(MusicIndexSettings, PROGRAM, argv)
    with shared_by_workers(settings) as settings:
        return run(PROGRAM, settings, partial(load, settings))


if __name__ == "__main__":
    sys.exit(main())
