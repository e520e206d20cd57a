"""Several workers on one port, as processes: the gateway, which starts without the services behind it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from ambiance.errors import AmbianceError
from ambiance.match.v1 import match_service_pb2 as pb
from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.server import workers
from ambiance.server.lifecycle import Application, HealthReporter, create_server
from ambiance.server.listening import reserved
from ambiance.server.settings import ServerSettings
from ambiance.server.telemetry import RpcMetrics
from ambiance.server.workers import Worker
from clusters import listens, wait_until

GATEWAY = [sys.executable, "-m", "gateway", "--metrics-port", "0", "--text-target", "127.0.0.1:1"]


@dataclass
class Parent:
    """A gateway of two workers, both of which listen."""

    process: subprocess.Popen[str]
    port: int
    metrics_port: int

    def workers(self) -> set[int]:
        """Process ids of the workers that run."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}

    def next_line(self, message: str) -> dict[str, Any]:
        """The next line of the log that says so."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if f'"message": "{message}"' in line:
                return dict(json.loads(line))
        raise AssertionError(f"ended with {self.process.wait()} before it said {message!r}")

    def metrics(self) -> str:
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        return str(urllib.request.urlopen(url, timeout=5).read().decode())

    def ask(self) -> grpc.StatusCode:
        """One call on a connection of its own, which any of the workers may get."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"127.0.0.1:{self.port}", options=options) as channel:
            with pytest.raises(grpc.RpcError) as raised:
                match_service_pb2_grpc.MatchServiceStub(channel).MatchText(pb.MatchTextRequest(), timeout=5)
            code: grpc.StatusCode = raised.value.code()  # type: ignore[attr-defined]
            return code


@contextmanager
def running() -> Iterator[Parent]:
    command = [*GATEWAY, "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            parent = Parent(process, 0, 0)
            ports = parent.next_line("starting workers")
            parent.port, parent.metrics_port = ports["port"], ports["metrics_port"]
            assert {parent.next_line("listening")["worker"] for _ in range(2)} == {0, 1}
            yield parent
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def parent() -> Iterator[Parent]:
    with running() as parent:
        yield parent


def handled(page: str) -> float:
    """Calls that all workers together have refused as bad input."""
    [count] = re.findall(r'grpc_server_handled_total{grpc_code="INVALID_ARGUMENT".*} (\S+)', page)
    return float(count)


def test_workers_count_together(parent: Parent) -> None:
    parent.ask()
    before = handled(parent.metrics())
    assert {parent.ask() for _ in range(16)} == {grpc.StatusCode.INVALID_ARGUMENT}
    page = parent.metrics()
    assert handled(page) == before + 16
    assert re.search(r"grpc_server_handling_seconds_bucket{.*\+Inf.*} " + str(before + 16), page)
    assert re.search(r'grpc_server_in_flight{grpc_method="MatchText".*} 0\.0', page)
    assert "ambiance_serving 0.0" in page  # what this gateway needs isn't there
    assert len(re.findall(r'^process_resident_memory_bytes{worker="[01]"} \d', page, re.M)) == 2
    assert page.count("# TYPE process_resident_memory_bytes") == 1


def test_a_worker_that_dies_is_replaced_and_what_it_counted_stays(parent: Parent) -> None:
    parent.ask()
    counted, before = handled(parent.metrics()), parent.workers()
    os.kill(min(before), signal.SIGKILL)
    assert "ended" in parent.next_line("worker ended")["reason"]
    assert parent.next_line("listening")["port"] == parent.port
    assert len(parent.workers()) == 2
    assert parent.workers() != before
    assert handled(parent.metrics()) == counted
    assert parent.ask() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("count", ["1", "2"])
def test_another_process_cannot_join_the_workers(parent: Parent, count: str) -> None:
    done = subprocess.run(
        [*GATEWAY, "--port", str(parent.port), "--workers", count],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"can't listen on 127.0.0.1:{parent.port} for gRPC (--port): Address already" in done.stderr


def test_told_to_end_it_ends_every_worker() -> None:
    with running() as parent:
        ids = parent.workers()
        parent.process.terminate()
        assert parent.process.wait(30) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in ids)
        assert not listens(parent.port)


def test_workers_do_not_outlive_a_parent_that_was_killed() -> None:
    with running() as parent:
        ids = parent.workers()
        parent.process.kill()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in ids))
        assert not listens(parent.port)


