"""The gRPC side of the music index service: its only module that uses ambiance.music.v1.

Clips are kept as bytes: built anew for each answer, a match in one process took 1.21 times as long (p50).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import grpc

from ambiance.affect import MOODS
from ambiance.artifacts import MUSIC_INDEX, Space
from ambiance.errors import NotFoundError
from ambiance.music.v1 import clip_pb2
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.music_index_service_pb2_grpc import MusicIndexServiceServicer
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.search_options import check_limits
from ambiance.server.messages import space_message
from ambiance.type.v1 import affect_pb2, space_pb2
from ambiance.validation import shown
from music_index_service.catalog.clip_catalog import Clip
from music_index_service.index_port import Hits, Index
from music_index_service.reasons import filter_effect, shortfall_reason
from music_index_service.search_methods import SearchMethods
from music_index_service.searching.searches import limits_of
from music_index_service.succession import PREVIOUS_S, Succession
from music_index_service.write_methods import WriteMethods

SERVICE_NAME = messages.DESCRIPTOR.services_by_name["MusicIndexService"].full_name

DEFAULT_INDEX = "default"


class _Served:
    """A snapshot with the parts of its answers that repeat, which go with it."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.version = space_pb2.ArtifactVersion(kind=MUSIC_INDEX, version=index.version)
        self.spaces = {name: space_message(space) for name, space in index.spaces.items()}

    @property
    def held_spaces(self) -> Mapping[str, Space]:
        """The spaces that may be searched, by name."""
        return self.index.spaces

    def describe(self, handle: int, clip: clip_pb2.Clip) -> None:
        """Fill in a clip."""
        clip.ParseFromString(self.index.message(handle, _clip_bytes))
        if not self.index.is_available(handle):
            clip.available = False


class MusicIndexService(SearchMethods, MusicIndexServiceServicer):
    """Finds neighbours and describes clips; what each method promises stands in the proto."""

    def __init__(self, indexes: Iterable[Index], previous_seconds: float = PREVIOUS_S) -> None:
        """Take indexes of different names, which nothing can be written to.

        `previous_seconds` is how long the one before another lineage's is kept unasked.
        """
        self._previous_s = previous_seconds
        self._holders = {index.name: self._holder_of(index) for index in indexes}
        self._writes = WriteMethods()

    def write_with(self, writes: WriteMethods) -> None:
        """Let writes through to what publishes its snapshots here, by `swap`."""
        self._writes = writes

    def swap(self, index: Index, changed: Sequence[str] = ()) -> None:
        """Answer from another snapshot of an index from now on; requests that have begun end on theirs, and
        for a while queries of lineages that only the one before has are answered by that.

        An index of a name that isn't served is served from now on. `changed` are the ids of clips that were
        written since the snapshot before: those older queries don't find any more.
        """
        if (holder := self._holders.get(index.name)) is not None:
            holder.swap(_Served(index))
            if changed:
                holder.amend_previous(lambda before: _Served(before.index.without(changed)))
        else:  # a new dictionary: others may be walking over this one
            self._holders = self._holders | {index.name: self._holder_of(index)}

    def withdraw(self, name: str) -> None:
        """Serve the index of that name no more; requests that have begun end on it."""
        self._holders = {other: holder for other, holder in self._holders.items() if other != name}

    def _holder_of(self, index: Index) -> Succession[_Served]:
        return Succession(_Served(index), self._previous_s)

    def requests_to_rehearse(self) -> Iterator[messages.FindNeighborsRequest]:
        """A request for every index and space, of the kind that is expected."""
        for name, holder in self._holders.items():
            for space, values in holder.current.index.expected_queries().items():
                query = space_pb2.Vector(space=space, values=values)
                options = SearchOptions(index=name, seed=1)
                yield messages.FindNeighborsRequest(queries=[query], options=options)

    def FindNeighbors(  # noqa: N802  # the proto's name, as below
        self, request: messages.FindNeighborsRequest, context: grpc.ServicerContext
    ) -> messages.FindNeighborsResponse:
        """Find the clips nearest to each query."""
        options = request.options
        check_limits(options)
        served = self._answering(options.index, request.queries)
        hits = served.index.search(
            request.queries,
            options.k,
            options.seed,
            options.filter if options.HasField("filter") else None,
            include_unlistenable=options.include_unlistenable,
            include_unavailable=options.include_unavailable,
            limits=limits_of(options),
        )
        response = messages.FindNeighborsResponse(
            space=served.spaces[hits.space.name],
            index=served.version,
            filter_effect=filter_effect(hits.filtered),
            left_out_clip_count=hits.left_out,
        )
        for distances, handles, probabilities, shortage in zip(
            hits.distances, hits.handles, _probabilities(hits), hits.shortages, strict=True
        ):
            reason = shortfall_reason(len(handles), hits.k, hits.answers, shortage)
            neighbors = response.results.add(shortfall_reason=reason).neighbors
            for distance, handle, probability in zip(
                distances.tolist(), handles.tolist(), probabilities, strict=True
            ):
                neighbor = neighbors.add(distance=distance, match_probability=probability)
                served.describe(handle, neighbor.clip)
        return response

    def GetClip(  # noqa: N802
        self, request: messages.GetClipRequest, context: grpc.ServicerContext
    ) -> messages.GetClipResponse:
        """Return one clip."""
        served = self._named(request.index)
        response = messages.GetClipResponse(index=served.version)
        served.describe(served.index.handle_of(request.clip_id), response.clip)
        return response

    def BatchGetClips(  # noqa: N802
        self, request: messages.BatchGetClipsRequest, context: grpc.ServicerContext
    ) -> messages.BatchGetClipsResponse:
        """Return several clips, in the order of the request."""
        served = self._named(request.index)
        response = messages.BatchGetClipsResponse(index=served.version)
        for handle in served.index.handles_of(request.clip_ids):
            served.describe(handle, response.clips.add())
        return response

    def ListClips(  # noqa: N802
        self, request: messages.ListClipsRequest, context: grpc.ServicerContext
    ) -> messages.ListClipsResponse:
        """List a page of the catalogue."""
        served = self._named(request.index)
        page = served.index.page(request.page_size, request.page_token)
        response = messages.ListClipsResponse(
            next_page_token=page.next_token, total_clip_count=len(served.index), index=served.version
        )
        for handle in page.handles:  # not through the cache, which a walk over the catalogue would empty
            clip = _clip_message(served.index.clip(handle))
            clip.available = served.index.is_available(handle)
            response.clips.append(clip)
        return response

    def ListLabels(  # noqa: N802
        self, request: messages.ListLabelsRequest, context: grpc.ServicerContext
    ) -> messages.ListLabelsResponse:
        """List the labels that a filter may name."""
        served = self._named(request.index)
        return messages.ListLabelsResponse(
            labels=[
                messages.Label(**label._asdict())
                for label in served.index.labels(request.prefix, request.parent)
            ],
            index=served.version,
        )

    def ListIndexes(  # noqa: N802
        self, request: messages.ListIndexesRequest, context: grpc.ServicerContext
    ) -> messages.ListIndexesResponse:
        """List the indexes that are loaded."""
        indexes = []
        for _, holder in sorted(self._holders.items()):
            with suppress(NotFoundError):  # another process has deleted it, as is seen here in a moment
                indexes.append(_index_message(holder))
        return messages.ListIndexesResponse(indexes=indexes)

    def CreateIndex(  # noqa: N802
        self, request: messages.CreateIndexRequest, context: grpc.ServicerContext
    ) -> messages.CreateIndexResponse:
        """Make an index that clips may be written to."""
        created = self._writes.create(request.name)
        return messages.CreateIndexResponse(index=_index_message(self._holder(request.name)), created=created)

    def DeleteIndex(  # noqa: N802
        self, request: messages.DeleteIndexRequest, context: grpc.ServicerContext
    ) -> messages.DeleteIndexResponse:
        """Delete an index with all its clips."""
        return messages.DeleteIndexResponse(clip_count=self._writes.drop(request.name))

    def UpsertClips(  # noqa: N802
        self, request: messages.UpsertClipsRequest, context: grpc.ServicerContext
    ) -> messages.UpsertClipsResponse:
        """Add clips, or replace them."""
        return self._writes.upsert(request)

    def DeleteClips(  # noqa: N802
        self, request: messages.DeleteClipsRequest, context: grpc.ServicerContext
    ) -> messages.DeleteClipsResponse:
        """Delete clips."""
        return self._writes.delete(request)

    def ReportUnavailable(  # noqa: N802
        self, request: messages.ReportUnavailableRequest, context: grpc.ServicerContext
    ) -> messages.ReportUnavailableResponse:
        """Say of clips whether they can be played."""
        return self._writes.report(request)

    def _named(self, name: str) -> _Served:
        """What a request for an index is answered from, to its end."""
        return self._holder(name).current

    def _answering(self, name: str, queries: Sequence[space_pb2.Vector]) -> _Served:
        return self._holder(name).answering(queries)

    def _holder(self, name: str) -> Succession[_Served]:
        holder = self._holders.get(name or DEFAULT_INDEX)
        if holder is None:
            raise NotFoundError(f"index: no {shown(name)}; loaded: {', '.join(sorted(self._holders))}")
        return holder


