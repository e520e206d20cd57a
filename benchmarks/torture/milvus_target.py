"""The music index service with Milvus as its engine: the service is killed, or Milvus itself."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TypeVar

from ambiance.music.v1 import music_index_service_pb2 as messages
from bench.local_milvus import LocalMilvus
from music_index_service.live.catalogues import STORE_FILE
from music_index_service.loading import load_release
from music_index_service.migrate.data_end import DataEnd
from music_index_service.migrate.migration import migrate
from music_index_service.migrate.milvus_end import MilvusEnd
from music_index_service.milvus.indexes import RELEASED_INDEX, MilvusIndexes
from music_index_service.milvus.model import Model
from music_index_service.milvus.release import ReleasedIndex
from music_index_service.milvus.server import Server
from torture.disturbances import Disturbances
from torture.rebuilt import Rebuilt
from torture.service_process import ServiceProcess
from torture.target import NotAcknowledgedError, TargetError
from torture.written_clips import WrittenClips

_PATIENCE_S = 300.0  # with a Milvus that serves, and then doesn't
# One that is held up for longer loses its place; one that starts after a kill waits for it.
_LEASE_S, _LEASE_IF_KILLED_S = 30, 10
_WHOLE_SHARE = 0.3  # of lives that begin with a comparison of everything with an index made anew

T = TypeVar("T")


class MilvusTarget:
    """`python -m music_index_service --engine milvus`, beside a Milvus of its own."""

    def __init__(self, folder: Path, released: Path, index: str, *, kills_milvus: bool) -> None:
        """Write to `index` over the newest release of `released`; kill Milvus, or the service."""
        self._folder, self._released, self._kills_milvus = folder, released, kills_milvus
        lease_s = _LEASE_IF_KILLED_S if kills_milvus else _LEASE_S
        self._milvus = LocalMilvus(folder / "milvus", lease_s=lease_s)
        self._clips = WrittenClips(index)
        self._rebuilt = Rebuilt(released, index, self._copy, most=300, numbered=False)
        self._disturbances: Disturbances | None = None
        self._process: ServiceProcess | None = None
        self._is_up, self._guard = False, Lock()
        self._unanswered = self._compared = 0
        self._amid: Counter[str] = Counter()  # kills, by what was under way
        self._random = random.Random(1)
        self._complaints: list[str] = []

    def start(self) -> None:
        if not self._milvus.is_alive:
            self._start_milvus()
        if self._process is None:
            flags = ["--artifacts", str(self._released), "--engine", "milvus"]
            self._process = ServiceProcess([*flags, "--milvus-uri", self._milvus.uri], self._folder / "log")
        try:
            self._process.wait_until_serving(self._require_milvus)
            if self._disturbances is None:  # nothing is written yet
                self._clips.prepare(self._process)
                self._disturbances = Disturbances(self._clips)
        except (NotAcknowledgedError, TargetError):
            if self._disturbances is None:  # a service that starts may end without its Milvus
                self._end_service()
                self._require_milvus()
            raise
        self._is_up = True

    def write(self, contents: Mapping[str, str]) -> int:
        return self._written(lambda process: self._clips.write(process, contents))

    def delete(self, clip_ids: Sequence[str]) -> int:
        return self._written(lambda process: self._clips.delete(process, clip_ids))

    def read_all(self) -> dict[str, str]:
        process = self._process
        assert process
        assert self._disturbances
        is_whole = self._random.random() < _WHOLE_SHARE  # which takes seconds
        read = self._clips.listed if is_whole else self._clips.found
        listed = self._answered(
            lambda: process.call(process.music.ListIndexes, messages.ListIndexesRequest())
        )
        clips = self._answered(lambda: list(read(process)))
        faults = [
            *self._complaints,
            *self._disturbances.settle(
                {clip.id: clip.available for clip in clips}, [index.name for index in listed.indexes]
            ),
        ]
        if is_whole:
            faults += self._answered(
                lambda: self._rebuilt.differences(process, clips, prices=True, listed=True)
            )
            self._compared += 1
        if faults:
            raise TargetError("; ".join(faults[:3]))
        return self._clips.contents(clips)

    def rest(self) -> None:
        assert self._disturbances
        self._disturbances.end()

    def kill(self) -> None:
        with self._guard:
            self._is_up = False
        if self._process:
            self._amid.update(self._process.under_way)
        if self._kills_milvus:
            self._milvus.kill()
        elif self._process:
            self._process.kill()
        if self._disturbances:
            self._disturbances.end()
        if self._process:
            self._complaints = self._process.complaints
            self._process = self._process if self._kills_milvus else None

    def stop(self) -> None:
        if self._disturbances:
            self._disturbances.end()
        if self._process:
            self._process.stop()
            self._process = None
        self._milvus.stop()

    def close(self) -> None:
        if self._disturbances:
            self._disturbances.end()
        self._end_service()
        self._milvus.stop()

    @property
    def figures(self) -> Mapping[str, int]:
        disturbed = self._disturbances.figures if self._disturbances else {}
        amid = {f"kills_amid_{what}": count for what, count in sorted(self._amid.items())}
        return {**disturbed, "unanswered_though_alive": self._unanswered, "rebuilt": self._compared, **amid}

    def _start_milvus(self) -> None:
        try:
            self._milvus.start()
        except (RuntimeError, TimeoutError) as error:
            self._require_milvus()
            raise TargetError(str(error)) from None

    def _require_milvus(self) -> None:
        if self._milvus.was_killed:
            raise NotAcknowledgedError("Milvus was killed")

    def _written(self, write: Callable[[ServiceProcess], int]) -> int:
        with self._guard:
            if not (self._is_up and self._process and self._disturbances):
                raise NotAcknowledgedError("was killed")
            process = self._process
            self._disturbances.begin(process, calm=True)
        try:
            return write(process)
        except NotAcknowledgedError:
            self._unanswered += self._is_up
            raise

    def _answered(self, read: Callable[[], T]) -> T:
        """What is read; where the machine is busy Milvus may take longer than the service waits for it."""
        until = monotonic() + _PATIENCE_S
        while monotonic() < until:
            try:
                return read()
            except NotAcknowledgedError as error:
                self._unanswered += 1
                last = error
        raise TargetError(f"serves, and then doesn't: {last}")

    def _end_service(self) -> None:
        if self._process:
            self._process.kill()
            self._process = None

    def _copy(self, folder: Path) -> Path:
        """Everything that was written, as `ambiance migrate` carries it over."""
        source = MilvusEnd(self._indexes, self._clips.index, self._release, make=False)
        target = DataEnd(folder, self._clips.index, make=True)
        try:
            migrate(source, target)
        finally:
            source.close()
            target.close()
        return folder / self._clips.index / STORE_FILE

    @cached_property
    def _indexes(self) -> MilvusIndexes:
        release = load_release(RELEASED_INDEX, self._released)
        return MilvusIndexes(Server(self._milvus.uri), Model.of(release))

    @cached_property
    def _release(self) -> ReleasedIndex:
        return ReleasedIndex(load_release(RELEASED_INDEX, self._released).index.segments[0])
