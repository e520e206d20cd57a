"""The HTTP server of a process: uvicorn in a thread of its own, beside the gRPC server."""

import asyncio
import logging
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Event, Thread

import uvicorn
from prometheus_client import CollectorRegistry

from ambiance.server.listening import HTTP_USE, bind_sockets
from gateway.http_json.application import application
from gateway.http_json.connection import BoundedConnection

# Bytes of a request's head.
MAX_HEAD_BYTES = 16 * 1024
KEEP_ALIVE_S = 5
# Seconds that answers may take to be sent once their calls have ended.
LEAVE_S = 2.0


class _Server(uvicorn.Server):
    """uvicorn's, that tells once it lets nobody in."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.refuses = Event()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, and wait for what is being answered."""
        asyncio.get_running_loop().call_soon(self.refuses.set)  # runs once this first awaits
        await super().shutdown(sockets)


class HttpServer:
    """Listens from the moment it is made, and answers from `start` to `close`."""

    def __init__(
        self,
        address: tuple[str, int],
        targets: Mapping[str, str],
        names: Sequence[str],
        origins: Sequence[str],
        registry: CollectorRegistry,
        *,
        shared: bool = False,
    ) -> None:
        """Bind to host and port, 0 for one of the system's choice; the rest is as for `application`.

        Raises:
            AmbianceError: if the address can't be listened on.
        """
        self._sockets = bind_sockets(*address, HTTP_USE, shared=shared)
        self.port: int = self._sockets[0].getsockname()[1]
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        self._server = _Server(
            uvicorn.Config(
                application(targets, names, origins, registry),
                http=BoundedConnection,
                ws="none",
                lifespan="on",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            )
        )
        self._thread = Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Answer requests, in a thread. Who connects from now on is heard, if not at once."""
        for each in self._sockets:
            each.listen()
        self._thread.start()

    def stop_accepting(self) -> None:
        """Let no more connections in, and have idle ones closed; returns once that is so."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._server.refuses.wait(LEAVE_S)

    def close(self) -> None:
        """Wait a moment for the last answers to be sent, then cut them."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(LEAVE_S)
        with suppress(RuntimeError):  # it has ended
            self._server.force_exit = True
            self._thread.join(LEAVE_S)
        for each in self._sockets:
            each.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=self._sockets))
