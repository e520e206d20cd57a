"""The music index service itself, on a real release: every write goes through gRPC.

In the released index a fifth of the clips lie over released ones. While one writes, players report clips, the
release changes back and forth, and compactions run and are killed.
"""

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zlib import crc32

from ambiance import artifacts
from ambiance.affect import FACETS
from ambiance.artifacts import MUSIC_INDEX
from ambiance.music.v1 import clip_input_pb2, clip_pb2
from ambiance.music.v1 import music_index_service_pb2 as messages
from music_index_service.live.catalogues import SEGMENTS_FOLDER
from torture.disturbances import Disturbances
from torture.rebuilt import Rebuilt
from torture.service_process import ServiceProcess
from torture.target import TargetError

_RELEASED_STEP = 5  # one of so many clips is a released one
_REPORTED = 8  # released clips that are only reported
_FRESH_SHARE = 0.15  # of lives that begin without what was compacted
_OUTLIVED_SHARE = 0.4  # of lives before which a compaction ends that the one before had begun
_CALM_SHARE = 0.3  # of lives in which compactions aren't disturbed
_LABELS = ("Lullaby", "Rock music", "Jazz", "Speech")
_PAGE = 1_000


class ServiceTarget:
    """`python -m music_index_service --data`, and one of its indexes."""

    def __init__(self, folder: Path, released: Path, index: str) -> None:
        """Write to `index`; `folder` takes the data, and two versions of the newest index of `released`."""
        self._folder, self._index = folder, index
        self._versions = _copy_twice(released, folder / "artifacts")
        self._rebuilt = Rebuilt(folder, index)
        self._ids: dict[str, str] = {}  # of clips as the workload calls them
        self._names: dict[str, str] = {}
        self._random = random.Random(1)
        self._disturbances: Disturbances | None = None
        self._process: ServiceProcess | None = None
        self._is_fresh = self._is_calm = True
        self._adopted = 0
        self._complaints: list[str] = []

    def start(self) -> None:
        self._is_fresh = self._random.random() < _FRESH_SHARE
        if self._is_fresh:
            segments = self._folder / "data" / self._index / SEGMENTS_FOLDER
            shutil.rmtree(segments, ignore_errors=True)
        elif self._disturbances and self._random.random() < _OUTLIVED_SHARE:
            self._rebuilt.compact(random.choice(self._versions))
        self._is_calm = self._random.random() < _CALM_SHARE
        flags = ["--artifacts", str(self._folder / "artifacts"), "--data", str(self._folder / "data")]
        flags += [] if self._is_fresh else ["--compaction-clips", "1"]
        self._process = process = ServiceProcess([*flags], self._folder / "log")
        process.wait_until_serving()
        if self._disturbances is None:  # nothing is written yet
            self._disturbances = self._prepared(process)

    def write(self, contents: Mapping[str, str]) -> int:
        process = self._disturbed()
        clips = [_clip(self._id(name), content) for name, content in contents.items()]
        response = process.call(
            process.music.UpsertClips, messages.UpsertClipsRequest(index=self._index, clips=clips)
        )
        if refused := [each for each in response.results if each.violations]:
            raise TargetError(f"refused: {refused[0].violations[0]}")
        return response.sequence

    def delete(self, clip_ids: Sequence[str]) -> int:
        process = self._disturbed()
        ids = [self._id(name) for name in clip_ids]
        request = messages.DeleteClipsRequest(index=self._index, clip_ids=ids)
        response = process.call(process.music.DeleteClips, request)
        deleted = any(each.outcome == messages.WRITE_OUTCOME_DELETED for each in response.results)
        return response.sequence if deleted else 0

    def read_all(self) -> dict[str, str]:
        process = self._live()
        assert self._disturbances is not None
        answer = process.call(process.music.ListIndexes, messages.ListIndexesRequest())
        indexes = [index.name for index in answer.indexes]
        lists_all = self._is_fresh  # which takes seconds
        clips = list(self._listed(process) if lists_all else self._got(process))
        if faults := [
            *self._complaints,
            *self._disturbances.settle({clip.id: clip.available for clip in clips}, indexes),
            *self._rebuilt.differences(process, clips, prices=self._is_fresh, listed=lists_all),
        ]:
            raise TargetError("; ".join(faults[:3]))
        named = {self._names.get(clip.id, clip.id): clip.metadata.title for clip in clips}
        return {name: title for name, title in named.items() if title}  # released ones have none

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._complaints = self._process.complaints
            self._adopted += self._process.said.count('"compacted"')
        if self._disturbances:
            self._disturbances.end()

    def stop(self) -> None:
        if self._disturbances:
            self._disturbances.end()
        self._live().stop()
        if self._live().complaints:
            raise TargetError(self._live().complaints[0])

    @property
    def figures(self) -> Mapping[str, int]:
        if self._disturbances is None:
            return {}
        compacted = {"adopted_compactions": self._adopted, "outlived_compactions": self._rebuilt.compactions}
        return self._disturbances.figures | compacted

    def _live(self) -> ServiceProcess:
        assert self._process
        return self._process

    def _disturbed(self) -> ServiceProcess:
        process = self._live()
        assert self._disturbances
        self._disturbances.begin(process, calm=self._is_calm)
        return process

    def _prepared(self, process: ServiceProcess) -> Disturbances:
        """Choose the clips that are written to, and those that are only reported."""
        process.call(process.music.CreateIndex, messages.CreateIndexRequest(name=self._index))
        request = messages.ListClipsRequest(index=self._index, page_size=_PAGE)
        there = [clip.id for clip in process.call(process.music.ListClips, request).clips]
        if not there:
            clips = [_clip(f"reported-{i}", "") for i in range(_REPORTED)]
            process.call(
                process.music.UpsertClips, messages.UpsertClipsRequest(index=self._index, clips=clips)
            )
            there = [clip.id for clip in clips]
        self._ids = {f"clip {_RELEASED_STEP * i}": each for i, each in enumerate(there[_REPORTED:])}
        contested = [self._id(f"clip {i}") for i in range(40)]
        return Disturbances(self._index, self._versions, there[:_REPORTED], contested)

    def _listed(self, process: ServiceProcess) -> Iterator[clip_pb2.Clip]:
        """The whole catalogue."""
        token = ""
        while True:
            request = messages.ListClipsRequest(index=self._index, page_size=_PAGE, page_token=token)
            page = process.call(process.music.ListClips, request)
            yield from page.clips
            if not (token := page.next_page_token):
                return

    def _got(self, process: ServiceProcess) -> Iterator[clip_pb2.Clip]:
        """All clips that anybody changed, each asked for by itself."""
        assert self._disturbances is not None
        for clip_id in [*self._names, *self._disturbances.reported]:
            request = messages.GetClipRequest(index=self._index, clip_id=clip_id)
            try:
                answer = process.call(process.music.GetClip, request)
            except TargetError as error:
                if "NOT_FOUND" not in str(error):
                    raise
            else:
                yield answer.clip

    def _id(self, name: str) -> str:
        clip_id = self._ids.setdefault(name, name.replace(" ", "-"))
        self._names[clip_id] = name
        return clip_id


def _copy_twice(released: Path, root: Path) -> list[int]:
    """Put the newest index into a folder under two numbers; returns these."""
    source = artifacts.load(released, MUSIC_INDEX)
    versions = [source.manifest.version, source.manifest.version + 1]
    for version in versions:
        folder = root / MUSIC_INDEX / str(version)
        shutil.copytree(source.path, folder)
        manifest = source.manifest.model_copy(update={"version": version})
        (folder / artifacts.MANIFEST_FILE).write_text(manifest.model_dump_json(), encoding="utf-8")
        artifacts.seal(folder)
    return versions


def _clip(clip_id: str, content: str) -> clip_input_pb2.ClipInput:
    """A clip with a content in its title, and all else drawn by it."""
    draw = random.Random(crc32(content.encode()))
    return clip_input_pb2.ClipInput(
        id=clip_id,
        labels=draw.sample(_LABELS, 2),
        facets=[{"facet": name, "score": draw.random()} for name in FACETS],
        vad={name: draw.random() for name in ("valence", "arousal", "dominance")},
        metadata={"title": content, "artist": f"artist {draw.randrange(20)}"},
    )
