"""The life of a process as its `__main__` starts it: alone, or as the parent of several workers."""

import logging
import sys
from contextlib import nullcontext

from ambiance.errors import AmbianceError
from ambiance.server.lifecycle import Load, ServerProcess
from ambiance.server.metrics_server import serve_metrics
from ambiance.server.native_lines import native_lines_logged
from ambiance.server.settings import ServerSettings
from ambiance.server.stopping import Stop
from ambiance.server.telemetry import configure_logging
from ambiance.server.workers import print_next_step, run_workers

logger = logging.getLogger(__name__)


def run(program: str, settings: ServerSettings, load: Load) -> int:
    """Load, serve until SIGTERM, SIGINT or SIGHUP, drain; returns the exit status.

    `load` reads artifacts and warms up; with several workers each calls it, so it must be picklable. If it
    fails the process ends with status 1 and one sentence.
    """
    with native_lines_logged() if settings.log_format == "json" else nullcontext():
        return _run(program, settings, load)


def _run(program: str, settings: ServerSettings, load: Load) -> int:
    configure_logging(settings.log_level, settings.log_format)
    logger.info("settings", extra={"program": program, "settings": settings.model_dump(mode="json")})
    for warning in settings.warnings():
        logger.warning(warning, extra={"program": program})
    try:
        if settings.workers > 1:
            return run_workers(program, settings, load)
        return _run_alone(program, settings, load)
    except (AmbianceError, OSError) as error:
        print(f"{program}: {error}", file=sys.stderr)  # noqa: T201  # the sentence an operator reads first
        return 1


def _run_alone(program: str, settings: ServerSettings, load: Load) -> int:
    stop = Stop()
    process = ServerProcess(settings, load)
    metrics_port = serve_metrics(process.metrics.registry, settings.host, settings.metrics_port)
    process.start()
    logger.info(
        "listening",
        extra={
            "program": program,
            "host": settings.host,
            "port": process.port,
            **process.further_ports,
            "http_port": process.side_port,
            "metrics_port": metrics_port,
        },
    )
    print_next_step(process)
    stop.wait()
    logger.info("draining", extra={"program": program, "drain_seconds": settings.drain_seconds})
    process.end()
    return 0
