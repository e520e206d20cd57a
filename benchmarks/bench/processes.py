"""Services in processes of their own, as they run in earnest: started on free ports, asked for their health,
ended with the block."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

ROOT = Path(__file__).resolve().parents[2]

START_TIMEOUT_S = 180.0  # an index of 20 million clips reads gigabytes first
LOOK_S = 0.005  # between two looks at a process that starts

_NEW_CONNECTION = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


class StartError(RuntimeError):
    """Raised when a process ends, or doesn't serve in time; holds the last line that it wrote."""


@dataclass(frozen=True)
class Running:
    """A process that serves."""

    process: subprocess.Popen[bytes]
    target: str
    start_seconds: float  # from its start to the first health check that says SERVING

    def memory_mb(self) -> dict[str, float]:
        """What it holds in memory now, mapped files included, and of that what is its own."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        kilobytes = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if " kB" in line}
        megabytes = {name: round(int(value) * 1024 / 1e6, 1) for name, value in kilobytes.items()}
        return {"resident_mb": megabytes["VmRSS"], "anonymous_mb": megabytes["RssAnon"]}


@contextmanager
def serving(module: str, *flags: str) -> Iterator[Running]:
    """Run `python -m module` with flags until the block ends.

    Raises:
        StartError: if it doesn't serve within START_TIMEOUT_S.
    """
    port = _free_port()
    command = [sys.executable, "-m", module, *flags, "--port", str(port), "--metrics-port", "0"]
    path = os.pathsep.join(filter(None, (str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}
        )
        try:
            target = f"127.0.0.1:{port}"
            while not _serves(port, target):
                if process.poll() is not None or time.perf_counter() - start > START_TIMEOUT_S:
                    log.seek(0)
                    said = log.read().decode(errors="replace").strip().splitlines()
                    raise StartError(f"{module}: {said[-1] if said else 'no word'}")
                time.sleep(LOOK_S)
            yield Running(process, target, time.perf_counter() - start)
        finally:
            process.kill()  # a gentle end would take its half-second for callers that aren't there
            process.wait()


def _serves(port: int, target: str) -> bool:
    with socket.socket() as probe:  # costs the starting process less than a channel would
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return False
    with grpc.insecure_channel(target, options=_NEW_CONNECTION) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]
        try:
            answer = check(health_pb2.HealthCheckRequest(), timeout=1)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
