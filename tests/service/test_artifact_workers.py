"""Several workers behind one port change versions together, and so do those that take a dead one's place."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from ambiance.artifact.v1 import artifact_service_pb2 as messages
from ambiance.artifact.v1.artifact_service_pb2_grpc import ArtifactServiceStub
from ambiance.artifacts import MUSIC_INDEX
from artifact_copies import FIRST, copy_releases, publish_copy
from clusters import wait_until

WORKERS = 3
CONNECTIONS = 24  # each goes to a worker that the system chooses: 24 miss one of three in 1 of 5,000 tries
NEXT = FIRST + 1


class Service:
    """A music index service of several workers, started by a command."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process, self._port = process, port

    def serving(self) -> set[int]:
        """The versions that its workers serve."""
        return {
            status.version.version
            for _ in range(CONNECTIONS)
            for status in self._ask("ListVersions", messages.ListVersionsRequest()).versions
            if status.serving
        }

    def reload(self, version: int) -> None:
        """Have one worker told, whichever it is."""
        request = messages.ReloadArtifactsRequest(kind=MUSIC_INDEX, version=version)
        assert self._ask("ReloadArtifacts", request).serving[0].version

    def workers(self) -> set[int]:
        """Process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {
            int(pid) for pid in children.split() if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        }

    def _ask(self, method: str, request: object) -> messages.ListVersionsResponse:
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"127.0.0.1:{self._port}", options=options) as channel:
            return getattr(ArtifactServiceStub(channel), method)(request, timeout=20, wait_for_ready=True)


@contextmanager
def running(root: Path, log: Path, *flags: str) -> Iterator[Service]:
    command = [sys.executable, "-m", "music_index_service", "--port", "0", "--metrics-port", "0"]
    flags = ("--workers", str(WORKERS), "--artifacts", str(root), *flags)
    with log.open("w") as stream, subprocess.Popen([*command, *flags], stderr=stream, text=True) as process:
        try:
            wait_until(lambda: len(_lines(log, "listening")) == WORKERS)
            yield Service(process, _lines(log, "listening")[0]["port"])
        finally:
            process.terminate()
            process.wait(30)


def _lines(log: Path, message: str) -> list[dict[str, int]]:
    found = (json.loads(line) for line in log.read_text().splitlines() if line.endswith("}"))
    return [line for line in found if line["message"] == message]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    root = copy_releases(tmp_path / "artifacts", MUSIC_INDEX)
    publish_copy(root, MUSIC_INDEX, NEXT)
    with running(root, tmp_path / "log", "--watch-seconds", "0.1") as service:
        yield service


def test_what_one_worker_is_told_all_have_done_when_it_answers(service: Service, tmp_path: Path) -> None:
    assert service.serving() == {NEXT}
    for version in (FIRST, NEXT, FIRST):
        service.reload(version)
        assert service.serving() == {version}
    publish_copy(tmp_path / "artifacts", MUSIC_INDEX, NEXT + 1)
    for pid in service.workers():  # those in their place are to serve what was chosen, not the newest
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(_lines(tmp_path / "log", "listening")) == 2 * WORKERS)
    assert service.serving() == {FIRST}
    service.reload(0)
    assert service.serving() == {NEXT + 1}


def test_each_worker_follows_by_itself_within_its_lineages(service: Service, tmp_path: Path) -> None:
    publish_copy(tmp_path / "artifacts", MUSIC_INDEX, NEXT + 1)
    wait_until(lambda: service.serving() == {NEXT + 1})
    publish_copy(tmp_path / "artifacts", MUSIC_INDEX, NEXT + 2, "mood-new")
    os.kill(min(service.workers()), signal.SIGKILL)
    wait_until(lambda: len(_lines(tmp_path / "log", "listening")) == WORKERS + 1)
    assert service.serving() == {NEXT + 1}  # the new worker, too
