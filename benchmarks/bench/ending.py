"""How a process that measures ends when it is told to."""

import multiprocessing
import signal
import sys
from typing import NoReturn

TERMINATED = 143  # exit status


def exit_on_terminate() -> None:
    """On SIGTERM leave this process as an exception does, so that `with` blocks end what they started."""
    signal.signal(signal.SIGTERM, lambda *_: _leave())


def _leave() -> NoReturn:
    for child in multiprocessing.active_children():
        child.terminate()  # else a pool would be left only after its work
    sys.exit(TERMINATED)
