"""A music index service that keeps what the protos promise of writes, in memory, to test clients with."""

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import grpc
from google.protobuf.message import Message

from ambiance.errors import NotFoundError, PreconditionError
from ambiance.limits import MAX_WRITTEN_CLIPS
from ambiance.music.v1 import clip_input_pb2, clip_pb2
from ambiance.music.v1 import music_index_service_pb2 as pb
from ambiance.music.v1 import music_index_service_pb2_grpc as pb_grpc
from ambiance.server.lifecycle import Application, Servicer
from ambiance.validation import check_count

MAX_TITLE = 1_000
MAX_MOODS_OFF = 0.001  # from a sum of 1


class FakeCatalogue(pb_grpc.MusicIndexServiceServicer):
    """Indexes of clips as they were written. `before` sees every write, `after` what was done, with the
    context of the call; both may end it."""

    def __init__(self) -> None:
        self.clips: dict[str, dict[str, clip_input_pb2.ClipInput]] = {"default": {}}
        self.sequence = 0
        self.requests: list[Any] = []
        self.before: Callable[[Any], None] = lambda _: None
        self.after: Callable[[Any, grpc.ServicerContext], None] = lambda _, __: None
        self._lock = Lock()

    def application(self) -> Application:
        add = pb_grpc.add_MusicIndexServiceServicer_to_server
        return Application([Servicer("music", lambda s: add(self, s))], max_request_bytes=16 * 1024 * 1024)

    def ListIndexes(self, request: Any, context: Any) -> pb.ListIndexesResponse:  # noqa: N802
        return pb.ListIndexesResponse(indexes=map(self._index, sorted(self.clips)))

    def BatchGetClips(self, request: Any, context: Any) -> pb.BatchGetClipsResponse:  # noqa: N802
        held = self._held(request.index)
        if unknown := [clip_id for clip_id in request.clip_ids if clip_id not in held]:
            raise NotFoundError(f"clip_ids: no clip {unknown[0]!r}")
        return pb.BatchGetClipsResponse(clips=[_as_clip(held[clip_id]) for clip_id in request.clip_ids])

    def CreateIndex(self, request: Any, context: Any) -> pb.CreateIndexResponse:  # noqa: N802
        created = request.name not in self.clips
        self.clips.setdefault(request.name, {})
        return pb.CreateIndexResponse(index=self._index(request.name), created=created)

    def DeleteIndex(self, request: Any, context: Any) -> pb.DeleteIndexResponse:  # noqa: N802
        if request.name == "default":
            raise PreconditionError("name: default is a released index")
        count = len(self._held(request.name))
        del self.clips[request.name]
        self.after(request, context)
        return pb.DeleteIndexResponse(clip_count=count)

    def UpsertClips(self, request: Any, context: Any) -> pb.UpsertClipsResponse:  # noqa: N802
        self.before(request)
        with self._lock:
            held = self._begin(request, request.clips)
            left = Counter(clip.id for clip in request.clips)
            results = []
            for i, clip in enumerate(request.clips):
                left[clip.id] -= 1
                results.append(self._upsert(f"clips[{i}]", clip, held, last=not left[clip.id]))
            response = pb.UpsertClipsResponse(results=results, sequence=self._written(results))
        self.after(request, context)
        return response

    def DeleteClips(self, request: Any, context: Any) -> pb.DeleteClipsResponse:  # noqa: N802
        self.before(request)
        with self._lock:
            held = self._begin(request, request.clip_ids)
            results = [
                _result(
                    clip_id,
                    pb.WRITE_OUTCOME_DELETED if held.pop(clip_id, None) else pb.WRITE_OUTCOME_NOT_FOUND,
                )
                for clip_id in request.clip_ids
            ]
            return pb.DeleteClipsResponse(results=results, sequence=self._written(results))

    def ReportUnavailable(self, request: Any, context: Any) -> pb.ReportUnavailableResponse:  # noqa: N802
        self.before(request)
        with self._lock:
            held = self._begin(request, request.clip_ids)
            results = []
            for clip_id in request.clip_ids:
                outcome = pb.WRITE_OUTCOME_NOT_FOUND
                if clip := held.get(clip_id):
                    was = clip.available if clip.HasField("available") else True
                    clip.available = request.available
                    same = was == request.available
                    outcome = pb.WRITE_OUTCOME_UNCHANGED if same else pb.WRITE_OUTCOME_UPDATED
                results.append(_result(clip_id, outcome))
            return pb.ReportUnavailableResponse(results=results, sequence=self._written(results))

    def _begin(self, request: Message, items: Sequence[Any]) -> dict[str, clip_input_pb2.ClipInput]:
        self.requests.append(request)
        check_count("clips", len(items), MAX_WRITTEN_CLIPS)
        return self._held(request.index)  # type: ignore[attr-defined]

    def _held(self, index: str) -> dict[str, clip_input_pb2.ClipInput]:
        if (name := index or "default") not in self.clips:
            raise NotFoundError(f"index: no index {name!r}; there are {', '.join(self.clips)}")
        return self.clips[name]

    def _upsert(
        self, path: str, clip: clip_input_pb2.ClipInput, held: dict[str, Any], *, last: bool
    ) -> pb.WriteResult:
        if not last:
            return _refused(clip.id, f"{path}.id", "a later clip of the request has the same id")
        if offence := _offence(clip):
            field, description = offence
            return _refused(clip.id, f"{path}.{field}".rstrip("."), description)
        before = held.get(clip.id)
        if before == clip:
            return _result(clip.id, pb.WRITE_OUTCOME_UNCHANGED)
        held[clip.id] = clip
        return _result(clip.id, pb.WRITE_OUTCOME_UPDATED if before else pb.WRITE_OUTCOME_CREATED)

    def _written(self, results: Sequence[pb.WriteResult]) -> int:
        changed = (pb.WRITE_OUTCOME_CREATED, pb.WRITE_OUTCOME_UPDATED, pb.WRITE_OUTCOME_DELETED)
        self.sequence += any(result.outcome in changed for result in results)
        return self.sequence

    def _index(self, name: str) -> pb.Index:
        return pb.Index(
            name=name, clip_count=len(self.clips[name]), writable=name != "default", sequence=self.sequence
        )


