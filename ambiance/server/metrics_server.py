"""The HTTP side of a process: /metrics for Prometheus, /healthz for checkers without gRPC."""

import socket
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from ambiance.errors import AmbianceError
from ambiance.server.listening import addresses
from ambiance.server.telemetry import SERVING_GAUGE

METRICS_PATH = "/metrics"
HEALTH_PATH = "/healthz"

_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_Response = tuple[str, list[tuple[str, str]], bytes]
_Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def serve_metrics(registry: CollectorRegistry, host: str, port: int) -> int:
    """Answer HTTP at every address of a host from threads; returns the port, chosen by the system for 0.

    GET and HEAD of /metrics and /healthz, which is 200 while the process serves, else 503. Any other path
    is 404.

    Raises:
        AmbianceError: if an address can't be listened on.
    """
    application = _application(registry)
    servers: list[WSGIServer] = []
    for family, address in addresses(host):
        try:
            server = make_server(address, port, application, _server_of(family), _QuietHandler)
        except OSError as error:
            for listening in servers:
                listening.server_close()
            reason = error.strerror or error
            raise AmbianceError(
                f"can't listen on {address}:{port} for /metrics (--metrics-port): {reason}"
            ) from error
        port = server.server_port
        servers.append(server)
    for server in servers:
        Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return port


def _application(registry: CollectorRegistry) -> _Wsgi:
    metrics = make_wsgi_app(registry)

    def respond(environ: dict[str, Any]) -> _Response:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if path not in (METRICS_PATH, HEALTH_PATH):
            return "404 Not Found", [_TEXT], f"there are {METRICS_PATH} and {HEALTH_PATH}\n".encode()
        if method not in ("GET", "HEAD"):
            return "405 Method Not Allowed", [_TEXT, ("Allow", "GET, HEAD")], b"use GET or HEAD\n"
        if path == METRICS_PATH:
            return _answer_of(metrics, {**environ, "REQUEST_METHOD": "GET"})
        if registry.get_sample_value(SERVING_GAUGE) == 1:
            return "200 OK", [_TEXT], b"serving\n"
        return "503 Service Unavailable", [_TEXT], b"not serving\n"

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, headers, body = respond(environ)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return application


def _answer_of(application: _Wsgi, environ: dict[str, Any]) -> _Response:
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(application(environ, lambda status, headers: started.append((status, headers))))
    [(status, headers)] = started
    return status, headers, body


def _server_of(family: socket.AddressFamily) -> type[WSGIServer]:
    class Server(ThreadingMixIn, WSGIServer):
        """A thread per request, none of which keeps the process alive."""

        address_family = family
        daemon_threads = True

    return Server


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # the base class's name
        """Log nothing."""
