"""What a cluster is started with, how its health is asked for, and what an image's build is given to read."""

import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2_grpc
from pydantic import ValidationError

from ambiance.server.lifecycle import HealthReporter
from ambiance.server.settings import ServerSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def layout(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.syspath_prepend(str(ROOT / "deploy"))
    import layout

    return layout


@pytest.fixture
def cluster(layout: Any) -> Any:
    """The program deploy/cluster.py as a module."""
    import cluster

    return cluster


@pytest.fixture
def serving_port() -> Iterator[int]:
    """Where a service of this machine answers SERVING."""
    server, reporter = grpc.server(ThreadPoolExecutor(1)), HealthReporter([])
    health_pb2_grpc.add_HealthServicer_to_server(reporter.servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    reporter.report(serving=True)
    server.start()
    yield port
    server.stop(None).wait()


def ports(layout: Any, port: int) -> dict[str, str]:
    return {f"{service.prefix}PORT": str(port) for service in layout.SERVICES}


@pytest.mark.parametrize(
    ("value", "count"), [("1", 1), ("3", 3), ("64", 64), ("0", 1), ("65", 1), ("-1", 1), ("two", 1), ("", 1)]
)
def test_a_count_of_workers_that_the_service_refuses_counts_as_one(
    layout: Any, tmp_path: Path, value: str, count: int
) -> None:
    cluster = layout.Cluster(tmp_path, {"AMBIANCE_GATEWAY_WORKERS": value}, engine=None)
    assert cluster.workers(layout.GATEWAY) == count


def test_both_know_the_same_limit_of_workers(layout: Any) -> None:
    assert ServerSettings(workers=layout.MAX_WORKERS).workers == layout.MAX_WORKERS
    with pytest.raises(ValidationError):
        ServerSettings(workers=layout.MAX_WORKERS + 1)


@pytest.mark.parametrize(
    ("kept", "told"), [({}, "keeps no data"), ({"AMBIANCE_MUSIC_DATA": "/old"}, "in /old")]
)
def test_a_cluster_of_other_data_is_not_taken_for_the_one_asked_for(
    kept: dict[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "deploy"))
    from deploy import cluster

    running = cluster.Cluster(tmp_path, kept, engine="local")
    for asked in ("", *kept.values()):
        monkeypatch.setenv("AMBIANCE_MUSIC_DATA", asked)
        cluster._refuse_other_data(running)
    monkeypatch.setenv("AMBIANCE_MUSIC_DATA", "/mine")
    with pytest.raises(cluster.ClusterError, match=f"{told}, not in /mine; end it first"):
        cluster._refuse_other_data(running)


def test_a_cluster_of_other_artifacts_is_not_taken_for_the_one_asked_for(
    monkeypatch: pytest.MonkeyPatch, layout: Any, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "deploy"))
    from deploy import cluster

    running = cluster.Cluster(tmp_path, {"AMBIANCE_ARTIFACTS": str(tmp_path / "artifacts")}, engine="local")
    for asked in ("", str(tmp_path / "artifacts")):
        monkeypatch.setenv("AMBIANCE_ARTIFACTS", asked)
        cluster._refuse_other_artifacts(running)
    monkeypatch.setenv("AMBIANCE_ARTIFACTS", str(tmp_path / "artifacts" / "large"))
    with pytest.raises(cluster.ClusterError, match=r"serves .*artifacts, not .*large; end it first"):
        cluster._refuse_other_artifacts(running)


def test_clusters_of_two_run_directories_have_projects_of_their_own(
    layout: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPOSE_PROJECT_NAME", raising=False)
    names = []
    for run_dir in ("one", "two", "one"):
        monkeypatch.setenv("AMBIANCE_RUN_DIR", str(tmp_path / run_dir))
        names.append(layout.load().settings["COMPOSE_PROJECT_NAME"])
    assert names[0] == names[2] != names[1]
    assert all(re.fullmatch(r"ambiance-[0-9a-f]{8}", name) for name in names)
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "mine")
    assert layout.load().settings["COMPOSE_PROJECT_NAME"] == "mine"


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "::1"), ("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.2")],
)
def test_a_port_that_is_taken_is_found_at_whatever_address(layout: Any, host: str, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        taken = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with taken:
        port = taken.getsockname()[1]
        assert layout.taken_address(host, port) == (host if host == "0.0.0.0" else address)
    assert layout.taken_address(host, port) is None


def test_what_kubernetes_tells_of_a_service_is_no_port(
    layout: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBIANCE_RUN_DIR", str(tmp_path))
    monkeypatch.setenv("AMBIANCE_TEXT_PORT", "tcp://10.0.0.1:50052")
    assert layout.load().port(layout.TEXT) == layout.TEXT.default_port


def test_a_start_warns_of_a_mistyped_variable(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBIANCE_MUSIC_PRT", "1")
    assert cluster._settings_warnings() == [
        "AMBIANCE_MUSIC_PRT is set and no setting of this process; did you mean AMBIANCE_MUSIC_PORT?"
    ]


def test_no_proxy_stands_between_the_cluster_and_its_services(
    cluster: Any, layout: Any, serving_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    running = layout.Cluster(tmp_path, ports(layout, serving_port), engine="local")
    assert cluster._health(running, layout.TEXT) == "SERVING"


def test_a_start_that_fails_says_what_each_health_check_saw(
    cluster: Any, layout: Any, serving_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "START_TIMEOUT_S", 0.0)
    engine = SimpleNamespace(problem=lambda: None, log_tail=lambda names: f"logs of {names}")
    settings = {**ports(layout, serving_port), "AMBIANCE_TEXT_PORT": "1"}
    starting = layout.Cluster(tmp_path, settings, engine=None)
    with pytest.raises(layout.ClusterError) as raised:
        cluster._wait_until_serving(starting, engine)
    message = str(raised.value)
    assert f"health check of gateway at 127.0.0.1:{serving_port}: SERVING\n" in message
    assert "health check of text_service at 127.0.0.1:1: unreachable (UNAVAILABLE: " in message
    assert "logs of ['text_service']" in message


# As a supervisord that begins to run in the background: told to end, it is another process already.
FORKS_AS_IT_ENDS = """
import os, signal, time
def fork(*_):
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time.sleep(60)
signal.signal(signal.SIGTERM, fork)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="tells processes apart by /proc")
def test_what_a_killed_start_left_is_ended_though_it_forks(layout: Any, tmp_path: Path) -> None:
    import processes

    running = processes.LocalProcesses(layout.Cluster(tmp_path, {}, engine="local"))
    mark = {processes.SOCKET_VARIABLE: str(running._socket)}
    command = [sys.executable, "-c", FORKS_AS_IT_ENDS]
    with subprocess.Popen(command, env=os.environ | mark, stdout=subprocess.PIPE, text=True) as left:
        assert left.stdout is not None
        assert left.stdout.readline() == "ready\n"
        running.stop()
        assert left.wait(timeout=1) == 0
    assert processes._processes_with("=".join(*mark.items())) == []


def test_what_is_remembered_is_never_half_written(
    layout: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBIANCE_RUN_DIR", str(tmp_path))
    layout.load().remember("local")

    def torn(path: Path, text: str) -> None:
        with path.open("w") as file:
            file.write(text[:20])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", torn)
    with pytest.raises(KeyboardInterrupt):
        layout.load().remember("docker")
    assert layout.load().engine == "local"


def test_an_image_is_built_with_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert packages
    assert [name for name in [*packages, "protos"] if f"!{name}/**" not in sent] == []
    assert [
        name for name in ("pyproject.toml", "hatch_build.py", "constraints.txt") if f"!{name}" not in sent
    ] == []