def test_what_no_worker_can_load_ends_the_parent_with_the_reason(tmp_path: Path) -> None:
    flags = ["--port", "0", "--metrics-port", "0", "--workers", "2", "--artifacts", str(tmp_path)]
    command = [sys.executable, "-m", "music_index_service", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{tmp_path}/music_index" in done.stderr
    assert re.search(r"worker \d ended \S+ s after its start, with status 78$", done.stderr.strip())


class Dead:
    """A process that has ended."""

    def __init__(self, exitcode: int) -> None:
        self.exitcode, self.pid = exitcode, 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the parent sees, as a list of one."""
    now = [0.0]
    monkeypatch.setattr(workers.time, "monotonic", lambda: now[0])
    return now


def test_a_worker_that_keeps_dying_is_started_ever_later_and_then_no_more(clock: list[float]) -> None:
    worker = Worker(3, lambda _: Dead(-9))  # type: ignore[arg-type,return-value]
    pauses = []
    for _ in range(workers.MAX_FAILURES - 1):
        worker.start()
        clock[0] += 1
        worker.note_end()
        pauses.append(worker.pause_s())
        clock[0] += worker.pause_s()
    assert pauses == [0.5, 1, 2, 4]
    worker.start()
    with pytest.raises(AmbianceError, match=r"^worker 3 ended 0\.0 s after its start, with status -9.* 5th"):
        worker.note_end()


def test_a_long_life_makes_up_for_early_deaths(clock: list[float]) -> None:
    worker = Worker(0, lambda _: Dead(-9))  # type: ignore[arg-type,return-value]
    for lived_s in (1.0, 1.0, 3_600.0):
        worker.start()
        clock[0] += lived_s
        worker.note_end()
        pause_s = worker.pause_s()
        clock[0] += pause_s
    assert pause_s == workers.FIRST_PAUSE_S


def test_a_worker_that_came_up_once_may_fail_to_load_later(clock: list[float]) -> None:
    statuses = iter([-9, workers.REFUSED])
    worker = Worker(0, lambda _: Dead(next(statuses)))  # type: ignore[arg-type,return-value]
    worker.start()
    clock[0] += 3_600
    worker.note_end()
    worker.start()
    worker.note_end()  # raises nothing
    assert worker.pause_s() > 0


@pytest.mark.parametrize("lived_s", [1.0, 60.0])
def test_what_a_worker_cannot_load_is_final_however_long_it_tried(clock: list[float], lived_s: float) -> None:
    worker = Worker(0, lambda _: Dead(workers.REFUSED))  # type: ignore[arg-type,return-value]
    worker.start()
    clock[0] += lived_s
    with pytest.raises(AmbianceError, match=r"with status 78$"):
        worker.note_end()


def test_a_reserved_port_is_for_workers_alone() -> None:
    settings = ServerSettings(workers=2)
    with reserved("127.0.0.1", 0) as port:
        with pytest.raises(AmbianceError, match="Address already in use"), reserved("127.0.0.1", port):
            pass
        with pytest.raises(AmbianceError, match="Address already in use"):
            create(ServerSettings(port=port))
        for _ in range(2):
            assert create(settings.model_copy(update={"port": port})) == port


def create(settings: ServerSettings) -> int:
    """Bind a server that never starts."""
    _, port, _ = create_server(Application([]), settings, RpcMetrics(), HealthReporter([]))
    return port


def test_a_port_that_another_program_shares_is_refused() -> None:
    with closing(socket.socket()) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with (
            pytest.raises(AmbianceError, match=rf"127\.0\.0\.1:{port} for gRPC"),
            reserved("127.0.0.1", port),
        ):
            pass
