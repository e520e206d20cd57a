"""A whole cluster beside whatever else runs on the machine: ports, run directory and artifacts of its own."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PREFIXES = ("AMBIANCE_GATEWAY_", "AMBIANCE_TEXT_", "AMBIANCE_MUSIC_")

# What a folder may be called: of all of it, some program on the way once made something else.
ODD_NAME = "it's 100% %(ENV_HOME)s müßig; #1"

Completed = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class ClusterUnderTest:
    """A cluster, down at first, and the commands that a person would use on it."""

    engine: str
    variables: dict[str, str]
    checkout: Path = ROOT
    python: str = sys.executable

    @property
    def run_dir(self) -> Path:
        return Path(self.variables["AMBIANCE_RUN_DIR"])

    @property
    def artifacts(self) -> Path:
        return Path(self.variables["AMBIANCE_ARTIFACTS"])

    def port(self, service: str) -> int:
        """The gRPC port of a service: GATEWAY, TEXT or MUSIC."""
        return int(self.variables[f"AMBIANCE_{service}_PORT"])

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port('GATEWAY')}"

    def manage(self, command: str, *flags: str) -> Completed:
        """Run deploy/cluster.py, as `make up` and the like do."""
        return self._run([self.python, "deploy/cluster.py", command, "--engine", self.engine, *flags])

    def match(self, text: str, *flags: str) -> Completed:
        """Run `ambiance match` in a process of its own."""
        return self._run(
            [self.python, "-m", "ambiance.cli", "match", "--target", self.target, *flags, "--", text]
        )

    def match_json(self, text: str, *flags: str) -> dict[str, Any]:
        """The answer of a match that must succeed."""
        done = self.match(text, "--json", *flags)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _run(self, command: list[str]) -> Completed:
        return subprocess.run(
            command,
            cwd=self.checkout,
            env={**os.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Return once the condition holds; fail if it doesn't in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {timeout_s:.0f} s"
        time.sleep(0.1)


def listens(port: int) -> bool:
    """Whether anything accepts connections on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def prepare_cluster(engine: str, folder: Path) -> ClusterUnderTest:
    """A cluster that isn't started yet, with what it needs in a folder."""
    shutil.copytree(ROOT / "artifacts", folder / "artifacts")  # a copy that a test may damage
    names = [f"{prefix}{kind}" for prefix in PREFIXES for kind in ("PORT", "METRICS_PORT")]
    names.append("AMBIANCE_GATEWAY_HTTP_PORT")
    ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
    variables = {
        "AMBIANCE_RUN_DIR": str(folder / "run"),
        "AMBIANCE_ARTIFACTS": str(folder / "artifacts"),
        "COMPOSE_PROJECT_NAME": f"ambiance-test-{ports['AMBIANCE_GATEWAY_PORT']}",
        **ports,
    }
    return ClusterUnderTest(engine, variables)


def move_checkout(cluster: ClusterUnderTest, folder: Path) -> ClusterUnderTest:
    """The same cluster run from a copy of this checkout, with an environment of its own in it."""
    skipped = (".*", "artifacts", "benchmarks", "data", "docs", "runs", "tests", "training")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*skipped))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")], check=True)
    path = os.pathsep.join([str(folder), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    return replace(
        cluster,
        variables={**cluster.variables, "AMBIANCE_RUN_DIR": str(folder / ".run"), "PYTHONPATH": path},
        checkout=folder,
        python=str(folder / ".venv" / "bin" / "python"),
    )


def free_ports(count: int) -> list[int]:
    """Ports that stay free while a service restarts; the system gives higher ones to anybody who dials."""
    with ExitStack() as stack:
        ports: list[int] = []
        for port in random.sample(range(20_000, 32_000), 1_000):
            probe = stack.enter_context(socket.socket())
            with suppress(OSError):  # taken
                probe.bind(("127.0.0.1", port))
                ports.append(port)
            if len(ports) == count:
                return ports
    raise RuntimeError("no free ports from 20,000 to 32,000")
