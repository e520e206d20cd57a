"""A real Milvus: the standalone server that the package `milvus` carries, on this machine."""

import os
import signal
import socket
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any
from unittest.mock import patch

_START_S = 100.0  # it takes 7 on an idle machine

_TRIES = 3  # a port that was free is taken at times before Milvus does
_STOP_S = 1.0  # before it is killed

# It waits less long than by default for the next of its steps.
_HASTE = {
    "QUERYCOORD_CHECKCHANNELINTERVAL": "100",  # ms
    "QUERYCOORD_CHECKSEGMENTINTERVAL": "100",  # ms
    "QUERYCOORD_DISTPULLINTERVAL": "100",  # ms
}

# Of the etcd within it, so that several servers stand beside each other on one machine.
_ETCD = """
listen-client-urls: http://127.0.0.1:{client}
advertise-client-urls: http://127.0.0.1:{client}
listen-peer-urls: http://127.0.0.1:{peer}
initial-advertise-peer-urls: http://127.0.0.1:{peer}
initial-cluster: default=http://127.0.0.1:{peer}
"""


class LocalMilvus:
    """Starts and ends one server over a folder, which outlives it."""

    def __init__(self, folder: Path, tick_ms: int = 20, lease_s: int = 30) -> None:
        """Take its folder, the ms between ticks of its clock (200 by Milvus's default), and its lease.

        A start after a kill waits for the lease, in seconds; a server that is held up longer ends by itself.
        """
        self._folder, self._tick_ms, self._lease_s = folder.resolve(), tick_ms, lease_s
        [self.port] = _free_ports(1)
        self._server: Any = None

    @property
    def uri(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def was_killed(self) -> bool:
        """Whether its process ended by SIGKILL."""
        return self._process is not None and self._process.poll() == -signal.SIGKILL

    def start(self) -> None:
        """Start it, and wait until it is healthy.

        Raises:
            RuntimeError: if it ends, by itself or killed. TimeoutError: if it doesn't get there.
        """
        for _ in range(_TRIES):
            self._run()
            if self._gets_healthy():
                return
            if self.was_killed:
                break
        raise RuntimeError(f"Milvus ended as it started; see {self._folder / 'logs'}")

    def empty(self) -> None:
        """Drop everything that it holds."""
        from pymilvus import MilvusClient

        client = MilvusClient(self.uri)
        for collection in client.list_collections():
            for alias in client.list_aliases(collection)["aliases"]:
                client.drop_alias(alias)
            client.drop_collection(collection)
        client.close()

    def kill(self) -> None:
        """End it as the loss of its process would: it does nothing any more."""
        if (process := self._process) is not None:  # else it isn't there yet
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End it, if it runs."""
        if (process := self._process) is not None:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._server.stop()

    def __enter__(self) -> "LocalMilvus":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _process(self) -> "subprocess.Popen[str] | None":
        return None if self._server is None else self._server.server_proc

    def _run(self) -> None:
        from milvus import MilvusServer, MilvusServerConfig

        self._folder.mkdir(parents=True, exist_ok=True)
        names = [name for name in MilvusServerConfig().configurable_items if name.endswith("_port")]
        # all of its own: those of its choice are the next that are free, which others may choose as well
        health, client, peer, *others = _free_ports(len(names) + 3)
        etcd = self._folder / "etcd.yaml"
        etcd.write_text(_ETCD.format(client=client, peer=peer), encoding="utf-8")
        ports = {**dict(zip(names, others, strict=True)), "proxy_port": self.port, "etcd_port": client}
        self._server = MilvusServer(data_dir=str(self._folder), wait_for_started=False, **ports)
        self._server.webservice_port = health
        self._server.config.try_bind_port = _bound
        settings = {
            "ETCD_CONFIG_PATH": str(etcd),
            "PROXY_TIMETICKINTERVAL": str(self._tick_ms),
            "COMMON_SESSION_TTL": str(self._lease_s),
            **_HASTE,
        }
        with patch.dict(os.environ, settings):
            self._server.start()

    def _gets_healthy(self) -> bool:
        """Wait until it is healthy; false if it ends before."""
        address, until = f"http://127.0.0.1:{self._server.webservice_port}/healthz", monotonic() + _START_S
        while monotonic() < until:
            if not self.is_alive:
                return False
            with suppress(OSError), urllib.request.urlopen(address, timeout=5) as reply:
                if b"OK" in reply.read():
                    return True
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
