"""Who is answered: so many connections at a time, and only under names that are this server's.

A page elsewhere can let its own name stand for 127.0.0.1 once a browser has loaded it, and then read what a
gateway there answers: to the browser both are one site. Its requests still say that name. Addresses are no
names, so they can't be turned; Starlette's own check of hosts can't let in all of them.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import grpc
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ambiance.validation import shown
from gateway.http_json.problems import ProblemError

LOOPBACK_NAMES = ("localhost", "*.localhost")  # which browsers never ask a name server for
ANY = "*"

# In the state of a scope: whether its connection is one too many.
CROWDED = "is_crowded"


class Admission:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        """Take the names that requests may be for: `a.example`, `*.example`, or `*` for any."""
        self._app, self._names = app, [name.lower() for name in (*LOOPBACK_NAMES, *names)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse to."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal.response() if refusal else self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> ProblemError | None:
        if scope["state"].get(CROWDED):
            told = "too many connections at a time"
            return ProblemError.of(503, grpc.StatusCode.UNAVAILABLE, told, {"Connection": "close"})
        host = Headers(scope=scope).get("host", "")
        if not host or self._is_own(host):  # before HTTP/1.1, health checks say none; browsers always do
            return None
        told = f"Host: {shown(host)} isn't a name of this server: --http-allowed-hosts names those that are"
        return ProblemError.of(403, grpc.StatusCode.PERMISSION_DENIED, told)

    def _is_own(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
        except ValueError:
            return False
        return _is_address(name) or any(_stands_for(pattern, name) for pattern in self._names)


def _stands_for(pattern: str, name: str) -> bool:
    return pattern in (ANY, name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
