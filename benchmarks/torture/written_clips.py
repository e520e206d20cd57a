"""The clips of one index that are written to over gRPC, under the names that the workload has for them."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from zlib import crc32

from ambiance.affect import FACETS, VAD_SPACE
from ambiance.music.v1 import clip_input_pb2, clip_pb2
from ambiance.music.v1 import music_index_service_pb2 as messages
from torture.service_process import ServiceProcess
from torture.target import TargetError

_RELEASED_STEP = 5  # one of so many clips is a released one, if there are any
_REPORTED = 8  # clips that are only reported
_CONTESTED = 40  # clips that are both written to and reported
_LABELS = ("Lullaby", "Rock music", "Jazz", "Speech")
_PAGE = 1_000


class WrittenClips:
    """Writes, deletes and reads clips; each bears its content as its title."""

    def __init__(self, index: str) -> None:
        """Take the name of the index."""
        self.index = index
        self.reported: tuple[str, ...] = ()
        self._ids: dict[str, str] = {}  # of clips as the workload calls them
        self._names: dict[str, str] = {}

    def prepare(self, process: ServiceProcess) -> None:
        """Make the index, and choose the clips that are written to, and those that are only reported."""
        process.call(process.music.CreateIndex, messages.CreateIndexRequest(name=self.index))
        request = messages.ListClipsRequest(index=self.index, page_size=_PAGE)
        there = [clip.id for clip in process.call(process.music.ListClips, request).clips]
        if len(there) <= _REPORTED:
            there = [f"reported-{i}" for i in range(_REPORTED)]
            self._upsert(process, [clip_of(clip_id, "") for clip_id in there])
        self.reported = tuple(there[:_REPORTED])
        self._ids = {f"clip {_RELEASED_STEP * i}": each for i, each in enumerate(there[_REPORTED:])}

    @property
    def contested(self) -> list[str]:
        """Clips that are written to, and may be reported, too."""
        return [self._id(f"clip {i}") for i in range(_CONTESTED)]

    def write(self, process: ServiceProcess, contents: Mapping[str, str]) -> int:
        """See Target."""
        response = self._upsert(
            process, [clip_of(self._id(name), content) for name, content in contents.items()]
        )
        if refused := [each for each in response.results if each.violations]:
            raise TargetError(f"refused: {refused[0].violations[0]}")
        return response.sequence

    def delete(self, process: ServiceProcess, names: Sequence[str]) -> int:
        """See Target."""
        request = messages.DeleteClipsRequest(index=self.index, clip_ids=[self._id(name) for name in names])
        response = process.call(process.music.DeleteClips, request)
        deleted = any(each.outcome == messages.WRITE_OUTCOME_DELETED for each in response.results)
        return response.sequence if deleted else 0

    def listed(self, process: ServiceProcess) -> Iterator[clip_pb2.Clip]:
        """The whole catalogue."""
        token = ""
        while True:
            request = messages.ListClipsRequest(index=self.index, page_size=_PAGE, page_token=token)
            page = process.call(process.music.ListClips, request)
            yield from page.clips
            if not (token := page.next_page_token):
                return

    def got(self, process: ServiceProcess) -> Iterator[clip_pb2.Clip]:
        """All clips that anybody changed, each asked for by itself."""
        for clip_id in [*self._names, *self.reported]:
            request = messages.GetClipRequest(index=self.index, clip_id=clip_id)
            try:
                answer = process.call(process.music.GetClip, request)
            except TargetError as error:
                if "NOT_FOUND" not in str(error):
                    raise
            else:
                yield answer.clip

    def found(self, process: ServiceProcess) -> Iterator[clip_pb2.Clip]:
        """All clips that anybody changed, as one search finds them."""
        options = {"index": self.index, "k": 1_000, "include_unlistenable": True, "include_unavailable": True}
        request = messages.FindNeighborsRequest(options=options)
        request.queries.add(space=VAD_SPACE, values=[0.5] * 3)
        request.options.filter.clip_ids.extend([*self._names, *self.reported])
        (result,) = process.call(process.music.FindNeighbors, request).results
        return (each.clip for each in result.neighbors)

    def contents(self, clips: Iterable[clip_pb2.Clip]) -> dict[str, str]:
        """Content by name, of those that were written: released ones, and those only reported, have none."""
        named = {self._names.get(clip.id, clip.id): clip.metadata.title for clip in clips}
        return {name: title for name, title in named.items() if title}

    def _upsert(
        self, process: ServiceProcess, clips: Sequence[clip_input_pb2.ClipInput]
    ) -> messages.UpsertClipsResponse:
        request = messages.UpsertClipsRequest(index=self.index, clips=clips)
        return process.call(process.music.UpsertClips, request)

    def _id(self, name: str) -> str:
        clip_id = self._ids.setdefault(name, name.replace(" ", "-"))
        self._names[clip_id] = name
        return clip_id


def clip_of(clip_id: str, content: str) -> clip_input_pb2.ClipInput:
    """A clip with a content in its title, and all else drawn by it."""
    draw = random.Random(crc32(content.encode()))
    return clip_input_pb2.ClipInput(
        id=clip_id,
        labels=draw.sample(_LABELS, 2),
        facets=[{"facet": name, "score": draw.random()} for name in FACETS],
        vad={name: draw.random() for name in ("valence", "arousal", "dominance")},
        metadata={"title": content, "artist": f"artist {draw.randrange(20)}"},
    )
