"""The gRPC side of the searches that begin with a clip, or lead from one vector to another."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

import grpc
from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from ambiance.limits import DEFAULT_K, DEFAULT_STEPS
from ambiance.music.v1 import clip_pb2
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.type.v1 import space_pb2
from music_index_service.index_port import Index
from music_index_service.reasons import filter_effect, shortfall_reason
from music_index_service.searching.searches import find_path_of, find_similar
from music_index_service.searching.selection import Hits


class Served(Protocol):
    """What a request is answered from."""

    @property
    def index(self) -> Index: ...

    @property
    def version(self) -> space_pb2.ArtifactVersion: ...

    @property
    def spaces(self) -> Mapping[str, space_pb2.Space]: ...

    def describe(self, handle: int, clip: clip_pb2.Clip, /) -> None:
        """Fill in a clip."""


class SearchMethods(ABC):
    """The two methods of MusicIndexService; they set no match probability, which is learned of texts."""

    @abstractmethod
    def _named(self, name: str) -> Served:
        """What an index is answered from; NotFoundError if there is none of that name."""

    @abstractmethod
    def _answering(self, name: str, queries: Sequence[space_pb2.Vector]) -> Served:
        """The same, of the lineage of some queries if there are two for a while."""

    def FindSimilar(  # noqa: N802  # the proto's name, as below
        self, request: messages.FindSimilarRequest, context: grpc.ServicerContext
    ) -> messages.FindSimilarResponse:
        """Find clips like given ones."""
        served = self._named(request.options.index)
        space, answers, found = find_similar(request, served.index)
        response = messages.FindSimilarResponse(
            space=served.spaces[space.name],
            index=served.version,
            filter_effect=filter_effect(answers.filtered),
            left_out_clip_count=answers.left_out,
        )
        k = request.options.k or DEFAULT_K
        for hits in found:
            # k others are k + 1 clips, with the one that they are like
            reason = shortfall_reason(len(hits.handles) + 1, k + 1, answers, hits.shortage)
            result = response.results.add(shortfall_reason=reason)
            _add_neighbors(result.neighbors, hits, served)
        return response

    def FindPath(  # noqa: N802
        self, request: messages.FindPathRequest, context: grpc.ServicerContext
    ) -> messages.FindPathResponse:
        """Find a path of clips from one mood to another."""
        served = self._answering(request.options.index, [request.start, request.end])
        space, answers, path = find_path_of(request, served.index)
        response = messages.FindPathResponse(
            shortfall_reason=shortfall_reason(
                len(path.handles), request.steps or DEFAULT_STEPS, answers, path.shortage
            ),
            space=served.spaces[space.name],
            index=served.version,
            filter_effect=filter_effect(answers.filtered),
            left_out_clip_count=answers.left_out,
        )
        _add_neighbors(response.neighbors, path, served)
        return response


def _add_neighbors(
    neighbors: RepeatedCompositeFieldContainer[messages.Neighbor], hits: Hits, served: Served
) -> None:
    for distance, handle in zip(hits.distances.tolist(), hits.handles.tolist(), strict=True):
        served.describe(handle, neighbors.add(distance=distance).clip)
