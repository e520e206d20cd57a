"""The two services behind the gateway, and the only user of their stubs.

A failed call raises the domain error behind it, with the service's name in the message.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ambiance.channel import PEER_CHANNEL_OPTIONS
from ambiance.errors import DeadlineError, UnavailableError
from ambiance.music.v1 import music_index_service_pb2, music_index_service_pb2_grpc
from ambiance.status_codes import from_rpc_error
from ambiance.targets import resolvable
from ambiance.text.v1 import text_service_pb2, text_service_pb2_grpc
from ambiance.type.v1 import space_pb2

# Connections to each service: one would reach only one of its workers, see `ambiance.server.workers`.
CONNECTIONS = 4

_TEXT = text_service_pb2.DESCRIPTOR.services_by_name["TextService"].full_name
_MUSIC = music_index_service_pb2.DESCRIPTOR.services_by_name["MusicIndexService"].full_name


class Backend:
    """One service and the channels to it, which calls take in turn."""

    def __init__(
        self, name: str, service: str, target: str, make_stub: Callable[[grpc.Channel], Any]
    ) -> None:
        """Take the name for messages, the gRPC service's full name, "host:port", and what makes its stub."""
        self.name = name
        self._service, self._target = service, target
        self._channels = [
            grpc.insecure_channel(resolvable(target), options=PEER_CHANNEL_OPTIONS)
            for _ in range(CONNECTIONS)
        ]
        self._stubs = cycle([make_stub(channel) for channel in self._channels])
        # the types of grpc_health know its stub, but not its methods
        self._health_checks = [health_pb2_grpc.HealthStub(channel).Check for channel in self._channels]  # type: ignore[attr-defined]

    def stub(self) -> Any:
        """The next channel's stub, in turn."""
        return next(self._stubs)

    def call(self, rpc: Callable[..., Any], request: Message, timeout_s: float) -> Any:
        """Send a request; the channel retries within the timeout, see `ambiance.channel`."""
        try:
            return rpc(request, timeout=timeout_s)
        except grpc.RpcError as error:
            raise from_rpc_error(error, self.name) from error

    def require_serving(self, timeout_s: float) -> None:
        """Ask the service for its health over every connection, which opens them for the first calls.

        Raises:
            UnavailableError: if it can't be asked in time or isn't serving, in the same words every time.
        """
        request = health_pb2.HealthCheckRequest(service=self._service)
        try:
            statuses = {self.call(check, request, timeout_s).status for check in self._health_checks}
        except (UnavailableError, DeadlineError) as error:
            raise UnavailableError(f"{self.name} doesn't answer at {self._target}") from error
        if statuses != {health_pb2.HealthCheckResponse.SERVING}:
            raise UnavailableError(f"{self.name} at {self._target} isn't serving")

    def close(self) -> None:
        """Close every channel."""
        for channel in self._channels:
            channel.close()


class TextBackend(Backend):
    """The text service."""

    def __init__(self, target: str) -> None:
        super().__init__("text service", _TEXT, target, text_service_pb2_grpc.TextServiceStub)

    def encode(
        self, request: text_service_pb2.EncodeTextsRequest, timeout_s: float
    ) -> text_service_pb2.EncodeTextsResponse:
        """EncodeTexts within `timeout_s` seconds."""
        response: text_service_pb2.EncodeTextsResponse
        response = self.call(self.stub().EncodeTexts, request, timeout_s)
        return response

    def spaces(self, timeout_s: float) -> Sequence[space_pb2.Space]:
        """Spaces that the loaded model writes."""
        response = self.call(self.stub().GetModel, text_service_pb2.GetModelRequest(), timeout_s)
        return list(response.model.spaces)


class MusicBackend(Backend):
    """The music index service."""

    def __init__(self, target: str) -> None:
        super().__init__(
            "music index service", _MUSIC, target, music_index_service_pb2_grpc.MusicIndexServiceStub
        )

    def find_neighbors(
        self, request: music_index_service_pb2.FindNeighborsRequest, timeout_s: float
    ) -> music_index_service_pb2.FindNeighborsResponse:
        """FindNeighbors within `timeout_s` seconds."""
        response: music_index_service_pb2.FindNeighborsResponse
        response = self.call(self.stub().FindNeighbors, request, timeout_s)
        return response

    def indexes(self, timeout_s: float) -> Mapping[str, Sequence[space_pb2.Space]]:
        """Spaces of each index by its name, with those of the version before that it still answers in."""
        request = music_index_service_pb2.ListIndexesRequest()
        response = self.call(self.stub().ListIndexes, request, timeout_s)
        return {index.name: [*index.spaces, *index.previous_spaces] for index in response.indexes}
