"""One connection of a client: uvicorn's, with bounds on how slowly a client may send and read, and how many
there may be.

Without them a client that sends a byte a minute, or reads none, would keep its connection for good.
"""

import asyncio
from typing import Any

import grpc
import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.http_json.admission import CROWDED
from gateway.http_json.problems import ProblemError

# Connections at a time; what comes over the next is answered with 503. uvicorn's own limit would refuse
# everybody then, those as well who are connected.
MAX_CONNECTIONS = 512
# Seconds until a request's head must have arrived, from when the connection was made or the last answer sent.
HEAD_S = 10.0
# Seconds that a client may leave what was sent to it unread.
UNREAD_S = 60.0


class BoundedConnection(H11Protocol):
    """Ends connections whose client is too slow."""

    app_state: dict[str, Any]  # uvicorn's: what each request finds in its scope
    _head_timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, CROWDED: len(self.connections) > MAX_CONNECTIONS}
        self._head_timer = self.loop.call_later(HEAD_S, self._end_headless)

    def data_received(self, data: bytes) -> None:
        """Wait anew for a head that has begun; uvicorn stops its own clock at the first byte of it."""
        super().data_received(data)
        if self._is_answering():
            _stop(self._head_timer)
            self._head_timer = None
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self._end_headless)

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._unread_timer = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: it reads."""
        super().resume_writing()
        _stop(self._unread_timer)

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection, and what its client hasn't read by now with it."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self._unread_timer = self.loop.call_later(UNREAD_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        _stop(self._head_timer)
        _stop(self._unread_timer)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say in JSON, as elsewhere, that what came isn't HTTP."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):  # else an answer has begun, or been sent
            answer = ProblemError.of(400, grpc.StatusCode.INVALID_ARGUMENT, msg).response()
            headers = [*answer.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event))
        self.transport.close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _end_headless(self) -> None:
        self._head_timer = None
        if not self._is_answering():
            self.transport.abort()


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
