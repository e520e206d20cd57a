"""Calls of gRPC methods by name: of this process's own port, and of the index service where that is apart.

Going through the own port, not around it, makes permits, queue, deadlines, limits and metrics the same.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ambiance.channel import PEER_CHANNEL_OPTIONS
from ambiance.errors import InvalidInputError
from ambiance.match.v1 import match_service_pb2
from ambiance.music.v1 import music_index_service_pb2
from ambiance.targets import resolvable
from ambiance.validation import shown

# Connections to each target: one would reach only one of its workers, see `ambiance.server.workers`.
CONNECTIONS = 4

_SERVICES = {
    name: service
    for module in (match_service_pb2, music_index_service_pb2)
    for name, service in module.DESCRIPTOR.services_by_name.items()
}
_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
_MAX_TIMEOUT_S = 86_400.0  # more than any call may have; gRPC takes one of centuries for past
_UNIT_S = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


@dataclass(frozen=True)
class Rpc:
    """A method of MatchService or MusicIndexService, by both of its names."""

    service: str
    method: str

    @cached_property
    def descriptor(self) -> MethodDescriptor:
        """The method as the protos declare it."""
        return _SERVICES[self.service].methods_by_name[self.method]

    @cached_property
    def path(self) -> str:
        """The method as gRPC names it."""
        return f"/{_SERVICES[self.service].full_name}/{self.method}"

    @cached_property
    def request(self) -> type[Message]:
        """The class of its requests."""
        return message_factory.GetMessageClass(self.descriptor.input_type)

    @cached_property
    def reply(self) -> type[Message]:
        """The class of its replies."""
        return message_factory.GetMessageClass(self.descriptor.output_type)


class Calls:
    """Channels to the services' targets, and calls over them. Made and used in one event loop."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        """Take the "host:port" of each service, by its name without package."""
        distinct = {target: self._channels(target) for target in set(targets.values())}
        self._all = [channel for channels in distinct.values() for channel in channels]
        self._turns = {service: cycle(distinct[target]) for service, target in targets.items()}

    async def unary(self, rpc: Rpc, request: Message, timeout_s: float | None) -> Message:
        """The reply to a request.

        Raises:
            grpc.aio.AioRpcError: if the call fails.
        """
        call = next(self._turns[rpc.service]).unary_unary(
            rpc.path, request_serializer=_serialized, response_deserializer=rpc.reply.FromString
        )
        reply: Message = await call(request, timeout=timeout_s)
        return reply

    async def stream(self, rpc: Rpc, request: Message, timeout_s: float | None) -> AsyncGenerator[Any, None]:
        """The replies to a request as they come; closing the iterator cancels the call.

        Raises:
            grpc.aio.AioRpcError: if the call fails, then or later.
        """
        call = next(self._turns[rpc.service]).unary_stream(
            rpc.path, request_serializer=_serialized, response_deserializer=rpc.reply.FromString
        )(request, timeout=timeout_s)
        try:
            async for reply in call:
                yield reply
        finally:
            call.cancel()

    async def health(self, service: str, timeout_s: float) -> int:
        """What the process that answers for a service says of its health.

        Raises:
            grpc.aio.AioRpcError: if the call fails.
        """
        check = health_pb2_grpc.HealthStub(next(self._turns[service])).Check  # type: ignore[attr-defined]
        answer = await check(health_pb2.HealthCheckRequest(), timeout=timeout_s)
        return int(answer.status)

    async def close(self) -> None:
        """Close every channel."""
        for channel in self._all:
            await channel.close()

    @staticmethod
    def _channels(target: str) -> list[grpc.aio.Channel]:
        return [
            grpc.aio.insecure_channel(resolvable(target), options=list(PEER_CHANNEL_OPTIONS))
            for _ in range(CONNECTIONS)
        ]


def timeout_s(header: str | None) -> float | None:
    """Seconds that a Grpc-Timeout header leaves for a call, `5S` or `300m`; None without one.

    Raises:
        InvalidInputError: if it is anything else.
    """
    if header is None:
        return None
    found = _TIMEOUT.fullmatch(header.strip())
    if found is None:
        needed = "1 to 8 digits and one of H, M, S, m, u, n, as in 5S or 300m"
        raise InvalidInputError.of("Grpc-Timeout", f"{needed}, got {shown(header)}")
    return min(int(found[1]) * _UNIT_S[found[2]], _MAX_TIMEOUT_S)


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()
