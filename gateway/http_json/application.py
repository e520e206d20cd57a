"""Puts the ASGI application together: routes, errors as JSON, and what is around every request."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from http import HTTPStatus

import grpc
from grpc_health.v1 import health_pb2
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ambiance.errors import AmbianceError
from ambiance.status_codes import INTERNAL_MESSAGE
from gateway.http_json import reading
from gateway.http_json.admission import Admission
from gateway.http_json.bodies import BODY_S, JSON, MAX_HELD_BYTES, Bodies
from gateway.http_json.calls import Calls
from gateway.http_json.handlers import Handlers
from gateway.http_json.observing import HttpMetrics, Observed
from gateway.http_json.openapi import document
from gateway.http_json.pages import page_routes
from gateway.http_json.problems import ProblemError
from gateway.http_json.routes import MATCH, SOUNDTRACK, UNARY
from gateway.http_json.transcoding import dumped

_CLIENT_CLOSED_REQUEST = 499
_ASKED_S = 1.0  # how long the own health check may take


def application(
    targets: Mapping[str, str], names: Sequence[str], origins: Sequence[str], registry: CollectorRegistry
) -> ASGIApp:
    """The ASGI application.

    `targets` holds the "host:port" of each gRPC service by its name; requests may be for `names` beside
    loopback and addresses, and pages from `origins` may call.
    """
    bodies = Bodies(MAX_HELD_BYTES, BODY_S)
    handlers = Handlers(bodies)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        handlers.calls = Calls(targets)
        yield
        await handlers.calls.close()

    async def ready(_: Request) -> Response:
        return await _readiness(handlers.calls)

    routes = [
        *(_route(route.verb, route.path, handlers.unary(route)) for route in UNARY),
        _route("POST", SOUNDTRACK.path, handlers.soundtrack),
        _route("POST", reading.PATH, reading.TextReader(bodies).read),
        _route("GET", "/openapi.json", _described),
        _route("GET", "/healthz", _alive),
        _route("GET", "/readyz", ready),
        *page_routes(),
    ]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Content-Type", "Grpc-Timeout"],
        expose_headers=["Retry-After"],
    )
    app = Starlette(
        routes=routes,
        middleware=[cors] if origins else [],
        exception_handlers={
            ProblemError: _problem,
            AmbianceError: _domain_error,
            grpc.aio.AioRpcError: _failed_call,
            HTTPException: _http_error,
            ClientDisconnect: _gone,
            Exception: _unexpected,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return Observed(Admission(app, names), HttpMetrics(registry))


def _route(verb: str, path: str, endpoint: Callable[..., object]) -> Route:
    """A route; what stands in its path may hold a slash, as a clip's id may."""
    return Route(path.replace("}", ":path}"), endpoint, methods=[verb])


async def _described(_: Request) -> Response:
    return Response(_description(), media_type=JSON)


@cache
def _description() -> bytes:
    return dumped(document())


async def _alive(_: Request) -> Response:
    return PlainTextResponse("alive\n")


async def _readiness(calls: Calls) -> Response:
    """Whether this process would answer its health check with SERVING."""
    try:
        serves = await calls.health(MATCH, _ASKED_S) == health_pb2.HealthCheckResponse.SERVING
    except grpc.aio.AioRpcError:
        serves = False
    return PlainTextResponse("serving\n") if serves else PlainTextResponse("not serving\n", 503)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return error.response()


async def _domain_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, AmbianceError)
    return ProblemError.of_error(error).response()


async def _failed_call(_: Request, error: Exception) -> Response:
    assert isinstance(error, grpc.aio.AioRpcError)
    return ProblemError.of_call(error).response()


async def _http_error(request: Request, error: Exception) -> Response:
    """No such path, or a path that wants another method."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "GET")
        told, code = f"this path takes {allowed}, not {request.method}", grpc.StatusCode.UNIMPLEMENTED
    else:
        told, code = "no such path; /openapi.json lists them", grpc.StatusCode.NOT_FOUND
    return ProblemError.of(error.status_code, code, told, error.headers).response()


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)  # nobody hears it


async def _unexpected(_: Request, __: Exception) -> Response:
    """A fault of ours; the server logs the error itself."""
    return ProblemError.of(500, grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE).response()