def _result(clip_id: str, outcome: pb.WriteOutcome.ValueType) -> pb.WriteResult:
    return pb.WriteResult(clip_id=clip_id, outcome=outcome)


def _refused(clip_id: str, field: str, description: str) -> pb.WriteResult:
    violation = pb.FieldViolation(field=field, description=description)
    return pb.WriteResult(clip_id=clip_id, outcome=pb.WRITE_OUTCOME_REFUSED, violations=[violation])


def _as_clip(clip: clip_input_pb2.ClipInput) -> clip_pb2.Clip:
    return clip_pb2.Clip(
        id=clip.id,
        youtube_id=clip.youtube_id,
        start_seconds=clip.start_seconds,
        labels=clip.labels,
        facets=clip.facets,
        listenable=True,
        available=clip.available if clip.HasField("available") else True,
        metadata=clip.metadata if clip.HasField("metadata") else None,
    )


def _offence(clip: clip_input_pb2.ClipInput) -> tuple[str, str] | None:
    """A few of the contract's limits: the field, and what is wrong with it."""
    if not clip.id or any(character.isspace() for character in clip.id):
        return "id", "1 to 128 characters, none of them white space"
    if len(clip.metadata.title) > MAX_TITLE:
        return "metadata.title", f"at most {MAX_TITLE:,} characters, got {len(clip.metadata.title):,}"
    if clip.moods and abs(sum(mood.score for mood in clip.moods) - 1) > MAX_MOODS_OFF:
        return "moods", "sum to 1 within 0.001"
    if not (clip.facets or clip.moods or clip.vggish_frames or clip.vggish_embedding):
        return "", "none of vggish_frames, facets and moods is given"
    return None
