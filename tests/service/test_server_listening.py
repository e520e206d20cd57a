"""Where the server kit listens: every address of a host or none, and the reason when it can't."""

import socket
from contextlib import closing

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ambiance.errors import AmbianceError
from ambiance.server.lifecycle import Application, HealthReporter, create_server
from ambiance.server.listening import reserved
from ambiance.server.metrics_server import serve_metrics
from ambiance.server.settings import ServerSettings
from ambiance.server.telemetry import RpcMetrics


def answers(channel: grpc.Channel) -> bool:
    check = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    return bool(check.status == health_pb2.HealthCheckResponse.NOT_SERVING)


def create(host: str, port: int = 0, **values: int) -> tuple[grpc.Server, int]:
    settings, reporter = ServerSettings(host=host, port=port, **values), HealthReporter([])
    server, port, _ = create_server(Application([]), settings, RpcMetrics(), reporter)
    return server, port


def test_two_processes_cannot_share_a_port() -> None:
    server, port = create("127.0.0.1")
    message = rf"can't listen on 127\.0\.0\.1:{port} for gRPC \(--port\): Address already in use"
    with pytest.raises(AmbianceError, match=message):
        create("127.0.0.1", port)
    server.stop(None)


@pytest.fixture
def two_addresses(monkeypatch: pytest.MonkeyPatch) -> str:
    """A host of two addresses, as localhost is on many machines."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{i}", 0)) for i in (1, 2)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    return "two.example"


def test_every_address_of_a_host_is_listened_on(two_addresses: str) -> None:
    server, port = create(two_addresses)
    server.start()
    for address in ("127.0.0.1", "127.0.0.2"):
        with grpc.insecure_channel(f"{address}:{port}") as channel:
            assert answers(channel)
    server.stop(None).wait()


def test_a_host_with_one_address_taken_is_refused(two_addresses: str) -> None:
    with closing(socket.create_server(("127.0.0.2", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AmbianceError, match=rf"127\.0\.0\.2:{port} for gRPC .*: Address already in use"):
            create(two_addresses, port)


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(AmbianceError, match=r"can't listen on 300\.1\.1\.1 \(--host\): "):
        create("300.1.1.1")


@pytest.fixture
def ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")


def accepts(family: socket.AddressFamily, address: str, port: int) -> bool:
    with socket.socket(family) as probe:
        return probe.connect_ex((address, port)) == 0


def families(port: int) -> tuple[bool, bool]:
    """Whether a port of this machine accepts IPv4, and IPv6."""
    return accepts(socket.AF_INET, "127.0.0.1", port), accepts(socket.AF_INET6, "::1", port)


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("0.0.0.0", (True, False)),
        ("127.0.0.1", (True, False)),
        ("::", (True, True)),
        ("::1", (False, True)),
    ],
)
def test_what_is_asked_for_is_listened_on(host: str, expected: tuple[bool, bool]) -> None:
    server, port = create(host)
    server.start()
    metrics_port = serve_metrics(RpcMetrics().registry, host, 0)
    assert (families(port), families(metrics_port)) == (expected, expected)
    server.stop(None).wait()


@pytest.mark.usefixtures("ipv6")
def test_workers_listen_on_no_more_than_their_parent_reserved() -> None:
    with reserved("0.0.0.0", 0) as port:
        servers = [create("0.0.0.0", port, workers=3)[0] for _ in range(3)]
        for server in servers:
            server.start()
        assert families(port) == (True, False)
        for server in servers:
            server.stop(None).wait()


def test_metrics_are_at_every_address_of_a_host(two_addresses: str) -> None:
    port = serve_metrics(RpcMetrics().registry, two_addresses, 0)
    assert all(accepts(socket.AF_INET, address, port) for address in ("127.0.0.1", "127.0.0.2"))


@pytest.mark.usefixtures("ipv6")
def test_a_server_listens_on_ipv6() -> None:
    server, port = create("::1")
    server.start()
    with grpc.insecure_channel(f"[::1]:{port}") as channel:
        assert answers(channel)
    server.stop(None).wait()
    assert serve_metrics(RpcMetrics().registry, "::1", 0)


def test_a_taken_metrics_port_is_named() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        message = rf"can't listen on 127\.0\.0\.1:{port} for /metrics \(--metrics-port\): Address already"
        with pytest.raises(AmbianceError, match=message):
            serve_metrics(RpcMetrics().registry, "127.0.0.1", port)
