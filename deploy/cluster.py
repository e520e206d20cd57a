"""Starts, ends and shows the cluster: `python deploy/cluster.py up|down|status|logs`; the Makefile calls it.

With a Docker Engine the cluster runs in containers, else as local processes under supervisord. Which of
them it was is remembered, so that later commands find it.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence

import grpc
from containers import ComposeContainers, find_compose
from grpc_health.v1 import health_pb2, health_pb2_grpc
from layout import (
    DATA_VARIABLE,
    GATEWAY,
    SERVICES,
    Cluster,
    ClusterError,
    Engine,
    Service,
    asked_artifacts,
    asked_data,
    exclusive,
    load,
)
from processes import LocalProcesses

START_TIMEOUT_S = 60.0
HEALTH_TIMEOUT_S = 1.0
POLL_S = 0.1
# The system chooses the worker of each connection, so several are asked for health: of two workers, eight
# connections miss one only once in 128 times.
LOOKS_PER_WORKER = 4

# Each look has a connection of its own: after a refusal a shared one would wait before it dials again. None
# goes through http_proxy, which is meant for the package registry: no proxy reaches this machine's loopback.
LOOK_OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]

SERVING = "SERVING"
UNREACHABLE = "unreachable"
PLACES = {"local": "as local processes", "docker": "in containers"}


def up(engine_name: str | None) -> int:
    """Start the cluster unless it is up; returns once every service answers SERVING."""
    cluster = load()
    with exclusive(cluster.run_dir):
        cluster = load()  # a command that ran meanwhile may have changed it
        _refuse_other_engine(cluster, engine_name)
        _refuse_other_artifacts(cluster)
        _refuse_other_data(cluster)
        if cluster.engine is None or not _all_serve(cluster):
            _start(cluster, engine_name)
    _print_table(cluster)
    page = f"Read with music at http://127.0.0.1:{port}/. " if (port := cluster.http_port(GATEWAY)) else ""
    print(f'Ambiance is up. {page}Ask it: make match TEXT="I am so happy". Stop it: make down.')
    return 0


def down(engine_name: str | None) -> int:
    """End every process of the cluster; does nothing if it is down."""
    cluster = load()
    with exclusive(cluster.run_dir):
        cluster = load()
        _refuse_other_engine(cluster, engine_name)
        _engine(cluster, cluster.engine or "local").stop()  # processes may be left that nothing records
        cluster.forget()
    print("Ambiance is down.")
    return 0


def status(engine_name: str | None) -> int:
    """Print what every service answers; returns 0 only if all serve."""
    cluster = load()
    _refuse_other_engine(cluster, engine_name)
    if cluster.engine is None:
        print("Ambiance is down; `make up` starts it.")
        return 1
    _print_table(cluster)
    return 0 if _all_serve(cluster) else 1


def logs(engine_name: str | None, *, follow: bool) -> int:
    """Print the services' logs."""
    cluster = load()
    _refuse_other_engine(cluster, engine_name)
    _engine(cluster, cluster.engine or "local").show_logs(follow=follow)
    return 0


def _start(cluster: Cluster, engine_name: str | None) -> None:
    """Start the cluster, or those of its processes that have ended; a start that fails is undone."""
    name = (
        cluster.engine
        or engine_name
        or ("local" if find_compose(cluster.environment()) is None else "docker")
    )
    engine = _engine(cluster, name)
    if cluster.engine is None:
        for warning in _settings_warnings():
            print(f"warning: {warning}", file=sys.stderr)
        cluster.require_artifacts()
        cluster.require_free_ports(name)
    print(f"Starting Ambiance {PLACES[name]} ...", file=sys.stderr)
    cluster.remember(name)
    try:
        engine.start()
        _wait_until_serving(cluster, engine)
    except BaseException:
        if cluster.engine is None:
            engine.stop()
            cluster.forget()
        raise


def _settings_warnings() -> list[str]:
    """Warnings of environment variables that look like a service's setting and aren't one."""
    # Imported only for a start: pydantic takes a moment to load.
    from gateway.settings import GatewaySettings  # noqa: PLC0415
    from music_index_service.settings import MusicIndexSettings  # noqa: PLC0415
    from text_service.settings import TextServiceSettings  # noqa: PLC0415

    kinds = (GatewaySettings, TextServiceSettings, MusicIndexSettings)
    return [warning for kind in kinds for warning in kind.warnings()]


