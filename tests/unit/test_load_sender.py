"""What a sender notes of its calls, against servers in this process that misbehave in known ways."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from ambiance.errors import OverloadedError
from ambiance.status_codes import to_status
from load import sender as sender_module
from load.arrivals import Plan, due_times
from load.jobs import LOST, OK, OUTCOMES, SHED, SHORT_REPLY, SKIPPED, ClosedLoop, OpenLoop, Samples, Work
from load.recorder import SAMPLED, Recorder
from load.replies import refusal_fault
from load.sender import Sender
from load.target import Target

METHOD = "/test.Echo/Echo"
Handler = Callable[[bytes, grpc.ServicerContext], bytes]
Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Returns a function that serves a handler on one thread and gives its address."""
    servers: list[grpc.Server] = []

    def start(handler: Handler, credentials: grpc.ServerCredentials | None = None, threads: int = 1) -> str:
        server = grpc.server(ThreadPoolExecutor(threads))
        method = grpc.unary_unary_rpc_method_handler(handler)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("test.Echo", {"Echo": method}),)
        )
        add = server.add_insecure_port
        port = server.add_secure_port("127.0.0.1:0", credentials) if credentials else add("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield start
    for server in servers:
        server.stop(None).wait()


def echo(request: bytes, _context: grpc.ServicerContext) -> bytes:
    return request


def work_for(address: str, **fields: Any) -> Work:
    return Work(Target(address), METHOD, (b"some bytes",), **fields)


def open_loop(work: Work, plan: Plan) -> tuple[float, Samples]:
    sender = Sender(connections=2, has_priority=False)
    sender.connect(work.target)
    start = time.monotonic() + 0.05
    return start, sender.open_loop(OpenLoop(work, start, due_times(plan), 0))


def names(samples: Samples) -> list[str]:
    return [OUTCOMES[i] for i in samples.outcomes]


def test_every_call_of_a_plan_is_noted_once_and_when_it_was_due(serve: Serve) -> None:
    plan = Plan(200, 0, 0.5)
    start, samples = open_loop(work_for(serve(echo)), plan)
    assert names(samples) == [OK] * 100
    due, sent, done = samples.times.T
    np.testing.assert_allclose(np.sort(due), start + due_times(plan))
    assert (due <= sent).all()
    assert (sent < done).all()
    assert samples.cpu_s > 0
    assert b"some bytes" in samples.replies


def test_a_server_that_stalls_is_seen_in_every_call_that_was_due_meanwhile(serve: Serve) -> None:
    stalled = threading.Event()

    def stall_once(request: bytes, _context: grpc.ServicerContext) -> bytes:
        if not stalled.is_set():
            stalled.set()
            time.sleep(0.5)
        return request

    _, samples = open_loop(work_for(serve(stall_once)), Plan(100, 0, 1))
    due, _, done = samples.times.T
    latency = done - due
    # Of 50 calls due while nothing moved, the first waited half a second, the last hardly at all. A closed
    # loop would have sent none of them, and noted one slow call in all.
    assert names(samples) == [OK] * 100
    assert (latency > 0.25).sum() >= 20
    assert latency.max() >= 0.5


def test_a_call_that_is_later_than_its_deadline_is_skipped(serve: Serve) -> None:
    work = work_for(serve(echo), deadline_s=0.2)
    sender = Sender(connections=1, has_priority=False)
    sender.connect(work.target)
    due = np.array([0.0, 0.1, 5.0, 5.1])
    samples = sender.open_loop(OpenLoop(work, time.monotonic() - 5, due, 0))
    assert names(samples)[:2] == [SKIPPED, SKIPPED]
    assert names(samples)[2:] == [OK, OK]
    assert np.isnan(samples.times[:2, 1:]).all()


def test_a_call_without_an_answer_ends_at_its_deadline(serve: Serve) -> None:
    release = threading.Event()

    def wait(request: bytes, _context: grpc.ServicerContext) -> bytes:
        release.wait(10)
        return request

    _, samples = open_loop(work_for(serve(wait), deadline_s=0.2), Plan(50, 0, 0.1))
    release.set()
    assert names(samples) == ["DEADLINE_EXCEEDED"] * 5


def test_a_call_that_is_given_up_counts_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def wait(request: bytes, _context: grpc.ServicerContext) -> bytes:
        release.wait(10)
        return request

    monkeypatch.setattr(sender_module, "GRACE_S", -5.0)  # gRPC ends these calls later
    _, samples = open_loop(work_for(serve(wait), deadline_s=5.0), Plan(50, 0, 0.1))
    release.set()
    assert names(samples) == [LOST] * 5


class Answered:
    """A call that ended well."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.OK

    def result(self) -> bytes:
        return b"a reply"


def test_an_answer_to_a_call_that_was_given_up_does_not_count_again() -> None:
    recorder, running = Recorder(work_for("127.0.0.1:1")), {7: 0.0}
    for number in (7, 7, 8):
        sender_module._end(recorder, running, number, 0.0, 0.0, Answered())
    assert running == {}
    assert names(recorder.samples(0.0, 0.0, [])) == [OK]


def test_a_sender_without_calls_has_been_at_it_for_no_time_below_zero() -> None:
    nothing = OpenLoop(work_for("127.0.0.1:1"), time.monotonic() + 3_600, np.empty(0), 0)
    sender = Sender(connections=1, has_priority=False)
    sender._channels[nothing.work.target] = [nothing.work.target.channel()]
    samples = sender.open_loop(nothing)
    assert samples.wall_s >= 0
    assert len(samples.outcomes) == 0


def test_replies_are_kept_from_the_whole_of_the_measured_time() -> None:
    recorder = Recorder(work_for("127.0.0.1:1"), measured_from=1_000.0)
    for due in range(11_000):
        recorder.answered(due, due, f"{due}".encode())
    kept = sorted(map(int, recorder.samples(0.0, 0.0, []).replies))
    assert len(kept) == SAMPLED
    assert kept[0] >= 1_000  # the warm-up is left out
    tenths = np.histogram(kept, bins=10, range=(1_000, 11_000))[0]
    assert tenths.min() >= 1
    assert tenths.max() <= SAMPLED / 2


def test_refusals_are_counted_by_code_and_their_details_kept(serve: Serve) -> None:
    def refuse(_request: bytes, context: grpc.ServicerContext) -> bytes:
        return context.abort_with_status(to_status(OverloadedError("all permits are taken", 0.1)))

    _, samples = open_loop(work_for(serve(refuse)), Plan(50, 0, 0.2))
    assert names(samples) == [SHED] * 10
    assert [refusal_fault(details) for details in samples.refusals] == [None] * 10


def test_a_reply_without_the_bytes_of_an_answer_is_a_failure(serve: Serve) -> None:
    _, samples = open_loop(work_for(serve(echo), min_reply_bytes=11), Plan(50, 0, 0.2))
    assert set(names(samples)) == {SHORT_REPLY}
    assert samples.replies == ()


def test_an_address_where_nobody_answers() -> None:
    with pytest.raises(grpc.FutureTimeoutError):
        Sender(1, has_priority=False).connect(Target("127.0.0.1:1"))


def test_a_closed_loop_keeps_so_many_calls_in_flight(serve: Serve) -> None:
    lock, running, most = threading.Lock(), 0, 0

    def count(request: bytes, _context: grpc.ServicerContext) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return request

    work = work_for(serve(count, threads=16))
    sender = Sender(connections=2, has_priority=False)
    sender.connect(work.target)
    start = time.monotonic()
    samples = sender.closed_loop(ClosedLoop(work, start, 0.5, in_flight=5, first_request=0))
    assert most == 5
    assert set(names(samples)) == {OK}
    assert (samples.times[:, 1] < start + 0.5).all()


def test_tls_and_token_reach_the_server(serve: Serve, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=ambiance.test", "-addext", "subjectAltName=DNS:ambiance.test"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl isn't installed: there is no certificate to test with")
    seen: set[str] = set()

    def note(request: bytes, context: grpc.ServicerContext) -> bytes:
        seen.add(str(dict(context.invocation_metadata())["authorization"]))
        return request

    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    address = serve(note, credentials)
    root = certificate.read_bytes()
    trusted = Target(address, tls=True, root_pem=root, server_name="ambiance.test", token="s3cret")
    _, samples = open_loop(Work(trusted, METHOD, (b"x",)), Plan(50, 0, 0.1))
    assert names(samples) == [OK] * 5
    assert seen == {"Bearer s3cret"}
    for distrusted in (Target(address, tls=True), Target(address, tls=True, root_pem=root), Target(address)):
        with distrusted.channel() as channel, pytest.raises(grpc.RpcError):
            channel.unary_unary(METHOD)(b"x", timeout=5)
