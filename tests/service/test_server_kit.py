"""The server kit: every domain error reaches a client as its status, and comes back as the same error."""

import logging
import queue
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from ambiance.errors import (
    AmbianceError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    PeerError,
    PreconditionError,
    UnavailableError,
    Violation,
)
from ambiance.server.admission import CallPool
from ambiance.server.guard import MAX_STREAMS
from ambiance.server.lifecycle import Application, HealthReporter, Servicer, create_server, drain
from ambiance.server.metrics_server import serve_metrics
from ambiance.server.settings import ServerSettings
from ambiance.server.telemetry import RpcMetrics
from ambiance.status_codes import INTERNAL_MESSAGE, from_rpc_error
from ambiance.text.v1 import text_service_pb2 as pb
from ambiance.text.v1 import text_service_pb2_grpc as stubs
from support import Serve

NAME = "ambiance.text.v1.TextService"
METHOD = f"/{NAME}/GetModel"

Answer = Callable[[], pb.GetModelResponse]


def application(answer: Answer) -> Application:
    """A TextService whose GetModel does what the test says."""

    class Scripted(stubs.TextServiceServicer):
        def GetModel(self, request: Any, context: Any) -> pb.GetModelResponse:  # noqa: N802
            return answer()

    return Application(
        [Servicer(NAME, lambda server: stubs.add_TextServiceServicer_to_server(Scripted(), server))]
    )


def raising(error: Exception) -> Answer:
    def answer() -> pb.GetModelResponse:
        raise error

    return answer


def failure(channel: grpc.Channel, timeout: float = 5) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as raised:
        stubs.TextServiceStub(channel).GetModel(pb.GetModelRequest(), timeout=timeout)
    return raised.value


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFoundError("no index 'x'; there are: default"), grpc.StatusCode.NOT_FOUND),
        (PreconditionError("lineage a, held b"), grpc.StatusCode.FAILED_PRECONDITION),
        (DeadlineError("too late"), grpc.StatusCode.DEADLINE_EXCEEDED),
        (UnavailableError("text service: down"), grpc.StatusCode.UNAVAILABLE),
    ],
)
def test_domain_errors_keep_kind_and_message(
    serve: Serve, error: AmbianceError, code: grpc.StatusCode
) -> None:
    call: Any = failure(serve(application(raising(error))))
    assert (call.code(), call.details()) == (code, str(error))
    assert type(from_rpc_error(call, "text service")) is type(error)


def test_invalid_input_carries_each_violation(serve: Serve) -> None:
    error = InvalidInputError(
        [Violation("texts[1]", "is empty"), Violation("k", "at most 1,000, got 10,000")]
    )
    call: Any = failure(serve(application(raising(error))))
    assert call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert call.details() == "texts[1]: is empty; k: at most 1,000, got 10,000"
    back = from_rpc_error(call, "text service")
    assert isinstance(back, InvalidInputError)
    assert back.violations == error.violations


def test_overload_says_when_to_come_back(serve: Serve) -> None:
    call: Any = failure(serve(application(raising(OverloadedError("all 4 permits are taken", 0.25)))))
    status = rpc_status.from_call(call)
    info = error_details_pb2.RetryInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    assert info.retry_delay.ToMilliseconds() == 250
    back = from_rpc_error(call, "text service")
    assert isinstance(back, OverloadedError)
    assert back.retry_after_s == 0.25


@pytest.mark.parametrize(
    "error", [RuntimeError("secret text"), PeerError("text service: INTERNAL: secret text")]
)
def test_our_faults_are_logged_and_not_sent(
    serve: Serve, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "ambiance"):
        call: Any = failure(serve(application(raising(error))))
    assert (call.code(), call.details()) == (grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE)
    assert len(caplog.records) == 1
    assert isinstance(from_rpc_error(call, "text service"), PeerError)


def test_words_that_take_more_room_on_the_wire_keep_their_status(serve: Serve) -> None:
    error = InvalidInputError([Violation(f"queries[{i}].space", "\N{GRINNING FACE}" * 400) for i in range(8)])
    channel = serve(application(raising(error)))
    for _ in range(20):  # gRPC drops what is too large at random
        call: Any = failure(channel)
        assert call.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert isinstance(from_rpc_error(call, "text service"), InvalidInputError)


def test_a_callers_mistake_is_not_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "ambiance"):
        failure(serve(application(raising(InvalidInputError.of("texts[0]", "is empty")))))
    assert not caplog.records


@pytest.mark.parametrize("data", [b"\x0a\x03\xed\xa0\x80", b"\x0a\xff", b"\xff\xff\xff"])
def test_bytes_that_are_no_message_are_the_callers_mistake(serve: Serve, data: bytes) -> None:
    channel = serve(application(pb.GetModelResponse))
    encode = channel.unary_unary(f"/{NAME}/EncodeTexts")  # no serializer: the bytes go as they are
    with pytest.raises(grpc.RpcError, match="request: not a valid message") as raised:
        encode(data, timeout=5)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]


