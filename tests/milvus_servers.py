"""A real Milvus for tests: the standalone server that the package `milvus` carries, on this machine."""

import os
import socket
import urllib.request
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any
from unittest.mock import patch

import pytest

NEEDED = ("pymilvus", "milvus")

_START_S = 100.0  # it takes 7 on an idle machine

# Of the etcd within it, so that several servers stand beside each other on one machine.
_ETCD = """
listen-client-urls: http://127.0.0.1:{client}
advertise-client-urls: http://127.0.0.1:{client}
listen-peer-urls: http://127.0.0.1:{peer}
initial-advertise-peer-urls: http://127.0.0.1:{peer}
initial-cluster: default=http://127.0.0.1:{peer}
"""


def require_milvus() -> None:
    """Skip the test, or the whole module, in one sentence, where the packages aren't installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}, of the extra dev", allow_module_level=True)


class LocalMilvus:
    """Starts and ends one server over a folder, which outlives it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port, self._etcd, self._peer = _free_ports(3)
        self._server: Any = None

    @property
    def uri(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it is healthy."""
        from milvus import MilvusServer

        etcd = self._folder / "etcd.yaml"
        etcd.write_text(_ETCD.format(client=self._etcd, peer=self._peer), encoding="utf-8")
        ports = {"proxy_port": self.port, "etcd_port": self._etcd}
        self._server = MilvusServer(data_dir=str(self._folder), wait_for_started=False, **ports)
        # what was written is seen after a tick of Milvus's clock, which is 200 ms by default
        self._server.config.try_bind_port = _bound
        with patch.dict(os.environ, {"ETCD_CONFIG_PATH": str(etcd), "PROXY_TIMETICKINTERVAL": "20"}):
            self._server.start()
        self._await_health()

    def empty(self) -> None:
        """Drop everything that it holds."""
        from pymilvus import MilvusClient  # `require_milvus` says that it is there

        client = MilvusClient(self.uri)
        for collection in client.list_collections():
            for alias in client.list_aliases(collection)["aliases"]:
                client.drop_alias(alias)
            client.drop_collection(collection)
        client.close()

    def kill(self) -> None:
        """End it as the loss of its process would: it does nothing any more."""
        process = self._server.server_proc
        process.kill()
        process.wait()
        self._server.stop()

    def __enter__(self) -> "LocalMilvus":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop()

    def _await_health(self) -> None:
        address, until = f"http://127.0.0.1:{self._server.webservice_port}/healthz", monotonic() + _START_S
        while monotonic() < until:
            if self._server.server_proc.poll() is not None:
                raise RuntimeError(f"Milvus ended as it started; see {self._folder / 'logs'}")
            with suppress(OSError), urllib.request.urlopen(address, timeout=5) as reply:
                if b"OK" in reply.read():
                    return
            sleep(0.1)
        raise TimeoutError(
            f"Milvus isn't healthy {_START_S:g} s after its start; see {self._folder / 'logs'}"
        )


def _bound(port: int) -> socket.socket | None:
    """A socket on a port, also where connections of a server that was killed linger."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", port))
        held.listen()
    except OSError:
        held.close()
        return None
    return held


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
