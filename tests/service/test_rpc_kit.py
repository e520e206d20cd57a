"""The server kit: every domain error reaches a client as its status, and comes back as the same error."""

import logging
import threading
import urllib.request
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
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
from ambiance.rpc.errors import INTERNAL_MESSAGE, from_rpc_error
from ambiance.rpc.server import Application, HealthReporter, Servicer, create_server
from ambiance.rpc.settings import ServerSettings
from ambiance.rpc.telemetry import RpcMetrics, serve_metrics
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


def test_beyond_its_permits_a_server_refuses_at_once_but_stays_healthy(serve: Serve) -> None:
    entered, leave = threading.Semaphore(0), threading.Event()

    def hold() -> pb.GetModelResponse:
        entered.release()
        leave.wait(10)
        return pb.GetModelResponse()

    channel = serve(application(hold), permits=2)
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


def test_two_processes_cannot_share_a_port() -> None:
    reporter, metrics = HealthReporter([NAME]), RpcMetrics()
    settings = ServerSettings(port=0)
    server, port = create_server(application(pb.GetModelResponse), settings, metrics, reporter)
    with pytest.raises(AmbianceError, match=f"can't listen on 127.0.0.1:{port}"):
        create_server(application(pb.GetModelResponse), ServerSettings(port=port), metrics, reporter)
    server.stop(None)


def test_metrics_count_calls_by_code() -> None:
    reporter, metrics = HealthReporter([NAME]), RpcMetrics()
    server, port = create_server(
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
