"""Ends streams whose callers don't read them.

A part of a stream is sent once its caller has room for it, and until then the call keeps its thread, its
permit and what it has computed. Who takes no part for PATIENCE_S loses the stream.

The status has to overtake what waits to be sent. No public method of gRPC's does that: `cancel` of the call
behind a context, with a code, is what its own `ServicerContext.cancel` uses, without one.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import grpc

# How long a caller may take over a part, and how often that is looked at, in seconds.
PATIENCE_S = 60.0
LOOK_S = 1.0


class SlowReaders:
    """Watches the streams of a server, in a thread that lives while there are any."""

    def __init__(self, patience_s: float = PATIENCE_S, look_s: float = LOOK_S) -> None:
        self._patience_s, self._look_s = patience_s, look_s
        self._lock = threading.Lock()  # of what follows
        self._handed_out: dict[grpc.ServicerContext, float] = {}  # since when a caller has had a part to take
        self._ended: set[grpc.ServicerContext] = set()
        self._watching = False

    def has_ended(self, context: grpc.ServicerContext) -> bool:
        """Whether the stream was ended here; asked once, when it is over."""
        with self._lock:
            if context in self._ended:
                self._ended.remove(context)
                return True
            return False

    @contextmanager
    def handing_out(self, context: grpc.ServicerContext) -> Iterator[None]:
        """While a part is on its way to its caller; from there control comes back when it is taken."""
        with self._lock:
            self._handed_out[context] = time.monotonic()
            unwatched, self._watching = not self._watching, True
        if unwatched:
            threading.Thread(target=self._watch, name="slow_readers", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._handed_out.pop(context, None)

    def _watch(self) -> None:
        idle_since = time.monotonic()
        while True:
            time.sleep(self._look_s)
            now = time.monotonic()
            with self._lock:
                if self._handed_out:
                    idle_since = now
                elif now - idle_since > self._patience_s:
                    self._watching = False
                    return
                slow = [each for each, since in self._handed_out.items() if now - since > self._patience_s]
                for context in slow:
                    del self._handed_out[context]
                    self._ended.add(context)
            for context in slow:
                _end(context, f"the stream wasn't read for {self._patience_s:g} s")


def _end(context: grpc.ServicerContext, message: str) -> None:
    call = cast(Any, context)._rpc_event.call
    call.cancel(grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], message)
