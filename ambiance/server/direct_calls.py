"""Calls of a servicer in its own process: no channel, no serialisation, no other thread.

An error comes out as the servicer raised it, which is the error that a channel's caller would be given.
"""

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any

from google.protobuf.message import Message

from ambiance.server.lifecycle import Servicer

# How long a call may take that only warms a service up: TF Serving loads some of a model on its first use.
REHEARSAL_S = 30.0


class DirectContext:
    """What a servicer of this process asks of a call's context: the seconds left, and whether to go on.

    It knows its caller's deadline, but not whether the client that caller works for is still connected.
    """

    def __init__(self, timeout_s: float) -> None:
        """Start the clock."""
        self._end = monotonic() + timeout_s

    def time_remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._end - monotonic())

    def is_active(self) -> bool:
        """Whether the deadline is still ahead."""
        return self.time_remaining() > 0


class DirectMethods:
    """Stands where a server would while servicers are added, and keeps their methods to be called."""

    def __init__(self, servicers: Iterable[Servicer]) -> None:
        """Collect the methods of each."""
        self._handlers: dict[str, Callable[[Any, Any], Any]] = {}
        for servicer in servicers:
            servicer.add_to(self)  # type: ignore[arg-type]  # the part of a server that it uses

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Keep the methods of a service; generated code calls this as it would on a `grpc.Server`."""
        self._handlers.update({f"{service}/{name}": each.unary_unary for name, each in handlers.items()})

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Do nothing: these are the same methods again, in a form that can't be listed."""

    def call(self, method: str, request: Message, timeout_s: float) -> Any:
        """Answer "package.Service/Method" within `timeout_s` seconds."""
        return self._handlers[method](request, DirectContext(timeout_s))
