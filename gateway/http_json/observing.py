"""Around every request: headers that keep a browser safe, a line in the log, counts and times."""

import logging
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ambiance.server.telemetry import LATENCY_BUCKETS_S

logger = logging.getLogger(__name__)

# What no answer may be used for; pages have policies of their own, see `gateway.http_json.pages`.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_UNROUTED = "other"  # paths that are no route, and methods that nobody knows: labels are few
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_GONE = 499  # the caller left before an answer began


class HttpMetrics:
    """Counts and times requests by route."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._handled = Counter(
            "http_server_requests",
            "Requests answered, whatever the status.",
            ("method", "route", "code"),
            registry=registry,
        )
        self._seconds = Histogram(
            "http_server_request_seconds",
            "Time from a request's head to the end of its answer, in seconds.",
            ("method", "route"),
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )

    def finished(self, method: str, route: str, code: int, seconds: float) -> None:
        """Note an answer."""
        self._handled.labels(method, route, str(code)).inc()
        self._seconds.labels(method, route).observe(seconds)


class Observed:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and note it. What a request says isn't logged: its texts are its reader's."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, code, sent_bytes = perf_counter(), _GONE, 0

        async def noted(message: Message) -> None:
            nonlocal code, sent_bytes
            if message["type"] == "http.response.start":
                code = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            elif message["type"] == "http.response.body":
                sent_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            seconds = perf_counter() - began
            route = getattr(scope.get("route"), "path", None) or _UNROUTED
            method = scope["method"] if scope["method"] in _METHODS else _UNROUTED
            self._metrics.finished(method, route, code, seconds)
            logger.info(
                "request",
                extra={
                    "method": method,
                    "route": route,
                    "code": code,
                    "seconds": round(seconds, 6),
                    "bytes": sent_bytes,
                },
            )
