"""The engine for machines with Docker: the compose cluster of compose.yaml, built from this checkout."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from layout import DATA_VARIABLE, ROOT, SERVICES, Cluster, ClusterError

COMPOSE_FILE = ROOT / "deploy" / "compose.yaml"
DATA_COMPOSE_FILE = ROOT / "deploy" / "compose.data.yaml"
STOP_TIMEOUT_S = 15  # longer than a service drains
TAIL_LINES = 6
BUILD_TAIL_LINES = 30


class ComposeContainers:
    """A cluster under `docker compose`, or docker-compose 1.29 where only that is installed."""

    def __init__(self, cluster: Cluster, compose: list[str]) -> None:
        self._cluster = cluster
        self._compose = compose
        self._up: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Build the images, then have compose start the containers, without waiting until they serve."""
        print("Building the images (the first time takes a few minutes) ...", file=sys.stderr)
        self._build()
        with (self._cluster.run_dir / "compose.log").open("w") as log:
            self._up = subprocess.Popen(
                self._command("up", "--detach", "--no-build", "--remove-orphans"),
                env=self._cluster.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def problem(self) -> str | None:
        """Name a container that ended, or what compose complained of."""
        for container in self._containers():
            if container["RestartCount"] or container["State"]["Status"] in ("exited", "dead"):
                service = container["Config"]["Labels"]["com.docker.compose.service"]
                return f"{service} ended soon after its start\n{self.log_tail([service])}"
        if self._up is not None and self._up.poll():
            return (self._cluster.run_dir / "compose.log").read_text().strip()
        return None

    def log_tail(self, services: Sequence[str]) -> str:
        """The last lines of the services' containers."""
        return self._run("logs", "--no-color", f"--tail={TAIL_LINES}", *services).stdout.strip()

    def show_logs(self, *, follow: bool) -> None:
        """Print the containers' logs."""
        sys.stdout.flush()
        command = self._command("logs", "--tail=100", *(["--follow"] if follow else []))
        subprocess.run(command, env=self._cluster.environment(), check=False)

    def stop(self) -> None:
        """Drain and remove the containers and their network; the images stay, to start from again."""
        if self._up is not None:
            self._up.terminate()
            self._up.wait()
        done = self._run("down", "--remove-orphans", f"--timeout={STOP_TIMEOUT_S}")
        if done.returncode:
            raise ClusterError(f"compose could not stop the cluster: {done.stderr.strip()}")

    def _build(self) -> None:
        log = self._cluster.run_dir / "build.log"
        with log.open("w") as file:
            command = self._command("build")
            code = subprocess.run(
                command,
                env=self._cluster.environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if code:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-BUILD_TAIL_LINES:])
            raise ClusterError(f"the images could not be built; the end of {log}:\n{tail}")

    def _containers(self) -> list[dict[str, Any]]:
        ids = self._run("ps", "--quiet", *(service.name for service in SERVICES)).stdout.split()
        if not ids:
            return []
        done = subprocess.run(
            ["docker", "inspect", *ids],
            env=self._cluster.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        return list(json.loads(done.stdout or "[]"))

    def _command(self, *arguments: str) -> list[str]:
        files = [COMPOSE_FILE, *([DATA_COMPOSE_FILE] if DATA_VARIABLE in self._cluster.settings else [])]
        return [*self._compose, *(part for path in files for part in ("--file", str(path))), *arguments]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments),
            env=self._cluster.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def find_compose(environment: dict[str, str]) -> list[str] | None:
    """The compose command to use; None if there is none or no Docker Engine answers."""
    if shutil.which("docker") is None or not _succeeds(["docker", "info"], environment):
        return None
    if _succeeds(["docker", "compose", "version"], environment):
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def _succeeds(command: list[str], environment: dict[str, str]) -> bool:
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
