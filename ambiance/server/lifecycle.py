"""Construction of a gRPC server, and its life within a process: load, serve, drain."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry

from ambiance.limits import MAX_REQUEST_BYTES
from ambiance.server.admission import CallPool
from ambiance.server.guard import MAX_STREAMS, Guard
from ambiance.server.listening import listen, use_of
from ambiance.server.settings import ServerSettings
from ambiance.server.telemetry import RpcMetrics

# Threads for health checks, which are answered even while every permit and every stream is taken.
SPARE_THREADS = MAX_STREAMS + 4

# How a process ends. It reports NOT_SERVING, but goes on answering for this long, so that callers that watch
# its health have time to turn to another.
LAME_DUCK_S = 0.5
# Then it accepts no more calls, and checks this often whether those that run have ended.
LOOK_S = 0.05
# Then the last answers have this long to be sent. Health watches, which never end by themselves, are cut.
LEAVE_S = 0.2


@dataclass(frozen=True)
class Servicer:
    """A servicer to register: its full name, package included, and how to add it to a server."""

    name: str
    add_to: Callable[[grpc.Server], None]


class SideServer(Protocol):
    """What a process answers beside gRPC, HTTP say. It has its port from the moment it is made."""

    port: int

    def start(self) -> None:
        """Answer requests from threads of its own."""

    def stop_accepting(self) -> None:
        """Let no more connections in; returns once that holds. What is being answered goes on."""

    def close(self) -> None:
        """End what is left, soon."""


@dataclass(frozen=True)
class Application:
    """What a process serves, loaded and warm."""

    servicers: Sequence[Servicer]
    # Called with the health servicer once the server listens; for health that depends on more than this
    # process. None: SERVING from the start.
    watch_health: Callable[["HealthReporter"], None] | None = None
    # Called once the server listens, before it reports SERVING; what it begins ends in `close`.
    start: Callable[[], None] = lambda: None
    close: Callable[[], None] = lambda: None
    max_request_bytes: int = MAX_REQUEST_BYTES
    # Makes what it answers beside gRPC, given the ports that workers share, by the names of their settings,
    # and where to keep metrics. None: nothing. Raises AmbianceError if its port can't be listened on.
    beside: Callable[[Mapping[str, int], CollectorRegistry], SideServer] | None = None
    # The sentence printed for the user who started the process, once it listens on this port, and beside gRPC
    # on that one, if on any. None: nothing.
    next_step: Callable[[int, int | None], str] | None = None


# Reads artifacts and warms up.
Load = Callable[[], Application]


class HealthReporter:
    """Sets the health of every service of a process, and of the process itself (""), together."""

    def __init__(self, service_names: Sequence[str], tell: Callable[[bool], None] = lambda _: None) -> None:
        """Take the services' full names, and what else to call with every change of whether they serve."""
        self.servicer = health.HealthServicer()
        self._names = ("", *service_names)
        self._tell = tell
        self.report(serving=False)

    def report(self, *, serving: bool) -> None:
        """Answer health checks with SERVING or NOT_SERVING from now on."""
        statuses = health_pb2.HealthCheckResponse
        for name in self._names:
            self.servicer.set(name, statuses.SERVING if serving else statuses.NOT_SERVING)
        self._tell_on()

    def drain(self) -> None:
        """Answer NOT_SERVING for good, whatever is reported later."""
        self.servicer.enter_graceful_shutdown()
        self._tell_on()

    def _tell_on(self) -> None:
        """Pass on what health checks answer now: after a drain that is NOT_SERVING, whatever is reported."""
        request = health_pb2.HealthCheckRequest()
        answer = self.servicer.Check(request, None)  # type: ignore[arg-type]  # it ignores the context
        self._tell(answer.status == health_pb2.HealthCheckResponse.SERVING)


class _Registrar:
    """Takes the server's place while servicers are added, to tell the guard of their methods."""

    def __init__(self, server: grpc.Server, guard: Guard) -> None:
        self._guard = guard
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers
        self._add_registered = server.add_registered_method_handlers

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        for name, handler in handlers.items():
            self._guard.prepare(f"/{service}/{name}", handler)
        self._add_registered(service, handlers)


