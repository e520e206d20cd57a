"""The two services behind the gateway, and the only user of their stubs.

A failed call raises the domain error behind it, with the service's name in the message.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ambiance.errors import DeadlineError, UnavailableError
from ambiance.music.v1 import clip_filter_pb2, music_index_service_pb2, music_index_service_pb2_grpc
from ambiance.rpc.channel import CHANNEL_OPTIONS, resolvable
from ambiance.rpc.errors import from_rpc_error
from ambiance.text.v1 import text_service_pb2, text_service_pb2_grpc
from ambiance.type.v1 import space_pb2

DEFAULT_INDEX = "default"

_TEXT = text_service_pb2.DESCRIPTOR.services_by_name["TextService"].full_name
_MUSIC = music_index_service_pb2.DESCRIPTOR.services_by_name["MusicIndexService"].full_name


class Backend:
    """One service and the one channel to it."""

    def __init__(self, name: str, service: str, target: str) -> None:
        """Take the name for messages, the full name of the gRPC service, and "host:port"."""
        self.name = name
        self._service, self._target = service, target
        self.channel = grpc.insecure_channel(resolvable(target), options=CHANNEL_OPTIONS)
        # the types of grpc_health know its stub, but not its methods
        self._check_health = health_pb2_grpc.HealthStub(self.channel).Check  # type: ignore[attr-defined]

    def call(self, rpc: Callable[..., Any], request: Message, timeout_s: float) -> Any:
        """Send a request; the channel retries within the timeout, see `ambiance.rpc.channel`."""
        try:
            return rpc(request, timeout=timeout_s)
        except grpc.RpcError as error:
            raise from_rpc_error(error, self.name) from error

    def require_serving(self, timeout_s: float) -> None:
        """Ask the service for its health.

        Raises:
            UnavailableError: if it can't be asked in time or isn't serving, in the same words every time.
        """
        request = health_pb2.HealthCheckRequest(service=self._service)
        try:
            status = self.call(self._check_health, request, timeout_s).status
        except (UnavailableError, DeadlineError) as error:
            raise UnavailableError(f"{self.name} doesn't answer at {self._target}") from error
        if status != health_pb2.HealthCheckResponse.SERVING:
            raise UnavailableError(f"{self.name} at {self._target} isn't serving")

    def close(self) -> None:
        """Close the channel."""
        self.channel.close()


class TextBackend(Backend):
    """The text service."""

    def __init__(self, target: str) -> None:
        super().__init__("text service", _TEXT, target)
        self._stub = text_service_pb2_grpc.TextServiceStub(self.channel)

    def encode(
        self, texts: Sequence[str], *, explain: bool, timeout_s: float
    ) -> text_service_pb2.EncodeTextsResponse:
        """EncodeTexts within `timeout_s` seconds."""
        request = text_service_pb2.EncodeTextsRequest(texts=texts, explain=explain)
        response: text_service_pb2.EncodeTextsResponse
        response = self.call(self._stub.EncodeTexts, request, timeout_s)
        return response

    def spaces(self, timeout_s: float) -> Sequence[space_pb2.Space]:
        """Spaces that the loaded model writes."""
        response = self.call(self._stub.GetModel, text_service_pb2.GetModelRequest(), timeout_s)
        return list(response.model.spaces)


class MusicBackend(Backend):
    """The music index service."""

    def __init__(self, target: str) -> None:
        super().__init__("music index service", _MUSIC, target)
        self._stub = music_index_service_pb2_grpc.MusicIndexServiceStub(self.channel)

    def find_neighbors(
        self,
        index: str,
        queries: Iterable[space_pb2.Vector],
        k: int,
        seed: int,
        clip_filter: clip_filter_pb2.ClipFilter | None,
        timeout_s: float,
    ) -> music_index_service_pb2.FindNeighborsResponse:
        """FindNeighbors within `timeout_s` seconds."""
        request = music_index_service_pb2.FindNeighborsRequest(
            index=index, queries=queries, k=k, seed=seed, filter=clip_filter
        )
        response: music_index_service_pb2.FindNeighborsResponse
        response = self.call(self._stub.FindNeighbors, request, timeout_s)
        return response

    def spaces(self, timeout_s: float) -> Sequence[space_pb2.Space]:
        """Spaces of the default index; none if it isn't loaded."""
        request = music_index_service_pb2.ListIndexesRequest()
        response = self.call(self._stub.ListIndexes, request, timeout_s)
        return [space for index in response.indexes if index.name == DEFAULT_INDEX for space in index.spaces]
