"""The parent of several workers: keeps their port, starts them, restarts those that die, ends them all.

A worker is a spawned process with a server of its own on the shared port; the kernel spreads connections.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import connection, get_context, parent_process
from multiprocessing.context import SpawnProcess

from ambiance.errors import AmbianceError
from ambiance.server.lifecycle import LAME_DUCK_S, LEAVE_S, Load, ServerProcess
from ambiance.server.listening import reserved_all
from ambiance.server.metrics_server import serve_metrics
from ambiance.server.settings import ServerSettings
from ambiance.server.stopping import Stop
from ambiance.server.telemetry import configure_logging
from ambiance.server.worker_metrics import forget_calls_in_flight, shared_metrics, summed

# A worker that ends sooner than this after its start counts as failed to start.
EARLY_S = 10.0
# After this many failures of one worker in a row, it isn't started again.
MAX_FAILURES = 5
# The pause before the next start, doubled with every failure in a row.
FIRST_PAUSE_S = 0.5
# How long a worker may take to end, beyond its drain, before it is killed. With the default settings drain
# and this together stay below the 15 s after which supervisord and Docker kill the parent.
END_SLACK_S = 3.0

# Exit status of a worker that couldn't load or listen and has printed why; other failures exit with 1.
REFUSED = 78

logger = logging.getLogger(__name__)


def run_workers(program: str, settings: ServerSettings, load: Load) -> int:
    """Serve with `settings.workers` processes until SIGTERM, SIGINT or SIGHUP; returns the exit status.

    Raises:
        AmbianceError: if the port is taken, or a worker doesn't come up; the others have ended by then.
    """
    stop = Stop()
    with shared_metrics() as directory, reserved_all(settings.host, settings.shared_ports()) as shared:
        own = settings.model_copy(update=shared)
        workers = [Worker(number, partial(_spawn, program, own, load)) for number in range(settings.workers)]
        registry = summed(directory, lambda: {worker.number: worker.process_id for worker in workers})
        metrics_port = serve_metrics(registry, settings.host, settings.metrics_port)
        ports = {"host": settings.host, **shared, "metrics_port": metrics_port}
        logger.info("starting workers", extra={"program": program, "workers": len(workers), **ports})
        try:
            _watch(workers, stop, partial(forget_calls_in_flight, directory))
        finally:
            logger.info("draining", extra={"program": program, "drain_seconds": settings.drain_seconds})
            _end(workers, settings.drain_seconds + LAME_DUCK_S + LEAVE_S + END_SLACK_S)
    return 0


class Worker:
    """One worker: its process, or while it has none, when the next is due to start."""

    def __init__(self, number: int, spawn: Callable[[int], SpawnProcess]) -> None:
        """Take the worker's number and how to start its process."""
        self.number, self._spawn = number, spawn
        self.process: SpawnProcess | None = None
        self._started = 0.0  # by the monotonic clock, as the next field
        self._due = 0.0
        self._spawned = 0
        self._failures = 0  # in a row

    @property
    def process_id(self) -> int | None:
        """None while no process runs."""
        return self.process.pid if self.process is not None else None

    def pause_s(self) -> float:
        """Seconds until the next start; infinite while a process runs."""
        return float("inf") if self.process is not None else max(0.0, self._due - time.monotonic())

    def start(self) -> None:
        """Start a process."""
        self._spawned += 1
        self._started = time.monotonic()
        self.process = self._spawn(self.number)

    def note_end(self) -> None:
        """Take note that the process ended, and set the time of the next start.

        Raises:
            AmbianceError: if it failed too often, or couldn't start at all.
        """
        assert self.process is not None
        lived_s, status = time.monotonic() - self._started, self.process.exitcode
        self._failures = self._failures + 1 if lived_s < EARLY_S else 1
        what = f"worker {self.number} ended {lived_s:.1f} s after its start, with status {status}"
        if self._failures >= MAX_FAILURES:
            raise AmbianceError(f"{what}, for the {self._failures}th time in a row")
        if status == REFUSED and self._spawned == 1:
            raise AmbianceError(what)
        self._due = time.monotonic() + FIRST_PAUSE_S * 2 ** (self._failures - 1)
        self.process = None
        logger.error("worker ended", extra={"reason": what, "starts_in_seconds": round(self.pause_s(), 1)})


def _watch(workers: Sequence[Worker], stop: Stop, forget: Callable[[int], None]) -> None:
    """Keep every worker running until told to stop."""
    while not stop.wait(0):
        for worker in workers:
            if worker.process is not None and worker.process.exitcode is not None:
                forget(worker.process.pid or 0)
                worker.note_end()
            if worker.pause_s() == 0:
                worker.start()
        pause_s = min(worker.pause_s() for worker in workers)
        ends = [worker.process.sentinel for worker in workers if worker.process is not None]
        connection.wait([stop.reader, *ends], None if pause_s == float("inf") else pause_s)


def _end(workers: Iterable[Worker], limit_s: float) -> None:
    """Have every process drain, and kill what is left after `limit_s` seconds."""
    processes = [worker.process for worker in workers if worker.process is not None]
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + limit_s
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.exitcode is None:
            process.kill()
            process.join()


def _spawn(program: str, settings: ServerSettings, load: Load, number: int) -> SpawnProcess:
    # Spawned, never forked: a fork would copy the threads' locks, but not the threads that hold them.
    process = get_context("spawn").Process(target=_work, args=(program, settings, load, number))
    process.start()
    return process


def _work(program: str, settings: ServerSettings, load: Load, number: int) -> None:
    """Run as a worker's process: load, serve until told to stop, drain."""
    configure_logging(settings.log_level, settings.log_format)
    stop = Stop()
    threading.Thread(target=_stop_with_parent, args=(stop,), name="parent", daemon=True).start()
    try:
        process = ServerProcess(settings, load)
    except (AmbianceError, OSError) as error:
        print(f"{program}: {error}", file=sys.stderr)  # noqa: T201  # as a process without workers does
        sys.exit(REFUSED)
    process.start()
    logger.info("listening", extra={"program": program, "worker": number, "port": process.port})
    if number == 0:  # print it once, not once per worker
        print_next_step(process)
    stop.wait()
    process.end()


def print_next_step(process: ServerProcess) -> None:
    """Print what to do next, on standard output: standard error holds the log, an object a line."""
    if process.next_step is not None:
        with suppress(OSError):  # standard output is closed
            print(process.next_step, flush=True)  # noqa: T201  # for a person


def _stop_with_parent(stop: Stop) -> None:
    """Stop once the parent has died: a worker left behind would keep the next parent from the port."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    stop.set()
