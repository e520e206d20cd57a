"""Word to stop, which can't be missed.

A handler written in Python runs only once the main thread gets round to it. A signal that comes just before
that thread begins to wait wouldn't wake it, and the process would never end. So the interpreter's own handler
writes to a socket, and the main thread waits for that.
"""

import signal
import socket
from multiprocessing import connection


class Stop:
    """Set by SIGTERM, SIGINT or SIGHUP, or from any thread; stays set."""

    def __init__(self) -> None:
        """Listen to these signals from now on. For the main thread, once a process."""
        # `reader` has something to read once this is set, for `multiprocessing.connection.wait` to look for.
        self.reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        numbers = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup has it ignored
            numbers.append(signal.SIGHUP)  # the terminal was closed
        for number in numbers:
            signal.signal(number, lambda *_: None)  # without a handler there is nothing to wake up for

    def set(self) -> None:
        """Stop."""
        self._writer.send(b"\0")

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is set, or for so many seconds; returns whether it is."""
        return bool(connection.wait([self.reader], timeout_s))