def test_beyond_its_permits_and_queue_a_server_refuses_at_once_but_stays_healthy(serve: Serve) -> None:
    entered, leave = threading.Semaphore(0), threading.Event()

    def hold() -> pb.GetModelResponse:
        entered.release()
        leave.wait(10)
        return pb.GetModelResponse()

    channel = serve(application(hold), permits=2, queue=0)
    stub = stubs.TextServiceStub(channel)
    held = [stub.GetModel.future(pb.GetModelRequest(), timeout=10) for _ in range(2)]
    for _ in held:
        assert entered.acquire(timeout=5)
    call: Any = failure(channel)
    assert call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert call.details() == "all 2 permits are taken"
    assert check_health(channel) == health_pb2.HealthCheckResponse.SERVING
    leave.set()
    assert all(future.result(5) == pb.GetModelResponse() for future in held)
    assert stub.GetModel(pb.GetModelRequest(), timeout=5) == pb.GetModelResponse()  # permits came back


def open_reflection(channel: grpc.Channel, ended: threading.Event) -> Any:
    """A stream whose caller asks once, and then says nothing until `ended`."""

    def ask() -> Iterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        ended.wait(30)

    return reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(ask(), timeout=30)


def test_idle_reflection_takes_no_thread_that_health_and_calls_need(serve: Serve) -> None:
    ended, channel = threading.Event(), serve(application(pb.GetModelResponse), permits=1)
    streams = [open_reflection(channel, ended) for _ in range(MAX_STREAMS)]
    assert all(next(stream).list_services_response.service for stream in streams)
    for _ in range(10):
        with pytest.raises(grpc.RpcError, match="all 4 streams are taken") as raised:
            next(open_reflection(channel, ended))
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]
    assert check_health(channel) == health_pb2.HealthCheckResponse.SERVING
    assert stubs.TextServiceStub(channel).GetModel(pb.GetModelRequest(), timeout=5) == pb.GetModelResponse()
    ended.set()
    assert all(list(stream) == [] for stream in streams)
    assert next(open_reflection(channel, ended)).list_services_response.service  # streams came back


def test_a_request_over_the_process_own_limit_is_not_read(serve: Serve) -> None:
    served = application(pb.GetModelResponse)
    channel = serve(Application(served.servicers, max_request_bytes=1_000))
    with pytest.raises(grpc.RpcError, match="larger than max") as raised:
        stubs.TextServiceStub(channel).EncodeTexts(pb.EncodeTextsRequest(texts=["a" * 1_001]), timeout=5)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]
    error = from_rpc_error(raised.value, "text service")  # no overload: to come back is no use
    assert isinstance(error, InvalidInputError)
    assert [violation.field for violation in error.violations] == ["request"]


def test_a_call_that_a_closing_peer_drops_is_unavailable(serve: Serve) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> pb.GetModelResponse:
        entered.set()
        leave.wait(10)
        return pb.GetModelResponse()

    channel = serve(application(hold))
    held = stubs.TextServiceStub(channel).GetModel.future(pb.GetModelRequest(), timeout=10)
    assert entered.wait(5)
    channel.close()
    error: Any = held.exception(5)
    leave.set()
    assert error.code() is grpc.StatusCode.CANCELLED
    assert isinstance(from_rpc_error(error, "text service"), UnavailableError)


def test_an_unknown_method_is_unimplemented(serve: Serve) -> None:
    channel = serve(application(pb.GetModelResponse))
    with pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(f"/{NAME}/Nonsense")(b"", timeout=5)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED  # type: ignore[attr-defined]


def check_health(channel: grpc.Channel, service: str = "") -> Any:
    stub = health_pb2_grpc.HealthStub(channel)
    return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status


def test_health_speaks_for_each_service(serve: Serve) -> None:
    channel = serve(application(pb.GetModelResponse))
    assert check_health(channel) == check_health(channel, NAME) == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as raised:
        check_health(channel, "another.Service")
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND  # type: ignore[attr-defined]


def test_drained_health_stays_down() -> None:
    reporter = HealthReporter([NAME])
    reporter.drain()
    reporter.report(serving=True)
    request, not_serving = health_pb2.HealthCheckRequest(), health_pb2.HealthCheckResponse.NOT_SERVING
    assert reporter.servicer.Check(request, None).status == not_serving


@dataclass
class Draining:
    """A server that is being drained in a thread, during whose lame duck it waits for the test."""

    channel: grpc.Channel
    lame_duck: threading.Event
    thread: threading.Thread
    inside: CallPool

    def ended(self) -> bool:
        self.thread.join(30)
        return not self.thread.is_alive()


