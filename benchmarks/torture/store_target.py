"""The store of written clips by itself, in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Client, Connection
from pathlib import Path
from threading import local
from typing import Any

from torture.target import NotAcknowledgedError, TargetError

_STOP_S = 60.0


class StoreTarget:
    """`music_index_service.store` behind a socket: each thread that calls has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """`path` of the database file."""
        self._path = path
        self._folder = tempfile.TemporaryDirectory(prefix="torture-")  # a socket's path has 107 bytes at most
        self._process: subprocess.Popen[str] | None = None
        self._life = 0
        self._of_thread = local()

    def start(self) -> None:
        self._life += 1
        command = [sys.executable, "-m", "torture.store_child", str(self._path), self._address]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stdout
        if self._process.stdout.readline() != "ready\n":
            raise self._ended()

    def write(self, contents: Mapping[str, str]) -> int:
        return int(self._ask("write", dict(contents)))

    def delete(self, clip_ids: Sequence[str]) -> int:
        return int(self._ask("delete", list(clip_ids)))

    @property
    def figures(self) -> Mapping[str, int]:
        return {}

    def read_all(self) -> dict[str, str]:
        return dict(self._ask("read_all", None))

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        assert self._process
        self._process.terminate()
        if self._process.wait(_STOP_S):
            raise self._ended()

    def close(self) -> None:
        self.kill()

    @property
    def _address(self) -> str:
        return str(Path(self._folder.name, str(self._life)))

    def _ask(self, method: str, argument: object) -> Any:
        try:
            connection = self._connection()
            connection.send((method, argument))
            answer = connection.recv()
        except (OSError, EOFError):
            raise self._ended() from None
        if isinstance(answer, str):
            raise TargetError(answer)
        return answer[0]

    def _connection(self) -> Connection:
        if getattr(self._of_thread, "life", None) != self._life:
            self._of_thread.connection, self._of_thread.life = Client(self._address), self._life
        return self._of_thread.connection

    def _ended(self) -> Exception:
        """What to raise when it answers no more, told by how it ended."""
        assert self._process
        assert self._process.stderr
        status = self._process.wait(_STOP_S)
        if status == -9:
            return NotAcknowledgedError("was killed")
        return TargetError(f"ended with status {status}: {self._process.stderr.read().strip()}")
