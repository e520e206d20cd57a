"""What a cluster is made of, and what is remembered of one that runs; engines and commands build on it."""

import errno
import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ambiance.channel import GATEWAY_PORT, HTTP_PORT, MUSIC_INDEX_SERVICE_PORT, TEXT_SERVICE_PORT
from ambiance.errors import AmbianceError
from ambiance.server.environment import is_service_link
from ambiance.server.listening import addresses

ROOT = Path(__file__).resolve().parent.parent

MAX_WORKERS = 64  # of a service, as its settings have it


class ClusterError(Exception):
    """Raised when a command can't do its work; the message is the sentence a person reads."""


@dataclass(frozen=True)
class Service:
    """A process of the cluster. Its environment variables begin with `prefix`."""

    name: str
    prefix: str
    default_port: int
    default_metrics_port: int
    default_http_port: int | None = None  # of HTTP/JSON and the reader's page; None: it has none

    def port_variables(self) -> dict[str, int]:
        """The environment variables that choose a port, with their defaults."""
        ports = {"PORT": self.default_port, "METRICS_PORT": self.default_metrics_port}
        if self.default_http_port is not None:
            ports["HTTP_PORT"] = self.default_http_port
        return {f"{self.prefix}{name}": port for name, port in ports.items()}

    @property
    def workers_variable(self) -> str:
        """The environment variable that sets how many processes share the ports."""
        return f"{self.prefix}WORKERS"


GATEWAY = Service("gateway", "AMBIANCE_GATEWAY_", GATEWAY_PORT, 9051, HTTP_PORT)
TEXT = Service("text_service", "AMBIANCE_TEXT_", TEXT_SERVICE_PORT, 9052)
MUSIC = Service("music_index_service", "AMBIANCE_MUSIC_", MUSIC_INDEX_SERVICE_PORT, 9053)
SERVICES = (GATEWAY, TEXT, MUSIC)

# Folder of the clips that are written to the cluster; unset, nothing can be written.
DATA_VARIABLE = "AMBIANCE_MUSIC_DATA"


class Engine(Protocol):
    """Runs the processes of a cluster, in containers or without."""

    def start(self) -> None:
        """Start what isn't running. Raises ClusterError if nothing could be started."""

    def problem(self) -> str | None:
        """Why the cluster will not come up, with the offender's last lines; None while it may."""

    def log_tail(self, services: Sequence[str]) -> str:
        """The last lines that each of the services logged."""

    def show_logs(self, *, follow: bool) -> None:
        """Print the services' logs, and what is added to them if asked to follow."""

    def stop(self) -> None:
        """Drain and end every process, and remove what the engine made for them."""


