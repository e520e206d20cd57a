"""The request to stop a process, by a signal or another thread, which the main thread can't miss.

Python runs a signal's handler in the main thread, between two instructions. A signal that arrives just
before that thread begins to wait wouldn't wake it, and the process would never end. So the interpreter's own
handler, which runs at once, writes to a socket, and the main thread waits for that.
"""

import signal
import socket
from multiprocessing import connection


class Stop:
    """An event that SIGTERM, SIGINT, SIGHUP or any thread sets; it stays set."""

    def __init__(self) -> None:
        """Handle these signals from now on. Call it in the main thread, once in a process."""
        # `reader` has something to read once this is set, for `multiprocessing.connection.wait` to look for.
        self.reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        numbers = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup has it ignored
            numbers.append(signal.SIGHUP)  # the terminal was closed
        for number in numbers:
            signal.signal(number, lambda *_: None)  # only a signal with a handler is written to the socket

    def set(self) -> None:
        """Ask the process to stop."""
        self._writer.send(b"\0")

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is set, or for so many seconds; returns whether it is."""
        return bool(connection.wait([self.reader], timeout_s))
