"""`ambiance serve` with its HTTP face, as a person starts it to read."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from clusters import ROOT, free_ports

_START_S = 60.0


@dataclass(frozen=True)
class Reading:
    """Where it answers."""

    address: str  # of the page
    target: str  # of gRPC


@contextmanager
def serving_page(data: Path) -> Iterator[Reading]:
    """Serve until the block ends, keeping what is written in a folder."""
    port, http = free_ports(2)
    command = [sys.executable, "-m", "ambiance.cli", "serve", "--port", str(port), "--metrics-port", "0"]
    command += ["--http-port", str(http), "--artifacts", str(ROOT / "artifacts"), "--data", str(data)]
    with (data / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
        try:
            reading = Reading(f"http://127.0.0.1:{http}", f"127.0.0.1:{port}")
            _await(f"{reading.address}/readyz", process, data / "serve.log")
            yield reading
        finally:
            process.terminate()
            process.wait(20)


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = monotonic() + _START_S
    while monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"it ended: {log.read_text(encoding='utf-8')[-500:]}")
        with suppress(OSError), urllib.request.urlopen(address, timeout=2) as reply:
            if reply.status == 200:
                return
        sleep(0.1)
    raise TimeoutError(f"not ready after {_START_S:g} s: {log.read_text(encoding='utf-8')[-500:]}")
