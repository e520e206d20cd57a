"""The cluster in containers: built, started, asked and ended on a real Docker Engine, where one answers."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clusters import ClusterUnderTest, listens, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

SERVICES = ("gateway", "text_service", "music_index_service")


def docker(*arguments: str) -> str:
    command = ["docker", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def engine_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, timeout=60, check=False).returncode == 0


@pytest.fixture(scope="module")
def cluster(new_cluster: Callable[[str], ClusterUnderTest]) -> Iterator[ClusterUnderTest]:
    """One that is up."""
    if not engine_answers():
        pytest.skip("no Docker Engine answers here (see `docker info`), so the compose cluster isn't tested")
    cluster = new_cluster("docker")
    started = cluster.manage("up")
    assert started.returncode == 0, started.stderr
    yield cluster
    if cluster.manage("status").returncode != 0:
        print(cluster.manage("logs").stdout)
    assert cluster.manage("down").returncode == 0
    project = cluster.variables["COMPOSE_PROJECT_NAME"]  # which its images are named after
    docker("rmi", "--force", *(f"{project}-{service.replace('_', '-')}" for service in SERVICES))


def container_of(cluster: ClusterUnderTest, service: str) -> dict[str, Any]:
    """What the engine says of a service's container."""
    project = cluster.variables["COMPOSE_PROJECT_NAME"]
    labels = (f"com.docker.compose.project={project}", f"com.docker.compose.service={service}")
    [identity] = docker("ps", "-aq", *(f"--filter=label={label}" for label in labels)).split()
    [container] = json.loads(docker("inspect", identity))
    return dict(container)


def test_a_match(cluster: ClusterUnderTest) -> None:
    answer = cluster.match_json("I can't believe she is gone", "-k", "3")
    assert len(answer["clips"]) == 3


def test_status_says_that_all_serve(cluster: ClusterUnderTest) -> None:
    done = cluster.manage("status")
    assert done.returncode == 0
    assert [line.split()[-1] for line in done.stdout.splitlines()[1:]] == ["SERVING"] * 3


def test_the_logs_of_every_container_are_shown(cluster: ClusterUnderTest) -> None:
    assert cluster.manage("logs").stdout.count('"listening"') == 3


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_may_do_no_more_than_it_needs(cluster: ClusterUnderTest, service: str) -> None:
    container = container_of(cluster, service)
    host = container["HostConfig"]
    assert container["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert not any(mount["RW"] for mount in container["Mounts"] if mount["Type"] == "bind")
    published = [binding["HostIp"] for ports in host["PortBindings"].values() for binding in ports]
    assert len(published) == (3 if service == "gateway" else 2)  # HTTP, besides gRPC and metrics
    assert set(published) == {"127.0.0.1"}


def test_a_killed_service_comes_back(cluster: ClusterUnderTest) -> None:
    before = container_of(cluster, "text_service")["State"]["Pid"]
    docker("exec", container_of(cluster, "text_service")["Id"], "python", "-c", "import os; os.kill(1, 15)")
    wait_until(lambda: container_of(cluster, "text_service")["State"]["Pid"] not in (0, before))
    wait_until(lambda: cluster.manage("status").returncode == 0)
    assert cluster.match_json("What a surprise")["clips"]


def test_down_drains_and_leaves_no_container_and_no_network(cluster: ClusterUnderTest) -> None:
    gateway = container_of(cluster, "gateway")["Id"]
    docker("stop", "--time=20", gateway)
    assert container_of(cluster, "gateway")["State"]["ExitCode"] == 0
    assert cluster.manage("down").returncode == 0
    project = f"label=com.docker.compose.project={cluster.variables['COMPOSE_PROJECT_NAME']}"
    assert docker("ps", "-aq", f"--filter={project}") == ""
    assert docker("network", "ls", "-q", f"--filter={project}") == ""
    assert not listens(cluster.port("GATEWAY"))