def _wait_until_serving(cluster: Cluster, engine: Engine) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _all_serve(cluster):
        problem = engine.problem()
        if problem is None and time.monotonic() > deadline:
            seen = {service: _health(cluster, service) for service in SERVICES}
            missing = [service.name for service, health in seen.items() if health != SERVING]
            probes = [
                f"health check of {service.name} at 127.0.0.1:{cluster.port(service)}: {health}"
                for service, health in seen.items()
            ]
            problem = "\n".join(
                [f"not serving after {START_TIMEOUT_S:.0f} s", *probes, engine.log_tail(missing)]
            )
        if problem is not None:
            raise ClusterError(f"Ambiance did not come up: {problem}")
        time.sleep(POLL_S)


def _refuse_other_engine(cluster: Cluster, engine_name: str | None) -> None:
    if cluster.engine and engine_name and cluster.engine != engine_name:
        raise ClusterError(
            f"the cluster runs with ENGINE={cluster.engine}, not {engine_name}; end it first with `make down`"
        )


def _refuse_other_artifacts(cluster: Cluster) -> None:
    asked, serves = asked_artifacts(), cluster.settings["AMBIANCE_ARTIFACTS"]
    if cluster.engine and asked and str(asked) != serves:
        raise ClusterError(f"the cluster serves {serves}, not {asked}; end it first with `make down`")


def _refuse_other_data(cluster: Cluster) -> None:
    asked, serves = asked_data(), cluster.settings.get(DATA_VARIABLE)
    if cluster.engine and asked and str(asked) != serves:
        keeps = f"keeps its data in {serves}" if serves else "keeps no data"
        raise ClusterError(f"the cluster {keeps}, not in {asked}; end it first with `make down`")


def _engine(cluster: Cluster, name: str) -> Engine:
    if name == "local":
        return LocalProcesses(cluster)
    compose = find_compose(cluster.environment())
    if compose is None:
        raise ClusterError(
            "no Docker Engine answers (see `docker info`), or neither `docker compose` nor docker-compose is"
            " installed; ENGINE=local runs the cluster without them"
        )
    return ComposeContainers(cluster, compose)


def _all_serve(cluster: Cluster) -> bool:
    return all(_health(cluster, service) == SERVING for service in SERVICES)


def _health(cluster: Cluster, service: Service) -> str:
    """What a service answers to health checks: SERVING only if every worker that was reached does."""
    workers = cluster.workers(service)
    looks = 1 if workers == 1 else LOOKS_PER_WORKER * workers
    answers = {_look(cluster, service) for _ in range(looks)}
    return min(answers - {SERVING}, default=SERVING)


def _look(cluster: Cluster, service: Service) -> str:
    """What one worker answers: SERVING, NOT_SERVING, or "unreachable" and why."""
    with grpc.insecure_channel(f"127.0.0.1:{cluster.port(service)}", LOOK_OPTIONS) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(  # type: ignore[attr-defined]
                health_pb2.HealthCheckRequest(), timeout=HEALTH_TIMEOUT_S
            )
        except grpc.RpcError as error:
            return f"{UNREACHABLE} ({error.code().name}: {error.details()})"
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def _print_table(cluster: Cluster) -> None:
    row = "{:<20}  {:<16}  {:<30}  {:<23}  {}"
    print(row.format("SERVICE", "GRPC", "METRICS", "HTTP", "HEALTH"))
    for service in SERVICES:
        address = f"127.0.0.1:{cluster.port(service)}"
        metrics = f"http://127.0.0.1:{cluster.metrics_port(service)}/metrics"
        port = cluster.http_port(service)
        http = "-" if port is None else f"http://127.0.0.1:{port}/"
        health = _health(cluster, service)
        shown = UNREACHABLE if UNREACHABLE in health else health
        print(row.format(service.name, address, metrics, http, shown))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status, 1 with a sentence on standard error if it failed."""
    parser = argparse.ArgumentParser(prog="cluster.py", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status", "logs"))
    parser.add_argument(
        "--engine", choices=("docker", "local"), help="default: docker where an engine answers"
    )
    parser.add_argument("--follow", action="store_true", help="logs: print what is added, until interrupted")
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "logs":
            return logs(arguments.engine, follow=arguments.follow)
        return {"up": up, "down": down, "status": status}[arguments.command](arguments.engine)
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a start that is ended is undone, too
    sys.exit(main())
