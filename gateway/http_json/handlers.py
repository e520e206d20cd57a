"""Answers each route: its request made a message, its call, and the reply made JSON."""

from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ambiance.errors import InvalidInputError
from ambiance.validation import shown
from gateway.http_json.bodies import JSON, Bodies, require_json, unless_gone
from gateway.http_json.calls import Calls, timeout_s
from gateway.http_json.routes import SOUNDTRACK, Route
from gateway.http_json.soundtrack import Parts, as_document, as_events, wants_events
from gateway.http_json.transcoding import parsed, to_json, to_message

# Bytes from which JSON is read and written in another thread: it takes longer than others should wait.
LONG_BYTES = 64 * 1024

Endpoint = Callable[[Request], Awaitable[Response]]


class Handlers:
    """The endpoints. `calls` is made when the server starts, in its event loop."""

    calls: Calls

    def __init__(self, bodies: Bodies) -> None:
        """Take what reads bodies."""
        self._bodies = bodies

    def unary(self, route: Route) -> Endpoint:
        """The endpoint of a route that is answered with one message."""

        async def answer(request: Request) -> Response:
            timeout = timeout_s(request.headers.get("grpc-timeout"))
            if route.verb == "GET":
                message = to_message({**_query(request), **request.path_params}, route.rpc.request)
                reply = await unless_gone(request, self.calls.unary(route.rpc, message, timeout))
            else:
                require_json(request)
                async with self._bodies.read(request, route.max_body_bytes) as body:
                    message = await _message(body, route)
                    reply = await unless_gone(request, self.calls.unary(route.rpc, message, timeout))
            return Response(await _json(reply), media_type=JSON)

        return answer

    async def soundtrack(self, request: Request) -> Response:
        """Compose a soundtrack, as events for who accepts them, else as one document."""
        timeout = timeout_s(request.headers.get("grpc-timeout"))
        require_json(request)
        async with self._bodies.read(request, SOUNDTRACK.max_body_bytes) as body:
            message = await _message(body, SOUNDTRACK)
            parts = Parts(self.calls.stream(SOUNDTRACK.rpc, message, timeout))
            await unless_gone(request, parts.begin())  # an error before the first part has a code of its own
        return as_events(parts) if wants_events(request) else as_document(parts)


def _query(request: Request) -> dict[str, Any]:
    """The parameters of a query, each given once."""
    found = dict(request.query_params)
    if len(found) < len(request.query_params.multi_items()):
        names = [name for name, _ in request.query_params.multi_items()]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInputError.of(shown(twice), "stands twice in the query")
    return found


async def _message(body: bytes, route: Route) -> Message:
    def read() -> Message:
        return to_message(parsed(body), route.rpc.request)

    return read() if len(body) < LONG_BYTES else await run_in_threadpool(read)


async def _json(reply: Message) -> bytes:
    return to_json(reply) if reply.ByteSize() < LONG_BYTES else await run_in_threadpool(to_json, reply)
