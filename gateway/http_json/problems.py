"""Errors as callers over HTTP see them: google.rpc.Status as JSON, under the HTTP code of its status code."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from google.rpc import error_details_pb2, status_pb2
from starlette.responses import Response

from ambiance.errors import AmbianceError
from ambiance.status_codes import to_status
from gateway.http_json.transcoding import dumped

# As the comments of google/rpc/code.proto map them.
HTTP_CODES: Mapping[grpc.StatusCode, int] = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DATA_LOSS: 500,
}

_STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}
_DETAILS_KEY = "grpc-status-details-bin"
_TRACE = "\n=== Source Location Trace"  # of gRPC's own sources, which it adds to some of its messages
_TOO_LARGE = "message larger than max"  # gRPC's words
_SNAKE = re.compile(r"_([a-z0-9])")
_NAMED = re.compile(r"\A[a-z0-9_.\[\]]+(?=: )")  # the field that a message begins with
_IN_QUOTES = re.compile(r"""(\["[^"]*"\]|\['[^']*'\])""")

# Seconds after which a caller may try again who isn't told otherwise.
RETRY_AFTER_S = 1


class ProblemError(Exception):
    """Raised when a request can't be met: the status to tell, the HTTP code, and headers beside the body."""

    def __init__(
        self,
        status: status_pb2.Status,
        http_code: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Take the status; the HTTP code is that of its status code unless given."""
        super().__init__(status.message)
        self.code = _STATUS_CODES.get(status.code, grpc.StatusCode.UNKNOWN)
        self.http_code = http_code if http_code is not None else HTTP_CODES[self.code]
        self._status = status
        self.headers = dict(headers or {})
        if self.http_code in (429, 503):
            self.headers.setdefault("Retry-After", str(_retry_after_s(status)))

    @classmethod
    def of(
        cls, http_code: int, code: grpc.StatusCode, message: str, headers: Mapping[str, str] | None = None
    ) -> "ProblemError":
        """What is wrong with a request as HTTP."""
        return cls(status_pb2.Status(code=code.value[0], message=message), http_code, headers)

    @classmethod
    def of_error(cls, error: AmbianceError) -> "ProblemError":
        """A domain error, as gRPC would tell it."""
        told = to_status(error)
        return cls(_rich(told.code, told.details, told.trailing_metadata or ()))

    @classmethod
    def of_call(cls, error: grpc.aio.AioRpcError) -> "ProblemError":
        """What a call ended in."""
        code, message = error.code(), (error.details() or "").partition(_TRACE)[0]
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in message:
            return cls.of(413, grpc.StatusCode.INVALID_ARGUMENT, f"request: {message}")
        if code is grpc.StatusCode.CANCELLED:  # by a server that shuts down: who leaves hears nothing
            code = grpc.StatusCode.UNAVAILABLE
        return cls(_rich(code, message, error.trailing_metadata() or ()))

    def body(self) -> dict[str, Any]:
        """The error as JSON."""
        details = [MessageToDict(detail) for detail in self._status.details]
        error = {"code": self.http_code, "status": self.code.name, "message": self._status.message}
        return {"error": {**error, "details": details}}

    def response(self) -> Response:
        """The error as an answer."""
        return Response(dumped(self.body()), self.http_code, self.headers, "application/json")


def json_path(path: str) -> str:
    """A field's path as JSON names it: `options.maxPerVideo` for `options.max_per_video`; keys stay."""
    parts = _IN_QUOTES.split(path)
    renamed = (_SNAKE.sub(lambda found: found[1].upper(), part) for part in parts[::2])
    keys = [*parts[1::2], ""]
    return "".join(name + key for name, key in zip(renamed, keys, strict=True))


def _rich(
    code: grpc.StatusCode, message: str, metadata: Iterable[tuple[str, str | bytes]]
) -> status_pb2.Status:
    """A status with the details that came in the trailing metadata, fields named as JSON does."""
    named = _NAMED.sub(lambda field: json_path(field[0]), message)
    status = status_pb2.Status(code=code.value[0], message=named)
    told = next((value for key, value in metadata if key == _DETAILS_KEY), None)
    if isinstance(told, bytes):
        sent = status_pb2.Status.FromString(told)
        if sent.code == code.value[0]:
            status.details.extend(sent.details)
    for packed in status.details:
        bad = error_details_pb2.BadRequest()
        if packed.Unpack(bad):
            was_listed = message == _listed(bad)
            for violation in bad.field_violations:
                violation.field = json_path(violation.field)
            packed.Pack(bad)
            if was_listed:
                status.message = _listed(bad)
    return status


def _listed(bad: error_details_pb2.BadRequest) -> str:
    return "; ".join(f"{each.field}: {each.description}" for each in bad.field_violations)


def _retry_after_s(status: status_pb2.Status) -> int:
    info = error_details_pb2.RetryInfo()
    told = any(packed.Unpack(info) for packed in status.details)
    return max(RETRY_AFTER_S, math.ceil(info.retry_delay.ToNanoseconds() / 1e9)) if told else RETRY_AFTER_S
