"""A relay between a caller and a server, for tests of what a network does to a connection."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 65_536


class _Link:
    """One connection of a caller, and the relay's own to the server behind it."""

    def __init__(self, caller: socket.socket, server: socket.socket) -> None:
        self._ends = (caller, server)
        self.frozen = False

    def start(self) -> None:
        for source, sink in (self._ends, self._ends[::-1]):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def close(self) -> None:
        for end in self._ends:
            with suppress(OSError):  # closed by its peer already
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                if not self.frozen:
                    sink.sendall(data)
        if not self.frozen:
            self.close()


class Relay:
    """Listens on `target` and passes bytes on to a server, until told otherwise."""

    def __init__(self, server: str) -> None:
        host, port = server.split(":")
        self._server = (host, int(port))
        self._links: list[_Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.target = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def connection_count(self) -> int:
        """Connections that were opened so far."""
        return len(self._links)

    def freeze(self) -> None:
        """From now on swallow what comes through today's connections, which stay open; new ones work."""
        for link in self._links:
            link.frozen = True

    def drop(self) -> None:
        """Close today's connections; new ones work."""
        for link in self._links:
            link.close()

    def close(self) -> None:
        """Stop listening and close every connection."""
        self._listener.shutdown(socket.SHUT_RDWR)  # `close` alone wouldn't wake the thread that accepts
        self._listener.close()
        self.drop()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                caller, _ = self._listener.accept()
                link = _Link(caller, socket.create_connection(self._server))
                self._links.append(link)  # before its first byte: `drop` knows every link that a call uses
                link.start()


@contextmanager
def relay(server: str) -> Iterator[Relay]:
    """A relay to "host:port" that ends with the block."""
    between = Relay(server)
    try:
        yield between
    finally:
        between.close()
