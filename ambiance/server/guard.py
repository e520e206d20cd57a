"""The one interceptor around every handler: decoding, permits, errors and metrics.

It is one so that a call pays for a single wrapper, and so that a refused call is counted like any other.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError

from ambiance.errors import AmbianceError, DeadlineError, InvalidInputError, OverloadedError, PeerError
from ambiance.server.admission import RETRY_AFTER_S, Admitted, CallPool, Refusals, answered_in
from ambiance.server.slow_readers import SlowReaders
from ambiance.server.telemetry import MethodMetrics, RpcMetrics
from ambiance.status_codes import status_code, to_status

# Health and reflection answer even when every permit is taken.
UNGUARDED_PREFIX = "/grpc."
# The most bidirectional streams at a time, which reflection uses: each holds a thread until its caller ends
# it. A health Watch holds none.
MAX_STREAMS = 4

logger = logging.getLogger(__name__)

Handler = Callable[[Any, grpc.ServicerContext], Any]
if TYPE_CHECKING:  # generic in its stubs only
    MethodHandler: TypeAlias = grpc.RpcMethodHandler[Any, Any]


@dataclass(frozen=True)
class Undecodable:
    """Stands in for a request whose bytes aren't its message."""

    reason: str


class Guard(grpc.ServerInterceptor):
    """Lets in the calls that their pool has room for, and MAX_STREAMS streams; refuses the rest at once.

    A call that is answered with a stream takes long, and as long as its caller likes: half of the permits
    are for the others.
    """

    def __init__(self, calls: CallPool, metrics: RpcMetrics, slow_readers: SlowReaders | None = None) -> None:
        self._calls = calls
        self._slow_readers = slow_readers or SlowReaders()
        self._most_answers = max(1, calls.permits // 2)
        self._answer_streams = threading.BoundedSemaphore(self._most_answers)
        all_of_them = f"all {calls.permits} permits are" if calls.permits > 1 else "the only permit is"
        self._reason = f"{all_of_them} taken"
        self._refusals = Refusals(self._reason)
        self._streams = threading.BoundedSemaphore(MAX_STREAMS)
        self._metrics = metrics
        self._guarded: dict[str, tuple[MethodHandler, MethodHandler]] = {}  # to answer, and to refuse

    def prepare(self, method: str, handler: "MethodHandler") -> None:
        """Guard "/package.Service/Method", if it is to be guarded; done at its first call unless before."""
        if method.startswith(UNGUARDED_PREFIX):
            return
        if handler.unary_unary is not None:
            self._guarded[method] = self._guard(method, handler, handler.unary_unary)
        elif handler.unary_stream is not None:
            self._guarded[method] = self._guard(method, handler, handler.unary_stream)

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], "MethodHandler | None"],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "MethodHandler | None":
        """Return the handler that answers a call, or the one that refuses it. gRPC asks for every call."""
        method = str(handler_call_details.method)
        guarded = self._guarded.get(method)
        if guarded is None:
            handler = continuation(handler_call_details)
            if handler is None:
                return None
            if handler.stream_stream is not None:
                return self._bounded(handler, handler.stream_stream)
            self.prepare(method, handler)
            if (guarded := self._guarded.get(method)) is None:
                return handler
        answering, refusing = guarded
        return refusing if self._calls.refuses_next() else answering

    def _guard(
        self, method: str, handler: "MethodHandler", behavior: Handler
    ) -> "tuple[MethodHandler, MethodHandler]":
        metrics = self._metrics.method(method)
        if handler.unary_unary is not None:
            kind, answer = grpc.unary_unary_rpc_method_handler, self._answer(method, behavior, metrics)
        else:
            kind, answer = grpc.unary_stream_rpc_method_handler, self._stream(method, behavior, metrics)
        answering = kind(
            answered_in(self._calls, answer),
            request_deserializer=_tolerant(handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )
        return answering, self._refusals.handler(metrics.refused)

    def _answer(self, method: str, handler: Handler, metrics: MethodMetrics) -> Handler:
        def guarded(request: Any, context: grpc.ServicerContext) -> Any:
            code, admitted = grpc.StatusCode.OK, self._calls.answering()
            metrics.started(admitted.began - admitted.arrived)
            try:
                if admitted.is_shed:
                    raise OverloadedError(f"{self._reason}, and more calls come than leave", RETRY_AFTER_S[1])
                return _call(handler, request, context)
            except Exception as error:
                code = status_code(error)
                _log_if_ours(method, error)
                return context.abort_with_status(to_status(error))
            finally:
                metrics.finished(admitted.arrived, code.name)

        return guarded

    def _stream(self, method: str, handler: Handler, metrics: MethodMetrics) -> Handler:
        def guarded(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            code, admitted = grpc.StatusCode.OK, self._calls.answering()
            metrics.started(admitted.began - admitted.arrived)
            try:
                self._require_room(admitted)
                try:
                    for part in _call(handler, request, context):
                        with self._slow_readers.handing_out(context):
                            yield part
                finally:
                    self._answer_streams.release()
            except GeneratorExit:  # gRPC drops a stream whose caller has gone, or doesn't read it
                code = grpc.StatusCode.CANCELLED
                raise
            except Exception as error:
                code = status_code(error)
                _log_if_ours(method, error)
                context.abort_with_status(to_status(error))
            finally:
                if self._slow_readers.has_ended(context):
                    code = grpc.StatusCode.RESOURCE_EXHAUSTED
                metrics.finished(admitted.arrived, code.name)

        return guarded

    def _require_room(self, admitted: Admitted) -> None:
        """Take one of the places for streams, which the caller of this gives back."""
        if admitted.is_shed:
            raise OverloadedError(f"{self._reason}, and more calls come than leave", RETRY_AFTER_S[1])
        if not self._answer_streams.acquire(blocking=False):
            raise OverloadedError(f"all {self._most_answers} streams are taken", RETRY_AFTER_S[1])

    def _bounded(self, handler: "MethodHandler", stream: Handler) -> "MethodHandler":
        def bounded(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
            if not self._streams.acquire(blocking=False):
                error = OverloadedError(f"all {MAX_STREAMS} streams are taken", RETRY_AFTER_S[0])
                context.abort_with_status(to_status(error))
            try:
                yield from stream(requests, context)
            finally:
                self._streams.release()

        return grpc.stream_stream_rpc_method_handler(
            bounded,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _call(handler: Handler, request: Any, context: grpc.ServicerContext) -> Any:
    if isinstance(request, Undecodable):
        raise InvalidInputError.of("request", request.reason)
    if not context.is_active():  # cancelled or expired while it waited for a thread
        raise DeadlineError("the deadline passed before the call began")
    return handler(request, context)


def _tolerant(decode: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """Hand a request that can't be decoded to the handler: gRPC would answer INTERNAL, which blames us."""
    if decode is None:
        return None

    def decode_or_say_why(data: bytes) -> Any:
        try:
            return decode(data)
        except DecodeError:
            return Undecodable("not a valid message: malformed, or a string that isn't UTF-8")

    return decode_or_say_why


def _log_if_ours(method: str, error: Exception) -> None:
    """Log what a client can't see. A caller's mistake is in the metrics, and the texts are in no log."""
    if isinstance(error, PeerError):
        logger.error("call failed", extra={"method": method, "error": str(error)})
    elif not isinstance(error, AmbianceError):
        logger.exception("unexpected error", extra={"method": method}, exc_info=error)
