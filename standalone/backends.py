"""The two services in this process, behind the interface that the gateway's parts call."""

from collections.abc import Mapping, Sequence

from ambiance.music.v1 import music_index_service_pb2 as music_pb
from ambiance.server.direct_calls import DirectMethods
from ambiance.server.lifecycle import Application
from ambiance.text.v1 import text_service_pb2 as text_pb
from ambiance.type.v1.space_pb2 import Space

_TEXT = text_pb.DESCRIPTOR.services_by_name["TextService"].full_name
_MUSIC = music_pb.DESCRIPTOR.services_by_name["MusicIndexService"].full_name


class TextPeer:
    """The text service, loaded and so serving."""

    name = "text service"

    def __init__(self, application: Application) -> None:
        self._call = DirectMethods(application.servicers).call

    def require_serving(self, timeout_s: float) -> None:
        """Do nothing: a service that is loaded in this process serves."""

    def spaces(self, timeout_s: float) -> Sequence[Space]:
        """Spaces that the loaded model writes."""
        response: text_pb.GetModelResponse
        response = self._call(f"{_TEXT}/GetModel", text_pb.GetModelRequest(), timeout_s)
        return list(response.model.spaces)

    def encode(self, request: text_pb.EncodeTextsRequest, timeout_s: float) -> text_pb.EncodeTextsResponse:
        """EncodeTexts within `timeout_s` seconds."""
        response: text_pb.EncodeTextsResponse = self._call(f"{_TEXT}/EncodeTexts", request, timeout_s)
        return response


class MusicPeer:
    """The music index service, loaded and so serving."""

    name = "music index service"

    def __init__(self, application: Application) -> None:
        self._call = DirectMethods(application.servicers).call

    def require_serving(self, timeout_s: float) -> None:
        """Do nothing: a service that is loaded in this process serves."""

    def indexes(self, timeout_s: float) -> Mapping[str, Sequence[Space]]:
        """Spaces of each index by its name, with those of the version before that it still answers in."""
        request = music_pb.ListIndexesRequest()
        response: music_pb.ListIndexesResponse = self._call(f"{_MUSIC}/ListIndexes", request, timeout_s)
        return {index.name: [*index.spaces, *index.previous_spaces] for index in response.indexes}

    def find_neighbors(
        self, request: music_pb.FindNeighborsRequest, timeout_s: float
    ) -> music_pb.FindNeighborsResponse:
        """FindNeighbors within `timeout_s` seconds."""
        response: music_pb.FindNeighborsResponse = self._call(f"{_MUSIC}/FindNeighbors", request, timeout_s)
        return response
