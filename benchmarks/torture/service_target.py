"""The music index service itself, on a real release: every write goes through gRPC.

In the released index a fifth of the clips lie over released ones. While one writes, players report clips, the
release changes back and forth, and compactions run and are killed.
"""

import random
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ambiance import artifacts
from ambiance.artifacts import MUSIC_INDEX
from ambiance.music.v1 import music_index_service_pb2 as messages
from music_index_service.live.catalogues import SEGMENTS_FOLDER, STORE_FILE
from torture.disturbances import Disturbances, children
from torture.rebuilt import Rebuilt, copied_store
from torture.service_process import ServiceProcess
from torture.store_target import is_half_written
from torture.target import TargetError
from torture.written_clips import WrittenClips

_FRESH_SHARE = 0.15  # of lives that begin without what was compacted
_OUTLIVED_SHARE = 0.4  # of lives before which a compaction ends that the one before had begun
_CALM_SHARE = 0.3  # of lives in which compactions aren't disturbed


class ServiceTarget:
    """`python -m music_index_service --data`, and one of its indexes."""

    def __init__(self, folder: Path, released: Path, index: str) -> None:
        """Write to `index`; `folder` takes the data, and two versions of the newest index of `released`."""
        self._folder = folder
        self._store = folder / "data" / index / STORE_FILE
        self._versions = _copy_twice(released, folder / "artifacts")
        self._rebuilt = Rebuilt(folder / "artifacts", index, lambda copy: copied_store(self._store, copy))
        self._clips = WrittenClips(index)
        self._random = random.Random(1)
        self._disturbances: Disturbances | None = None
        self._process: ServiceProcess | None = None
        self._is_fresh = self._is_calm = True
        self._adopted = self._outlived = 0
        self._amid: Counter[str] = Counter()  # kills, by what was under way
        self._drafts: set[Path] = set()  # of segments, that a kill left
        self._complaints: list[str] = []

    def start(self) -> None:
        self._is_fresh = self._random.random() < _FRESH_SHARE
        if self._is_fresh:
            shutil.rmtree(self._store.with_name(SEGMENTS_FOLDER), ignore_errors=True)
        elif self._disturbances and self._random.random() < _OUTLIVED_SHARE:
            self._rebuilt.compact(self._store, random.choice(self._versions))
            self._outlived += 1
        self._is_calm = self._random.random() < _CALM_SHARE
        flags = ["--artifacts", str(self._folder / "artifacts"), "--data", str(self._folder / "data")]
        flags += [] if self._is_fresh else ["--compaction-clips", "1"]
        self._process = process = ServiceProcess([*flags], self._folder / "log")
        process.wait_until_serving()
        if self._disturbances is None:  # nothing is written yet
            self._clips.prepare(process)
            self._disturbances = Disturbances(self._clips, self._versions)

    def write(self, contents: Mapping[str, str]) -> int:
        return self._clips.write(self._disturbed(), contents)

    def delete(self, clip_ids: Sequence[str]) -> int:
        return self._clips.delete(self._disturbed(), clip_ids)

    def read_all(self) -> dict[str, str]:
        process = self._live()
        assert self._disturbances is not None
        answer = process.call(process.music.ListIndexes, messages.ListIndexesRequest())
        indexes = [index.name for index in answer.indexes]
        lists_all = self._is_fresh  # which takes seconds
        clips = list(self._clips.listed(process) if lists_all else self._clips.got(process))
        if faults := [
            *self._complaints,
            *self._disturbances.settle({clip.id: clip.available for clip in clips}, indexes),
            *self._rebuilt.differences(process, clips, prices=self._is_fresh, listed=lists_all),
        ]:
            raise TargetError("; ".join(faults[:3]))
        return self._clips.contents(clips)

    def rest(self) -> None:
        assert self._disturbances
        self._disturbances.end()
        self._is_fresh = False  # it may have compacted since

    def kill(self) -> None:
        if self._process:
            amid = self._process.under_way
            amid |= {"compaction"} if children(self._process.pid) else set()
            self._process.kill()
            amid |= {"half_written_transaction"} if amid and is_half_written(self._store) else set()
            self._amid.update(amid)
            self._drafts |= set(self._store.with_name(SEGMENTS_FOLDER).glob("*/.*.partial"))
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

    def close(self) -> None:
        self.kill()

    @property
    def figures(self) -> Mapping[str, int]:
        compacted = {"adopted_compactions": self._adopted, "outlived_compactions": self._outlived}
        amid = {f"kills_amid_{what}": count for what, count in sorted(self._amid.items())}
        disturbed = self._disturbances.figures if self._disturbances else {}
        return {**disturbed, **compacted, "segments_left_half_written": len(self._drafts), **amid}

    def _live(self) -> ServiceProcess:
        assert self._process
        return self._process

    def _disturbed(self) -> ServiceProcess:
        process = self._live()
        assert self._disturbances
        self._disturbances.begin(process, calm=self._is_calm)
        return process


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
