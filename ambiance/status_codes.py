"""The one table between domain errors and gRPC status codes, read in both directions: a server turns
errors into statuses, a client turns statuses back into errors."""

from collections.abc import Callable
from typing import cast

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from ambiance.errors import (
    AmbianceError,
    ArtifactError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    PeerError,
    PreconditionError,
    StorageError,
    StorageFullError,
    UnavailableError,
    Violation,
)
from ambiance.validation import MAX_MESSAGE_BYTES

INTERNAL_MESSAGE = "internal error; the server's log has the details"
NO_ANSWER_MESSAGE = "no answer in time"
_OTHER_SERVICE_MESSAGE = "no such method: another service listens there, or another version of it"
_DETAILS_KEY = "grpc-status-details-bin"
_TRACE = "\n=== Source Location Trace"  # of gRPC's own sources, which it adds to some of its messages
_TOO_LARGE = "message larger than max"  # gRPC's words

_CODES: dict[type[AmbianceError], grpc.StatusCode] = {
    InvalidInputError: grpc.StatusCode.INVALID_ARGUMENT,
    NotFoundError: grpc.StatusCode.NOT_FOUND,
    PreconditionError: grpc.StatusCode.FAILED_PRECONDITION,
    OverloadedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    DeadlineError: grpc.StatusCode.DEADLINE_EXCEEDED,
    UnavailableError: grpc.StatusCode.UNAVAILABLE,
    StorageError: grpc.StatusCode.FAILED_PRECONDITION,
    StorageFullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    PeerError: grpc.StatusCode.INTERNAL,
    ArtifactError: grpc.StatusCode.INTERNAL,
}


def status_code(error: BaseException) -> grpc.StatusCode:
    """The code a client sees for an error, or its nearest kind in the table; INTERNAL for all others."""
    kinds = cast(tuple[type[AmbianceError], ...], type(error).__mro__)
    return next((_CODES[kind] for kind in kinds if kind in _CODES), grpc.StatusCode.INTERNAL)


def to_status(error: BaseException) -> grpc.Status:
    """A status with message and details. The message of an INTERNAL error is a fixed sentence.

    A message over MAX_MESSAGE_BYTES is cut and goes without details: beyond 8 KiB gRPC would drop the status.
    """
    code = status_code(error)
    message = INTERNAL_MESSAGE if code is grpc.StatusCode.INTERNAL else str(error)
    shortened = _shortened(message)
    status = status_pb2.Status(code=code.value[0], message=shortened)
    if shortened == message and (detail := _detail(error)) is not None:
        status.details.add().Pack(detail)
    rich = rpc_status.to_status(status)
    return _RetriedStatus(rich) if isinstance(error, UnavailableError) else rich


def _shortened(message: str) -> str:
    encoded = message.encode()
    if len(encoded) <= MAX_MESSAGE_BYTES:
        return message
    return encoded[:MAX_MESSAGE_BYTES].decode(errors="ignore") + "…"


class _RetriedStatus(grpc.Status):
    """A status that tells the caller's channel not to retry: whoever raises UnavailableError has called a
    peer that didn't answer, and its channel has retried; retries in each layer would multiply."""

    def __init__(self, status: grpc.Status) -> None:
        self.code, self.details = status.code, status.details
        self.trailing_metadata = (*(status.trailing_metadata or ()), ("grpc-retry-pushback-ms", "-1"))


def _detail(error: BaseException) -> Message | None:
    if isinstance(error, InvalidInputError):
        violation = error_details_pb2.BadRequest.FieldViolation
        return error_details_pb2.BadRequest(
            field_violations=[violation(field=v.field, description=v.description) for v in error.violations]
        )
    if isinstance(error, OverloadedError):
        delay = Duration()
        delay.FromNanoseconds(round(error.retry_after_s * 1e9))
        return error_details_pb2.RetryInfo(retry_delay=delay)
    return None


def from_rpc_error(error: grpc.RpcError, peer: str) -> AmbianceError:
    """The domain error behind a failed call to `peer`, a name for the message such as "text service"."""
    call = cast(grpc.Call, error)
    code, message = call.code(), (call.details() or "").partition(_TRACE)[0]
    build = _BUILDERS.get(code)
    if build is None:
        return PeerError(f"{peer}: {code.name}: {message}")
    return build(call, peer, message)


def _details_of(call: grpc.Call, detail: Message) -> bool:
    """Fill `detail` from the call's rich status, if it has one of that type."""
    try:
        status = rpc_status.from_call(call)
    except ValueError:  # the details contradict code or message: trust the latter
        return False
    return status is not None and any(packed.Unpack(detail) for packed in status.details)


def _is_told(call: grpc.Call) -> bool:
    """Whether a server of ours sent the status: those carry details, gRPC's own don't."""
    return any(key == _DETAILS_KEY for key, _ in call.trailing_metadata() or ())


def _invalid_input(call: grpc.Call, _peer: str, message: str) -> AmbianceError:
    bad_request = error_details_pb2.BadRequest()
    if not _details_of(call, bad_request):
        return InvalidInputError.of("request", message)
    return InvalidInputError(Violation(v.field, v.description) for v in bad_request.field_violations)


def _overloaded(call: grpc.Call, peer: str, message: str) -> AmbianceError:
    info = error_details_pb2.RetryInfo()
    if _details_of(call, info):
        return OverloadedError(f"{peer}: {message}", info.retry_delay.ToNanoseconds() / 1e9)
    if _TOO_LARGE in message:  # gRPC's own refusal: the same request will never be let in
        return InvalidInputError.of("request", message)
    return OverloadedError(f"{peer}: {message}", 0.0)


def _deadline(call: grpc.Call, peer: str, message: str) -> AmbianceError:
    """With the server's own words if the server gave up: it knows which of its peers was late."""
    told = message if _is_told(call) else NO_ANSWER_MESSAGE
    return DeadlineError(f"{peer}: {told}")


_BUILDERS: dict[grpc.StatusCode, Callable[[grpc.Call, str, str], AmbianceError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: _invalid_input,
    grpc.StatusCode.NOT_FOUND: lambda _, __, message: NotFoundError(message),
    grpc.StatusCode.FAILED_PRECONDITION: lambda _, __, message: PreconditionError(message),
    grpc.StatusCode.RESOURCE_EXHAUSTED: _overloaded,
    grpc.StatusCode.DEADLINE_EXCEEDED: _deadline,
    grpc.StatusCode.UNAVAILABLE: lambda _, peer, message: UnavailableError(f"{peer}: {message}"),
    # A service of a cluster that was asked for what another one does, mostly.
    grpc.StatusCode.UNIMPLEMENTED: lambda _, peer, _message: PeerError(f"{peer}: {_OTHER_SERVICE_MESSAGE}"),
    # By a server that shuts down before it begins on the call.
    grpc.StatusCode.CANCELLED: lambda _, peer, message: UnavailableError(f"{peer}: cancelled: {message}"),
}
