"""The engine for machines without Docker: local processes that supervisord starts, restarts and ends."""

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from layout import MUSIC, ROOT, SERVICES, TEXT, Cluster, ClusterError
from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]

CONFIG = ROOT / "deploy" / "supervisord.conf"

# Set in every process of a cluster and in no other, so that a user's own processes are never ended.
SOCKET_VARIABLE = "AMBIANCE_SUPERVISOR_SOCKET"

# A Unix socket's path holds 107 bytes, and supervisord first binds to it with its process id appended.
MAX_SOCKET_PATH = 96

STOP_TIMEOUT_S = 45.0  # two stopwaitsecs, the gateway's and then the services', and a margin
TAIL_LINES = 6


class LocalProcesses:
    """A cluster under supervisord, which is reached by a Unix socket."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._socket = _socket_path(cluster.run_dir)

    def start(self) -> None:
        """Start supervisord, or what isn't running under it."""
        if self._pid() is not None:
            self._start_stopped()
            return
        self._end_orphans()
        for service in SERVICES:
            self._log_file(service.name).unlink(missing_ok=True)  # `logs` shows this run alone
        shutil.rmtree(self._chosen_versions, ignore_errors=True)  # a choice outlasts a crash, not `down`
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(CONFIG)]
        done = subprocess.run(
            command,
            cwd=self._cluster.run_dir,  # CONFIG's paths are relative to it
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ClusterError(f"supervisord did not start: {done.stderr.strip() or done.stdout.strip()}")

    def problem(self) -> str | None:
        """Name a service that ended soon after its start."""
        if self._pid() is None:
            return None  # supervisord itself is still starting
        for process in self._call("getAllProcessInfo"):
            if process["statename"] in ("BACKOFF", "FATAL"):
                return f"{process['name']} ended soon after its start\n{self.log_tail([process['name']])}"
        return None

    def log_tail(self, services: Sequence[str]) -> str:
        """The last lines of each service's log, its name above them."""
        parts = []
        for service in services:
            path = self._log_file(service)
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            parts += [f"{path}:", *(f"  {line}" for line in lines[-TAIL_LINES:])]
        return "\n".join(parts)

    def show_logs(self, *, follow: bool) -> None:
        """Print the logs of this run, or of the last one."""
        paths = [self._log_file(service.name) for service in SERVICES]
        present = [str(path) for path in paths if path.exists()]
        if not present:
            raise ClusterError(f"no logs in {self._cluster.run_dir}; the cluster hasn't been started yet")
        sys.stdout.flush()
        subprocess.run(["tail", "-n", "100", *(["-F"] if follow else []), *present], check=False)

    def stop(self) -> None:
        """End the services, the gateway first, then supervisord; its logs stay to be read."""
        pid = self._pid()
        if pid is not None:
            self._call("shutdown")
            if not _wait_until(lambda: not _alive(pid), STOP_TIMEOUT_S):
                raise ClusterError(f"supervisord, process {pid}, did not end in {STOP_TIMEOUT_S:.0f} s")
        self._end_orphans()
        self._socket.unlink(missing_ok=True)

    def _environment(self) -> dict[str, str]:
        """The services' environment: ports, artifacts, and the addresses of both services for the gateway."""
        cluster = self._cluster
        return {
            **cluster.environment(),
            "AMBIANCE_ROOT": str(ROOT),
            "AMBIANCE_PYTHON": shlex.quote(sys.executable),
            SOCKET_VARIABLE: str(self._socket),
            "AMBIANCE_TEXT_ARTIFACTS": cluster.settings["AMBIANCE_ARTIFACTS"],
            "AMBIANCE_MUSIC_ARTIFACTS": cluster.settings["AMBIANCE_ARTIFACTS"],
            "AMBIANCE_TEXT_CHOSEN_VERSIONS": str(self._chosen_versions),
            "AMBIANCE_MUSIC_CHOSEN_VERSIONS": str(self._chosen_versions),
            "AMBIANCE_GATEWAY_TEXT_TARGET": f"127.0.0.1:{cluster.port(TEXT)}",
            "AMBIANCE_GATEWAY_MUSIC_TARGET": f"127.0.0.1:{cluster.port(MUSIC)}",
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def _chosen_versions(self) -> Path:
        return self._cluster.run_dir / "versions"

    def _log_file(self, service: str) -> Path:
        return self._cluster.run_dir / f"{service}.log"

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with ServerProxy("http://localhost", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def _pid(self) -> int | None:
        """supervisord's process id; None if it doesn't answer, or only that it is ending."""
        try:
            return int(self._call("getPID"))
        except (OSError, Fault):
            return None

    def _start_stopped(self) -> None:
        for process in self._call("getAllProcessInfo"):
            if process["statename"] in ("STOPPED", "EXITED", "FATAL"):
                try:
                    self._call("startProcess", process["name"], False)
                except Fault as fault:
                    raise ClusterError(f"{process['name']} did not start: {fault.faultString}") from fault

    def _end_orphans(self) -> None:
        """End what no supervisord that answers knows of.

        Services outlive one that was killed, and one outlives a start that was killed, or its own socket.
        They are looked for until none is left: one that starts or ends has others a moment later.
        """
        variable, told = f"{SOCKET_VARIABLE}={self._socket}", set[int]()

        def none_left() -> bool:
            left = set(_processes_with(variable))
            _signal(left - told, signal.SIGTERM)
            told.update(left)
            return not left and not any(map(_alive, told))  # one that is ending has no environment any more

        if not _wait_until(none_left, STOP_TIMEOUT_S):
            _signal(_processes_with(variable), signal.SIGKILL)


def _socket_path(run_dir: Path) -> Path:
    path = run_dir / "supervisor.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"ambiance-{os.getuid()}-{digest}.sock"


def _processes_with(variable: str) -> list[int]:
    """Processes of this user that were given the variable. Finds none where there is no /proc."""
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it ended, or is another user's
            if os.fsencode(variable) in file.read_bytes().split(b"\0"):
                found.append(int(file.parent.name))
    return found


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(pid, number)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
