"""The text service's process: its settings, and what serves with them."""

import ambiance.server.grpc_environment  # noqa: F401, I001  # first: gRPC reads it as it is imported

import sys
from collections.abc import Sequence
from functools import partial

from ambiance.extras import Extra

PROGRAM = "ambiance-text-service"

with Extra("text", PROGRAM) as extra:
    from ambiance.server.artifact_settings import shared_by_workers
    from ambiance.server.process import run
    from ambiance.server.settings import load_settings
    from text_service.application import load
    from text_service.settings import TextServiceSettings


@extra
def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; returns the exit status."""
    settings = load_settings(TextServiceSettings, PROGRAM, argv)
    with shared_by_workers(settings) as settings:
        return run(PROGRAM, settings, partial(load, settings))


if __name__ == "__main__":
    sys.exit(main())
