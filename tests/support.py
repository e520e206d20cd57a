"""What tests of several rungs share."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import grpc

# Starts an application on a port of the system's choice and returns a channel to it; see service/conftest.py.
Serve = Callable[..., grpc.Channel]


def has_ended(process_id: int) -> bool:
    """Whether no process has this id, or one that only waits to be buried."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


@contextmanager
def within_cpu_seconds(limit: float) -> Iterator[None]:
    """Fail what takes more of the processor's time, which a busy machine doesn't lengthen.

    For work that takes seconds or hours; in the main thread, where tests run.
    """

    def fail(_: int, __: FrameType | None) -> None:
        raise AssertionError(f"took more than {limit:g} s of the processor's time")

    before = signal.signal(signal.SIGVTALRM, fail)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
