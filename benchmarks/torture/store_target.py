"""The store of written clips by itself, in a process of its own."""

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import takewhile
from multiprocessing.connection import Client, Connection
from pathlib import Path
from threading import local
from typing import Any

from torture.target import NotAcknowledgedError, TargetError

_STOP_S = 60.0
_LOG_HEADER, _FRAME_HEADER = 32, 24  # bytes, of SQLite's log and of each page in it


class StoreTarget:
    """`music_index_service.store` behind a socket: each thread that calls has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """`path` of the database file."""
        self._path = path
        self._folder = tempfile.TemporaryDirectory(prefix="torture-")  # a socket's path has 107 bytes at most
        self._process: subprocess.Popen[str] | None = None
        self._life = 0
        self._of_thread = local()
        self._half_written = 0

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
        return {"kills_amid_half_written_transaction": self._half_written}

    def read_all(self) -> dict[str, str]:
        return dict(self._ask("read_all", None))

    def rest(self) -> None:
        pass

    def kill(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            self._half_written += is_half_written(self._path)

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


def is_half_written(path: Path) -> bool:
    """Whether the log beside a store's file ends amid a transaction: with pages, and without their commit."""
    log = path.with_name(f"{path.name}-wal")
    content = log.read_bytes() if log.exists() else b""
    if len(content) <= _LOG_HEADER:
        return False
    (page,), salts = struct.unpack(">I", content[8:12]), content[16:24]
    starts = range(_LOG_HEADER, len(content) - _FRAME_HEADER + 1, _FRAME_HEADER + page)
    frames = [content[start : start + _FRAME_HEADER] for start in starts]
    written = list(takewhile(lambda frame: frame[8:16] == salts, frames))  # others are of the log before
    return bool(written) and written[-1][4:8] == bytes(4)  # a commit's last frame has the size that it leaves
