"""The standalone process, `ambiance serve`: its settings, and what serves with them."""

import ambiance.server.blas_environment  # noqa: I001  # first: numpy reads it as it is imported
import ambiance.server.grpc_environment  # noqa: F401  # first: gRPC reads it as it is imported

import sys
from collections.abc import Sequence
from functools import partial

from ambiance.extras import Extra

PROGRAM = "ambiance serve"

with Extra("standalone", PROGRAM) as extra:
    from ambiance.server.artifact_settings import shared_by_workers
    from ambiance.server.process import run
    from ambiance.server.settings import load_settings
    from standalone.application import load
    from standalone.settings import StandaloneSettings


@extra
def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; returns the exit status."""
    settings = load_settings(StandaloneSettings, PROGRAM, argv)
    with shared_by_workers(settings) as settings:
        return run(PROGRAM, settings, partial(load, settings))


if __name__ == "__main__":
    sys.exit(main())
