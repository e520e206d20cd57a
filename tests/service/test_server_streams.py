"""Methods that answer with a stream, behind the whole server kit: permits, errors, slow callers."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from ambiance.errors import InvalidInputError
from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.server import guard
from ambiance.server.lifecycle import Application, HealthReporter, Servicer, create_server
from ambiance.server.settings import ServerSettings
from ambiance.server.slow_readers import SlowReaders
from ambiance.server.telemetry import RpcMetrics

WAIT_S = 20.0

Parts = Callable[[], Iterator[pb.ComposeSoundtrackResponse]]


class Streaming(match_service_pb2_grpc.MatchServiceServicer):
    """Answers with what a test gives it, and tells when an answer has ended."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.ended = threading.Event()

    def ComposeSoundtrack(  # noqa: N802
        self, request: pb.ComposeSoundtrackRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ComposeSoundtrackResponse]:
        try:
            yield from self._parts()
        finally:
            self.ended.set()

    @property
    def application(self) -> Application:
        add = partial(match_service_pb2_grpc.add_MatchServiceServicer_to_server, self)
        return Application([Servicer("ambiance.match.v1.MatchService", add)])


def cue(number: int, size: int = 1) -> pb.ComposeSoundtrackResponse:
    return pb.ComposeSoundtrackResponse(cue=pb.Cue(number=number, why="x" * size))


def endless(size: int = 1) -> Iterator[pb.ComposeSoundtrackResponse]:
    for number in range(1_000_000):
        yield cue(number, size)


def failing() -> Iterator[pb.ComposeSoundtrackResponse]:
    yield cue(0)
    raise InvalidInputError.of("text", "is empty")


class Server:
    """A server of one streaming method, and what it counts."""

    def __init__(self, stack: ExitStack, parts: Parts, **settings: int) -> None:
        self.servicer, self.metrics = Streaming(parts), RpcMetrics()
        values = ServerSettings(port=0, metrics_port=0, **settings)
        reporter = HealthReporter([])
        server, port, self.calls = create_server(self.servicer.application, values, self.metrics, reporter)
        server.start()
        stack.callback(lambda: server.stop(None).wait())
        self.channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))

    def ask(self) -> Any:
        """Call the method; what comes back is read part by part."""
        stub = match_service_pb2_grpc.MatchServiceStub(self.channel)
        return stub.ComposeSoundtrack(pb.ComposeSoundtrackRequest(text="a"), timeout=WAIT_S)

    def handled(self) -> dict[str, float]:
        """Calls by the code that they ended with, once all have."""
        wait_until(self.calls.is_empty)
        [family] = [each for each in self.metrics.registry.collect() if each.name == "grpc_server_handled"]
        return {
            sample.labels["grpc_code"]: sample.value
            for sample in family.samples
            if sample.name.endswith("_total")
            and sample.value
            and sample.labels["grpc_method"] == "ComposeSoundtrack"
        }


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:
        yield partial(Server, stack)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_every_part_arrives_in_order_and_the_call_is_counted(start: Callable[..., Server]) -> None:
    server = start(lambda: map(cue, range(100)))
    assert [part.cue.number for part in server.ask()] == list(range(100))
    assert server.handled() == {"OK": 1}


def test_an_error_after_some_parts_keeps_kind_and_details(start: Callable[..., Server]) -> None:
    server = start(failing)
    stream = server.ask()
    assert next(stream).cue.number == 0
    with pytest.raises(grpc.RpcError) as failed:
        next(stream)
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    [detail] = rpc_status.from_call(failed.value).details
    bad_request = error_details_pb2.BadRequest()
    assert detail.Unpack(bad_request)
    assert bad_request.field_violations[0].field == "text"
    assert server.handled() == {"INVALID_ARGUMENT": 1}


def test_our_faults_are_logged_and_not_sent(
    start: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    def faulty() -> Iterator[pb.ComposeSoundtrackResponse]:
        yield cue(0)
        raise ZeroDivisionError("of our own")

    server = start(faulty)
    with pytest.raises(grpc.RpcError) as failed:
        list(server.ask())
    assert failed.value.code() == grpc.StatusCode.INTERNAL
    assert "of our own" not in (failed.value.details() or "")
    assert "of our own" in caplog.text


def test_a_caller_who_leaves_ends_the_work(start: Callable[..., Server]) -> None:
    server = start(endless)
    stream = server.ask()
    next(stream)
    stream.cancel()
    assert server.servicer.ended.wait(WAIT_S)
    assert server.handled() == {"CANCELLED": 1}


def test_a_caller_who_doesnt_read_loses_the_stream(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "SlowReaders", partial(SlowReaders, 0.3, 0.05))
    server = start(partial(endless, 100_000))
    stream = server.ask()
    next(stream)
    assert server.servicer.ended.wait(WAIT_S)
    with pytest.raises(grpc.RpcError) as lost:
        list(stream)
    assert lost.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert lost.value.details() == "the stream wasn't read for 0.3 s"
    assert server.handled() == {"RESOURCE_EXHAUSTED": 1}


def test_one_who_takes_every_part_in_time_keeps_the_stream() -> None:
    call = Mock()
    readers = SlowReaders(patience_s=0.3, look_s=0.02)
    context = Mock(_rpc_event=Mock(call=call))
    for _ in range(6):
        with readers.handing_out(context):
            time.sleep(0.1)
    assert not call.cancel.called
    with readers.handing_out(context):
        wait_until(lambda: call.cancel.called)
    assert readers.has_ended(context)


def test_streams_leave_half_of_the_permits_to_others(start: Callable[..., Server]) -> None:
    server = start(endless, permits=4, queue=0)
    streams = [server.ask() for _ in range(2)]
    for stream in streams:
        next(stream)
    with pytest.raises(grpc.RpcError) as refused:
        next(server.ask())
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.value.details() == "all 2 streams are taken"
    [detail] = rpc_status.from_call(refused.value).details
    assert detail.Unpack(error_details_pb2.RetryInfo())
    streams[0].cancel()
    wait_until(lambda: server.calls._inside == 1)
    assert next(server.ask()).cue.number == 0