def _probabilities(hits: Hits) -> Sequence[Sequence[float | None]]:
    """The match probability of each hit; None, which leaves the field unset, without a calibration."""
    if hits.match_probabilities is None:
        return [[None] * len(handles) for handles in hits.handles]
    return [probabilities.tolist() for probabilities in hits.match_probabilities]


def _clip_message(clip: Clip) -> clip_pb2.Clip:
    """A clip on the wire, its moods and facets by descending score."""
    moods = sorted(zip(MOODS.names, clip.moods, strict=True), key=lambda mood: -mood[1])
    valence, arousal, dominance = clip.vad
    return clip_pb2.Clip(
        id=clip.id,
        youtube_id=clip.youtube_id,
        start_seconds=clip.start_seconds,
        end_seconds=clip.end_seconds,
        labels=clip.labels,
        mood_labels=clip.mood_labels,
        moods=[affect_pb2.MoodScore(mood=mood, score=score) for mood, score in moods],
        vad=affect_pb2.Vad(valence=valence, arousal=arousal, dominance=dominance),
        facets=_facet_scores(clip.facets),
        traits=_facet_scores(clip.traits),
        listenable=clip.listenable,
        metadata=clip_pb2.ClipMetadata.FromString(clip.metadata) if clip.metadata else None,
    )


def _clip_bytes(clip: Clip) -> bytes:
    """As of a clip that can be played: nearly all can."""
    message = _clip_message(clip)
    message.available = True
    return message.SerializeToString()


def _facet_scores(scores: Iterable[tuple[str, float]]) -> list[affect_pb2.FacetScore]:
    return [affect_pb2.FacetScore(facet=name, score=score) for name, score in scores]


def _index_message(holder: Succession[_Served]) -> messages.Index:
    """An index as ListIndexes describes it."""
    served, previous = holder.current, holder.previous
    return messages.Index(
        name=served.index.name,
        version=served.version,
        spaces=served.spaces.values(),
        clip_count=len(served.index),
        notices=served.index.notices,
        writable=served.index.writable,
        sequence=served.index.sequence,
        previous_spaces=previous.spaces.values() if previous is not None else (),
    )