def create_server(
    application: Application, settings: ServerSettings, metrics: RpcMetrics, reporter: HealthReporter
) -> tuple[grpc.Server, int, CallPool]:
    """Build a server with health and reflection that isn't started yet; returns it, its port and its calls.

    The server is the synchronous one: on two cores it answered an echo in 0.32 to 0.58 ms at 4,200 to 4,500
    calls/s, grpc.aio in 0.51 to 0.66 ms at 3,300 to 4,300. A gateway on grpc.aio, with one semaphore in place
    of `admission`, took 1.05 of the time for a match and answered 1.06 to 1.1 of the calls/s. But at 1,500
    calls/s, three times what two cores answer, it answered 270 to 390, half of them within 0.5 to 0.7 s; this
    one answered 560, half within 0.04 s. Its one thread reads requests that it then has no time for.

    Raises:
        AmbianceError: if the address can't be listened on.
    """
    calls = CallPool(
        settings.threads,
        settings.permits,
        settings.queue,
        settings.queue_seconds,
        note_waiting=metrics.queue_length.set,
    )
    guard = Guard(calls, metrics)
    server = grpc.server(
        ThreadPoolExecutor(SPARE_THREADS, thread_name_prefix="rpc"),  # calls have threads of their own
        interceptors=[guard],
        options=[
            # Only workers share a port: any other two processes would share its calls in silence.
            ("grpc.so_reuseport", int(settings.workers > 1)),
            ("grpc.max_receive_message_length", application.max_request_bytes),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
        ],
    )
    registrar = _Registrar(server, guard)
    for servicer in application.servicers:
        servicer.add_to(registrar)  # type: ignore[arg-type]  # the part of a server that it uses
    health_pb2_grpc.add_HealthServicer_to_server(reporter.servicer, server)
    names = [servicer.name for servicer in application.servicers]
    reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    port = listen(server, settings.host, settings.port, shared=settings.workers > 1)
    return server, port, calls


def drain(
    server: grpc.Server,
    reporter: HealthReporter,
    calls: CallPool,
    limit_s: float,
    beside: SideServer | None = None,
) -> None:
    """Stop a server gently: report NOT_SERVING, accept no new calls soon after, end once none is running.

    Calls that take longer than `limit_s` seconds after the last was accepted are cancelled.
    """
    reporter.drain()
    time.sleep(LAME_DUCK_S)
    if beside is not None:
        beside.stop_accepting()  # first: what it lets in becomes a call
    stopped = server.stop(limit_s)
    while not stopped.wait(LOOK_S) and not calls.is_empty():
        pass
    server.stop(LEAVE_S).wait()


class ServerProcess:
    """An application that is loaded and has its ports, and calls it answers from `start` to `end`."""

    def __init__(self, settings: ServerSettings, load: Load) -> None:
        """Load, which reads artifacts and warms up, then bind.

        Raises:
            AmbianceError, OSError: if the application can't be loaded or the address can't be listened on.
        """
        self.metrics = RpcMetrics()
        self._drain_seconds = settings.drain_seconds
        self._application = load()
        names = [servicer.name for servicer in self._application.servicers]
        self._reporter = HealthReporter(names, self.metrics.serving.set)
        self._server, self.port, self._calls = create_server(
            self._application, settings, self.metrics, self._reporter
        )
        shared = settings.workers > 1
        self.further_ports = {
            name: listen(self._server, settings.host, port, use_of(name), shared=shared)
            for name, port in settings.further_ports().items()
        }
        beside = self._application.beside
        ports = {**settings.shared_ports(), "port": self.port}
        self._beside = beside(ports, self.metrics.registry) if beside is not None else None
        # What is loaded lives as long as the process: the garbage collector needn't examine it during calls.
        gc.freeze()

    @property
    def next_step(self) -> str | None:
        """What the user who started the process may do now; None if the application doesn't say."""
        tell = self._application.next_step
        return tell(self.port, self.side_port) if tell is not None else None

    @property
    def side_port(self) -> int | None:
        """The port of what is answered beside gRPC; None if nothing is."""
        return self._beside.port if self._beside is not None else None

    def start(self) -> None:
        """Answer calls, and report SERVING as soon as that is true."""
        self._server.start()
        self._application.start()
        if self._application.watch_health is None:
            self._reporter.report(serving=True)
        else:
            self._application.watch_health(self._reporter)
        if self._beside is not None:
            self._beside.start()

    def end(self) -> None:
        """Drain and close."""
        drain(self._server, self._reporter, self._calls, self._drain_seconds, self._beside)
        if self._beside is not None:
            self._beside.close()
        self._application.close()