@dataclass(frozen=True)
class Cluster:
    """A cluster's settings: those it was started with if it is up, else those of the environment."""

    run_dir: Path
    settings: dict[str, str]
    engine: str | None  # what it was started with; None if it is down

    def port(self, service: Service) -> int:
        """The gRPC port of a service on this machine."""
        return int(self.settings[f"{service.prefix}PORT"])

    def metrics_port(self, service: Service) -> int:
        """The port of a service's /metrics on this machine."""
        return int(self.settings[f"{service.prefix}METRICS_PORT"])

    def http_port(self, service: Service) -> int | None:
        """The port of a service's HTTP/JSON and page on this machine; None if it has none."""
        port = self.settings.get(f"{service.prefix}HTTP_PORT")  # an older cluster that still runs has none
        return None if port is None else int(port)

    def workers(self, service: Service) -> int:
        """The processes that share a service's ports; what the service itself will refuse counts as one."""
        value = self.settings.get(service.workers_variable, "")
        return int(value) if value.isdecimal() and 1 <= int(value) <= MAX_WORKERS else 1

    def environment(self) -> dict[str, str]:
        """The environment for the engines' programs."""
        return {**os.environ, **self.settings}

    def remember(self, engine: str) -> None:
        """Note which engine runs the cluster, so that later commands find it."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        state = _state_file(self.run_dir)
        beside = state.with_suffix(".new")  # moved into place whole: a command that is killed tears none
        beside.write_text(json.dumps({"engine": engine, "settings": self.settings}, indent=2))
        beside.replace(state)
        for service in SERVICES:
            _target_file(self.run_dir, service).write_text(f"127.0.0.1:{self.port(service)}\n")

    def forget(self) -> None:
        """Note that the cluster is down."""
        _state_file(self.run_dir).unlink(missing_ok=True)
        for service in SERVICES:
            _target_file(self.run_dir, service).unlink(missing_ok=True)

    def require_free_ports(self, engine: str) -> None:
        """Raise ClusterError if another program listens on a port that a service needs."""
        for service in SERVICES:
            host_variable = f"{service.prefix}HOST" if engine == "local" else "AMBIANCE_PUBLISH"
            host = os.environ.get(host_variable) or "127.0.0.1"
            for variable in service.port_variables():
                port = int(self.settings[variable])
                try:
                    taken = taken_address(host, port)
                except AmbianceError as error:
                    raise ClusterError(f"{host_variable}: {error}") from error
                if taken is not None:
                    raise ClusterError(
                        f"port {port} of {taken}, meant for {service.name}, is taken by another program;"
                        f" stop that program or choose another port with {variable}"
                    )

    def require_artifacts(self) -> None:
        """Raise ClusterError if there is no folder of released models and indexes."""
        folder = Path(self.settings["AMBIANCE_ARTIFACTS"])
        if not folder.is_dir():
            raise ClusterError(
                f"no artifacts at {folder}; they come with the repository, or from `make train`"
            )


def asked_artifacts() -> Path | None:
    """The folder of released artifacts that the environment asks for; None if it asks for none."""
    folder = os.environ.get("AMBIANCE_ARTIFACTS")
    return Path(folder).resolve() if folder else None


def asked_data() -> Path | None:
    """The folder of written clips that the environment asks for; None if it asks for none."""
    folder = os.environ.get(DATA_VARIABLE)
    return Path(folder).resolve() if folder else None


def load() -> Cluster:
    """The cluster of this run directory (AMBIANCE_RUN_DIR, default `.run` in the repository)."""
    run_dir = Path(os.environ.get("AMBIANCE_RUN_DIR") or ROOT / ".run").resolve()
    try:
        state = json.loads(_state_file(run_dir).read_text())
    except FileNotFoundError:
        return Cluster(run_dir, _settings_from_environment(run_dir), engine=None)
    return Cluster(run_dir, state["settings"], state["engine"])


@contextmanager
def exclusive(run_dir: Path) -> Iterator[None]:
    """Let one command at a time change the cluster; another waits here."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with (run_dir / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _state_file(run_dir: Path) -> Path:
    return run_dir / "cluster.json"


def _target_file(run_dir: Path, service: Service) -> Path:
    """Holds a service's address, for the Makefile: it asks the cluster that runs, whatever its ports."""
    return run_dir / service.name


def _settings_from_environment(run_dir: Path) -> dict[str, str]:
    settings = {
        "AMBIANCE_RUN_DIR": str(run_dir),
        "AMBIANCE_ARTIFACTS": str(asked_artifacts() or ROOT / "artifacts"),
        **_data(),
        "COMPOSE_PROJECT_NAME": os.environ.get("COMPOSE_PROJECT_NAME") or _project_name(run_dir),
    }
    if "DOCKER_HOST" in os.environ:
        settings["DOCKER_HOST"] = os.environ["DOCKER_HOST"]
    for service in SERVICES:
        for variable, default in service.port_variables().items():
            settings[variable] = _port(variable, default)
        if workers := os.environ.get(service.workers_variable):
            settings[service.workers_variable] = workers
    return settings


def _data() -> dict[str, str]:
    """The folder of written clips, if the environment asks for one; made here, to be its user's own."""
    path = asked_data()
    if path is None:
        return {}
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClusterError(f"{DATA_VARIABLE}: can't make {path}: {error.strerror or error}") from error
    # containers write to it as who started them
    return {DATA_VARIABLE: str(path), "AMBIANCE_USER": f"{os.getuid()}:{os.getgid()}"}


def _project_name(run_dir: Path) -> str:
    """A name for containers that no other checkout's cluster has: compose replaces those of its project."""
    return f"ambiance-{hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:8]}"


def _port(variable: str, default: int) -> str:
    value = os.environ.get(variable) or str(default)
    if is_service_link(value):  # as a service has it, which also says so
        value = str(default)
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise ClusterError(f"{variable}: a port is a number from 1 to 65535, got {value!r}")
    return value


def taken_address(host: str, port: int) -> str | None:
    """An address of a host, or one that "localhost" may be, whose port another program has; None if none."""
    hosts = dict.fromkeys((host, "127.0.0.1", "::1"))
    found = [each for name in hosts for each in addresses(name)]
    return next((address for family, address in found if not _is_free(family, address, port)), None)


def _is_free(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections may linger there
            if family is socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((address, port))
    except OSError as error:
        return error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # this machine hasn't the address
    return True