@pytest.fixture
def start_draining(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Draining]]:
    lame_duck = threading.Event()
    monkeypatch.setattr("ambiance.server.lifecycle.time", SimpleNamespace(sleep=lambda _: lame_duck.wait(30)))
    reporter = HealthReporter([NAME])
    with ExitStack() as stack:

        def start(
            answer: Answer, before: Callable[[grpc.Channel], None], limit_s: float, **values: int
        ) -> Draining:
            settings = ServerSettings(port=0, **values)
            server, port, inside = create_server(application(answer), settings, RpcMetrics(), reporter)
            server.start()
            reporter.report(serving=True)
            channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
            before(channel)
            thread = threading.Thread(target=drain, args=(server, reporter, inside, limit_s), daemon=True)
            thread.start()
            return Draining(channel, lame_duck, thread, inside)

        yield start
        lame_duck.set()


def test_open_watches_and_streams_do_not_keep_a_process_alive(
    start_draining: Callable[..., Draining],
) -> None:
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    streams = []

    def watch(channel: grpc.Channel) -> None:
        streams.append(health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest()))
        told.put(next(streams[0]).status)
        streams.append(open_reflection(channel, threading.Event()))
        next(streams[1])

    draining = start_draining(pb.GetModelResponse, watch, limit_s=600)
    told.put(next(streams[0]).status)
    draining.lame_duck.set()
    assert draining.ended()
    statuses = health_pb2.HealthCheckResponse
    assert [told.get(), told.get()] == [statuses.SERVING, statuses.NOT_SERVING]


def test_a_drain_accepts_calls_for_a_while_and_waits_for_those_that_run(
    start_draining: Callable[..., Draining],
) -> None:
    entered, leave = threading.Semaphore(0), threading.Event()

    def hold() -> pb.GetModelResponse:
        entered.release()
        assert leave.wait(30)
        return pb.GetModelResponse(model=pb.Model(recipe="kept"))

    calls = []

    def call(channel: grpc.Channel) -> None:
        calls.append(stubs.TextServiceStub(channel).GetModel.future(pb.GetModelRequest(), timeout=30))
        assert entered.acquire(timeout=5)

    draining = start_draining(hold, call, limit_s=600)
    while check_health(draining.channel) == health_pb2.HealthCheckResponse.SERVING:
        pass
    call(draining.channel)  # not serving, yet it answers
    draining.lame_duck.set()
    draining.thread.join(1)
    assert draining.thread.is_alive()
    leave.set()
    assert [call.result(30).model.recipe for call in calls] == ["kept", "kept"]
    assert draining.ended()


def test_a_drain_waits_for_calls_that_were_let_in_and_await_a_thread(
    start_draining: Callable[..., Draining],
) -> None:
    entered, leave, calls = threading.Semaphore(0), threading.Semaphore(0), []

    def hold() -> pb.GetModelResponse:
        entered.release()
        assert leave.acquire(timeout=30)
        return pb.GetModelResponse(model=pb.Model(recipe="kept"))

    def call(channel: grpc.Channel) -> None:
        stub = stubs.TextServiceStub(channel)
        calls.extend(stub.GetModel.future(pb.GetModelRequest(), timeout=30) for _ in range(8))
        assert entered.acquire(timeout=5)

    draining = start_draining(hold, call, limit_s=600, threads=1, permits=8)
    while not draining.inside.is_full():
        pass
    draining.lame_duck.set()
    for _ in calls:
        leave.release()
    assert [call.result(30).model.recipe for call in calls] == ["kept"] * 8
    assert draining.ended()


def test_a_call_that_outlasts_the_drain_is_cut(start_draining: Callable[..., Draining]) -> None:
    entered, leave, calls = threading.Event(), threading.Event(), []

    def hold() -> pb.GetModelResponse:
        entered.set()
        leave.wait(30)
        return pb.GetModelResponse()

    def call(channel: grpc.Channel) -> None:
        calls.append(stubs.TextServiceStub(channel).GetModel.future(pb.GetModelRequest(), timeout=30))
        assert entered.wait(5)

    draining = start_draining(hold, call, limit_s=0.1)
    draining.lame_duck.set()
    assert isinstance(from_rpc_error(calls[0].exception(30), "text service"), UnavailableError)
    assert draining.ended()
    leave.set()


def test_metrics_count_calls_by_code() -> None:
    reporter, metrics = HealthReporter([NAME]), RpcMetrics()
    server, port, _ = create_server(
        application(raising(NotFoundError("none"))), ServerSettings(port=0), metrics, reporter
    )
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        failure(channel)
    server.stop(None).wait()
    url = f"http://127.0.0.1:{serve_metrics(metrics.registry, '127.0.0.1', 0)}/metrics"
    page = urllib.request.urlopen(url, timeout=5).read().decode()
    labels = f'grpc_method="GetModel",grpc_service="{NAME}"'
    assert f'grpc_server_handled_total{{grpc_code="NOT_FOUND",{labels}}} 1.0' in page
    assert f"grpc_server_handling_seconds_count{{{labels}}} 1.0" in page
    assert f"grpc_server_in_flight{{{labels}}} 0.0" in page
    assert "process_resident_memory_bytes" in page
