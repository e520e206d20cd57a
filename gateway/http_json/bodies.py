"""Reads the bodies of requests: so many bytes of each, so many of all together, in so much time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

import grpc
from starlette.requests import ClientDisconnect, Request

from gateway.http_json.problems import ProblemError

# Bytes of bodies that are held at a time, of all requests: on its way a body takes up to eight times as much.
MAX_HELD_BYTES = 64 * 1024 * 1024
# Seconds that a body may take to arrive.
BODY_S = 60.0

JSON = "application/json"

T = TypeVar("T")


class Bodies:
    """The bodies that are being read or used now."""

    def __init__(self, max_held_bytes: int, body_s: float) -> None:
        """Take the bytes that all bodies may have together, and the seconds that each may take to arrive."""
        self._free, self._body_s = max_held_bytes, body_s

    @asynccontextmanager
    async def read(self, request: Request, max_bytes: int) -> AsyncIterator[bytes]:
        """A request's body, which counts as held until the block ends.

        Raises:
            ProblemError: 413 beyond `max_bytes`, 408 if it comes too slowly, 415 if it is compressed, 429
                while too much is held.
        """
        _require_plain(request)
        _require_fitting(int(request.headers.get("content-length", 0)), max_bytes)
        held = bytearray()
        try:
            await self._fill(held, request, max_bytes)
            yield bytes(held)
        finally:
            self._free += len(held)

    async def _fill(self, held: bytearray, request: Request, max_bytes: int) -> None:
        try:
            async with asyncio.timeout(self._body_s):
                async for chunk in request.stream():
                    _require_fitting(len(held) + len(chunk), max_bytes)
                    self._take(len(chunk))
                    held += chunk
        except TimeoutError as error:
            reason = f"request: the body didn't arrive within {self._body_s:g} seconds"
            raise ProblemError.of(
                408, grpc.StatusCode.DEADLINE_EXCEEDED, reason, {"Connection": "close"}
            ) from error

    def _take(self, count: int) -> None:
        if count > self._free:
            reason = "too many large requests at a time"
            raise ProblemError.of(429, grpc.StatusCode.RESOURCE_EXHAUSTED, reason)
        self._free -= count


def require_json(request: Request) -> None:
    """Require that a body says that it is JSON: another site's page can't send that without being allowed to.

    Raises:
        ProblemError: 415.
    """
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != JSON or charset not in ("", "utf-8"):
        raise _unsupported(f"Content-Type: {JSON} in UTF-8 is needed")


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The outcome of some work, which is cancelled if the caller leaves. The body has been read by then.

    Raises:
        ClientDisconnect: if the caller left.
    """
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _require_plain(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise _unsupported("Content-Encoding: a body is read as it is, not compressed")


def _require_fitting(count: int, limit: int) -> None:
    if count > limit:
        told = f"request: a body here is at most {limit:,} bytes, got {count:,} or more"
        raise ProblemError.of(413, grpc.StatusCode.INVALID_ARGUMENT, told, {"Connection": "close"})


def _unsupported(message: str) -> ProblemError:
    return ProblemError.of(415, grpc.StatusCode.INVALID_ARGUMENT, message, {"Accept": JSON})
