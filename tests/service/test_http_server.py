"""The HTTP server as a part of its process, and against clients that mean it harm."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests
from pydantic import ValidationError

from ambiance.errors import AmbianceError
from gateway.settings import GatewaySettings
from http_gateways import WAIT_S, HttpGateway, http_gateway, problem

GATEWAY = [sys.executable, "-m", "gateway", "--port", "0", "--metrics-port", "0"]
ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def gateway() -> Iterator[HttpGateway]:
    with http_gateway([]) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def named() -> Iterator[HttpGateway]:
    with http_gateway([], http_allowed_hosts="*.own.example, My.box") as gateway:
        yield gateway


def said(client: socket.socket, end: bytes | None = None) -> bytes:
    """What the server sends until it closes, or has sent this."""
    found = b""
    while not (end and found.endswith(end)) and (part := client.recv(65_536)):
        found += part
    return found


def trickled(client: socket.socket) -> float:
    """Send a head byte by byte until the server cuts the connection; returns the seconds until then."""
    began = time.monotonic()
    with suppress(ConnectionError):
        while time.monotonic() - began < WAIT_S:
            client.sendall(b"G")
            time.sleep(0.05)
    return time.monotonic() - began


def test_a_head_that_comes_a_byte_at_a_time_is_cut(
    gateway: HttpGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.http_json.connection.HEAD_S", 0.3)
    with gateway.connect() as silent, gateway.connect() as slow:
        assert trickled(slow) < WAIT_S / 2
        assert not silent.recv(1)


def test_a_body_that_does_not_come_is_waited_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.http_json.application.BODY_S", 0.2)
    head = (
        b"POST /v1/match HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    with http_gateway([]) as gateway, gateway.connect() as client:
        client.sendall(head)
        answer = said(client)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"didn't arrive within 0.2 seconds" in answer


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01 TLS\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"POST /v1/match HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /v1/match HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 99 + b"\r\n\r\n{}",
    ],
)
def test_what_is_not_http_is_refused(gateway: HttpGateway, sent: bytes) -> None:
    with gateway.connect() as client:
        client.sendall(sent)
        try:
            answer = said(client)
        except ConnectionResetError:  # closed while some was unread
            return
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json" in head
    assert json.loads(body)["error"]["status"] == "INVALID_ARGUMENT"


def test_a_body_that_breaks_after_its_answer_only_ends_the_connection(
    gateway: HttpGateway, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST /v1/nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with gateway.connect() as client:
        client.sendall(head)
        assert said(client, b'"details":[]}}').startswith(b"HTTP/1.1 404 ")
        client.sendall(b"no chunk\r\n")
        with suppress(ConnectionError):
            assert not said(client)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


OWN_NAMES = "127.0.0.1:8080 [::1]:8080 192.168.1.7 LOCALHOST localhost.:80 a.localhost MY.box:1 a.own.example"
OTHER_NAMES = """evil.example 127.0.0.1.evil.example:8080 localhost.evil.example notlocalhost 1.2.3.4.5 [
a.my.box evilown.example own.example own.example.evil.example"""


@pytest.mark.parametrize("host", [*OWN_NAMES.split(), ""])
def test_requests_for_an_own_name_are_answered(named: HttpGateway, host: str) -> None:
    assert named.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", OTHER_NAMES.split())
def test_requests_for_another_name_are_refused(named: HttpGateway, host: str) -> None:
    error = problem(named.get("/healthz", headers={"Host": host}))
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"].startswith(f"Host: '{host}' isn't a name of this server: --http-allowed-hosts ")


def test_any_name_may_be_allowed() -> None:
    with http_gateway([], http_allowed_hosts="*") as gateway:
        assert gateway.get("/healthz", headers={"Host": "evil.example"}).status_code == 200


@pytest.mark.parametrize("name", ["https://own.example", "own.example:80", "own.*", "*own.example", "a b"])
def test_what_is_no_host_is_not_taken_for_one(name: str) -> None:
    with pytest.raises(ValidationError, match="a host is a name without scheme and port"):
        GatewaySettings(http_allowed_hosts=f"own.example, {name}")


def test_connections_beyond_the_limit_are_refused_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.http_json.connection.MAX_CONNECTIONS", 1)
    monkeypatch.setattr("gateway.http_json.server.KEEP_ALIVE_S", 600)

    def is_answered(client: socket.socket) -> bool:
        client.sendall(ASK)
        return said(client, b"alive\n").startswith(b"HTTP/1.1 200 ")

    with http_gateway([]) as gateway, gateway.connect() as first:
        assert is_answered(first)
        answer = gateway.get("/healthz")
        assert (answer.status_code, problem(answer)["status"]) == (503, "UNAVAILABLE")
        assert (answer.headers["Retry-After"], answer.headers["Connection"]) == ("1", "close")
        assert is_answered(first)


def test_requests_on_one_connection_are_answered_in_turn(gateway: HttpGateway) -> None:
    with gateway.connect() as client:
        client.sendall(ASK + ASK + ASK.replace(b"Host: localhost", b"Host: localhost\r\nConnection: close"))
        assert said(client).count(b"alive\n") == 3


def test_more_bodies_than_memory_is_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.http_json.application.MAX_HELD_BYTES", 1_000)
    with http_gateway([]) as gateway:
        for _ in range(2):  # what was held is free again
            answer = gateway.post("/v1/match", b" " * 2_000)
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert gateway.post("/v1/match", b"{}").status_code == 501  # it has no such service


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = rf"can't listen on 127\.0\.0\.1:{port} for HTTP \(--http-port; none does without\): Address"
        with pytest.raises(AmbianceError, match=told), http_gateway([], http_port=port):
            pass


def test_workers_share_the_port() -> None:
    command = [*GATEWAY, "--http-port", "0", "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        [port] = {json.loads(process.stderr.readline()).get("http_port") for _ in range(2)} - {None}
        listening = 0
        while listening < 2:
            listening += '"listening"' in process.stderr.readline()
        for _ in range(8):
            assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=WAIT_S).status_code == 200
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(WAIT_S) == 0


def test_without_a_port_nothing_of_it_is_imported_and_with_one_what_is_missing_is_named() -> None:
    program = """
import sys
from gateway.application import build
from gateway.settings import GatewaySettings
build(GatewaySettings())
print(sorted({"starlette", "uvicorn", "h11", "gateway.http_json"} & set(sys.modules)))
sys.modules["uvicorn"] = None
try:
    build(GatewaySettings(http_port=0))
except Exception as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported, missing = done.stdout.splitlines()
    assert imported == "[]"
    assert re.match(r"--http-port needs uvicorn.*, which the extra http brings: pip install", missing)
