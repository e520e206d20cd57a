"""A soundtrack as it is composed: server-sent events for a page, one JSON document for a program.

Parts are asked for as the caller reads them: who reads slowly slows the composing, and who leaves ends it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
from starlette.requests import Request
from starlette.responses import StreamingResponse

from gateway.http_json.problems import ProblemError
from gateway.http_json.transcoding import dumped, to_json

EVENTS = "text/event-stream"

# Seconds of silence after which a comment tells proxies that the stream is alive.
ALIVE_S = 15.0

_HEADERS = {"X-Accel-Buffering": "no"}  # a proxy that gathers events would hold the first cue back


class Parts:
    """The parts of a soundtrack, the first of which is waited for before anything is answered."""

    def __init__(self, replies: AsyncGenerator[Any, None]) -> None:
        """Take ComposeSoundtrack's replies."""
        self._replies = replies
        self._first: Any = None

    async def begin(self) -> None:
        """Wait for the first part.

        Raises:
            grpc.aio.AioRpcError: if there is none.
            ProblemError: 500 if the stream is empty.
        """
        self._first = await anext(self._replies, None)
        if self._first is None:
            raise ProblemError.of(500, grpc.StatusCode.INTERNAL, "the soundtrack has no parts")

    async def named(self) -> AsyncGenerator[tuple[str, bytes], None]:
        """Each part's name and JSON, and at last perhaps an `error`: what came before it holds.

        A name without JSON, "", says that nothing came for a while.
        """
        async with aclosing(self._replies) as replies:
            yield _named(self._first)
            while True:
                waiting = asyncio.ensure_future(anext(replies, None))
                try:
                    while not (await asyncio.wait({waiting}, timeout=ALIVE_S))[0]:
                        yield "", b""
                    part = waiting.result()
                except grpc.aio.AioRpcError as error:
                    yield "error", dumped(ProblemError.of_call(error).body())
                    return
                finally:
                    await _ended(waiting)
                if part is None:
                    return
                yield _named(part)


def wants_events(request: Request) -> bool:
    """Whether a request's Accept header names server-sent events."""
    ranges = (part.partition(";") for part in request.headers.get("accept", "").split(","))
    return any(
        name.strip().lower() == EVENTS and parameters.replace(" ", "") not in ("q=0", "q=0.0")
        for name, _, parameters in ranges
    )


def as_events(parts: Parts) -> StreamingResponse:
    """Each part as an event, named `start`, `cue`, `end` or `error`."""

    async def events() -> AsyncIterator[bytes]:
        async with aclosing(parts.named()) as named:
            async for name, data in named:
                yield b"event: %s\ndata: %s\n\n" % (name.encode(), data) if name else b": alive\n\n"

    return StreamingResponse(events(), headers=_HEADERS, media_type=EVENTS)


def as_document(parts: Parts) -> StreamingResponse:
    """`{"start": …, "cues": […], "end": …}`, written as it comes; `error` for `end` if it isn't whole."""

    async def document() -> AsyncIterator[bytes]:
        is_listed, has_cues = False, False
        yield b"{"
        async with aclosing(parts.named()) as named:
            async for name, data in named:
                if name == "start":
                    yield b'"start":%s,' % data
                elif name == "cue":
                    yield (b"," if has_cues else b'"cues":[') + data
                    is_listed = has_cues = True
                elif name:  # the end, or an error in its place
                    opening = b"" if is_listed else b'"cues":['
                    member = data[1:-1] if name == "error" else b'"end":%s' % data
                    yield opening + b"]," + member + b"}\n"

    return StreamingResponse(document(), headers=_HEADERS, media_type="application/json")


def _named(part: Any) -> tuple[str, bytes]:
    name = part.WhichOneof("part")
    return name, to_json(getattr(part, name))


async def _ended(task: "asyncio.Future[Any]") -> None:
    """Cancel a task that may be done, and wait until it is: a generator that runs can't be closed."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
