"""The music index service as a process that is started, killed and stopped, and a channel to it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar, cast

import grpc

from ambiance.artifact.v1.artifact_service_pb2_grpc import ArtifactServiceStub
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.music_index_service_pb2_grpc import MusicIndexServiceStub
from torture.target import NotAcknowledgedError, TargetError

_START_S, _CALL_S, _STOP_S = 600.0, 60.0, 60.0  # generous: of a machine that is busy otherwise
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_LOST = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}

_ENGINE_AWAY = "Milvus at "  # it is there itself, and says what isn't

R = TypeVar("R")


class ServiceProcess:
    """One life of the service."""

    def __init__(self, flags: Sequence[str], log: Path) -> None:
        """Start it; `log` takes what it says."""
        self._log = log
        port = _free_port()
        command = [sys.executable, "-m", "music_index_service", "--host", "127.0.0.1", "--port", str(port)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with log.open("w") as said:
            self._process = subprocess.Popen(
                [*command, "--metrics-port", "0", *flags], stdout=said, stderr=said, env=environment
            )
        options = [(f"grpc.{name}_reconnect_backoff_ms", 50) for name in ("initial", "min", "max")]
        options += [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)]
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
        self.music = MusicIndexServiceStub(self._channel)
        self.artifacts = ArtifactServiceStub(self._channel)
        self._calls: dict[object, str] = {}  # that aren't answered, by what they ask for

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it hasn't ended."""
        return self._process.poll() is None

    def wait_until_serving(self, require: Callable[[], None] = lambda: None) -> None:
        """Return once it answers; as long as it doesn't, `require` may raise."""
        deadline = time.monotonic() + _START_S
        while True:
            try:
                self.music.ListIndexes(messages.ListIndexesRequest(), timeout=_CALL_S)
            except (grpc.RpcError, ValueError):  # the latter: the channel is closed
                if self._process.poll() is not None:
                    raise self._ended() from None
                if time.monotonic() > deadline:
                    raise TargetError("doesn't answer") from None
                require()
                time.sleep(0.02)
            else:
                return

    @property
    def under_way(self) -> set[str]:
        """Methods that were called and haven't answered yet."""
        return set(self._calls.copy().values())

    def call(self, method: Callable[..., R], request: object) -> R:
        """Call a method of a stub."""
        call = object()
        self._calls[call] = type(request).__name__.removesuffix("Request")
        try:
            return method(request, timeout=_CALL_S)
        except ValueError:  # the channel is closed: nobody waits for this life any more
            raise NotAcknowledgedError("was killed") from None
        except grpc.RpcError as error:
            failed = cast(grpc.Call, error)
            if failed.code() in _LOST:
                if (failed.details() or "").startswith(_ENGINE_AWAY):
                    raise NotAcknowledgedError(failed.details()) from None
                raise self._ended() from None
            logged = self.complaints[-1:] if failed.code() is grpc.StatusCode.INTERNAL else []
            raise TargetError("; ".join([f"{failed.code().name}: {failed.details()}", *logged])) from None
        finally:
            del self._calls[call]

    @property
    def said(self) -> str:
        """All that it logged."""
        return self._log.read_text(encoding="utf-8")

    @property
    def complaints(self) -> list[str]:
        """What it logged as errors, which it must not."""
        lines = self.said.splitlines()
        return [
            line
            for line in lines
            if '"level":"error"' in line.replace(" ", "").lower() or "Traceback" in line
        ]

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()
        self._channel.close()

    def stop(self) -> None:
        """SIGTERM."""
        self._process.terminate()
        if self._process.wait(_STOP_S):
            raise self._ended()
        self._channel.close()

    def _ended(self) -> Exception:
        """What to raise when it answers no more, told by how it ended."""
        status = self._process.wait(_STOP_S)
        if status == -9:
            return NotAcknowledgedError("was killed")
        said = self._log.read_text().strip().splitlines()[-1:]
        return TargetError(f"ended with status {status}: {''.join(said)}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
