"""Processes that answer HTTP, for tests: everything but the process itself is real."""

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import requests

from ambiance.server.lifecycle import Application, ServerProcess, Servicer
from gateway.application import http_beside
from gateway.settings import GatewaySettings

JSON = {"Content-Type": "application/json"}
WAIT_S = 20.0


class HttpGateway:
    """A gateway's HTTP port on this machine."""

    def __init__(self, process: ServerProcess) -> None:
        assert process.side_port is not None
        self.process, self.port = process, process.side_port
        self.url = f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET a path."""
        return requests.get(self.url + path, timeout=WAIT_S, **options)

    def post(
        self, path: str, body: Any, headers: Mapping[str, str] = JSON, **options: Any
    ) -> requests.Response:
        """POST a JSON document; bytes, and what yields them, go as they are."""
        data = json.dumps(body) if isinstance(body, dict | list) else body
        return requests.post(self.url + path, data, headers={**JSON, **headers}, timeout=WAIT_S, **options)

    def options(self, path: str, headers: Mapping[str, str]) -> requests.Response:
        """Ask as a browser does before another site's page calls."""
        return requests.options(self.url + path, headers=headers, timeout=WAIT_S)

    def connect(self) -> socket.socket:
        """A connection of one's own."""
        return socket.create_connection(("127.0.0.1", self.port), WAIT_S)


@contextmanager
def http_gateway(
    servicers: Sequence[Servicer], music_target: str | None = None, **settings: Any
) -> Iterator[HttpGateway]:
    """Serve until the block ends, on ports of the system's choice."""
    values = GatewaySettings(**{"port": 0, "http_port": 0, "drain_seconds": 2.0, **settings})
    beside = http_beside(values, music_target)
    process = ServerProcess(values, lambda: Application(servicers, beside=beside))
    process.start()
    try:
        yield HttpGateway(process)
    finally:
        process.end()


def problem(answer: requests.Response) -> dict[str, Any]:
    """The error that an answer holds; its code is that of the answer."""
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == answer.status_code
    return error
