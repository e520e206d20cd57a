"""What goes on beside writes: searches, players report clips, the release changes, compactions are killed."""

import os
import random
import signal
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock, Thread

from ambiance.affect import VAD_SPACE
from ambiance.artifact.v1.artifact_service_pb2 import ReloadArtifactsRequest
from ambiance.artifacts import MUSIC_INDEX
from ambiance.music.v1 import music_index_service_pb2 as messages
from torture.service_process import ServiceProcess
from torture.target import NotAcknowledgedError, TargetError
from torture.written_clips import WrittenClips, clip_of

_PASSING = "passing"  # an index that is made and deleted
_SIZES = (10, 300)  # of answers to searches
_MAX_SEARCH_PAUSE_S = 0.1
_MAX_PAUSE_S = 0.5  # between two changes of the release
_MAX_COMPACTION_S = 4.0  # before one is killed


class Disturbances:
    """Begins with the writing of each life of a service, and ends with the life."""

    def __init__(self, clips: WrittenClips, versions: Sequence[int] = ()) -> None:
        """Take what to disturb.

        Args:
            clips: that are written to: some of them are reported, too, and others that nobody else changes.
            versions: of the release, to change between, while compactions are killed; neither if there are
                none.
        """
        self._index, self._versions, self._contested = clips.index, versions, clips.contested
        self._available: dict[str, set[bool]] = {
            clip_id: {True} for clip_id in clips.reported
        }  # what may be found
        self._passing = {False}  # whether that index may be found
        self._guard = Lock()
        self._process: ServiceProcess | None = None
        self._threads: list[Thread] = []
        self._faults: list[str] = []
        self.figures = {
            "searches": 0,
            "reports": 0,
            "reloads": 0,
            "killed_compactions": 0,
            "deleted_indexes": 0,
        }

    def begin(self, process: ServiceProcess, *, calm: bool) -> None:
        """Disturb this life; without an effect if it is disturbed already.

        In a calm one compactions may come to their end: none is killed, and the release stays.
        """
        with self._guard:
            if self._process is process:
                return
            self._process = process
            steps = [self._search, self._report, self._report_contested, self._make_and_delete]
            steps += [self._reload, self._kill_compaction] if self._versions and not calm else []
            self._threads = [Thread(target=self._repeat, args=[process, step]) for step in steps]
            for thread in self._threads:
                thread.start()

    def end(self) -> None:
        """Wait until none goes on, once the process is gone."""
        with self._guard:
            threads, self._threads, self._process = self._threads, [], None
        for thread in threads:
            thread.join()

    def settle(self, found: Mapping[str, bool], indexes: Collection[str]) -> list[str]:
        """Compare what may be played, and the names of the indexes, with what was acknowledged.

        Returns:
            What is wrong, a sentence each.
        """
        faults, self._faults = self._faults, []
        if (_PASSING in indexes) not in self._passing:
            faults.append(f"{_PASSING!r} among {sorted(indexes)}: must be of {self._passing}")
        self._passing = {_PASSING in indexes}
        for clip_id, allowed in self._available.items():
            if found.get(clip_id) not in allowed:
                faults.append(f"{clip_id}: available is {found.get(clip_id)}, must be of {allowed}")
            self._available[clip_id] = {found.get(clip_id, True)}
        return faults

    def _repeat(self, process: ServiceProcess, step: Callable[[ServiceProcess], None]) -> None:
        try:
            while self._process is process:
                step(process)
        except NotAcknowledgedError:
            pass
        except TargetError as error:
            self._faults.append(f"{step.__name__}: {error}")

    def _search(self, process: ServiceProcess) -> None:
        """Whatever is written meanwhile, neighbours are in order, and none is there twice."""
        request = messages.FindNeighborsRequest(options={"index": self._index, "k": random.choice(_SIZES)})
        request.queries.add(space=VAD_SPACE, values=[random.random() for _ in range(3)])
        (found,) = process.call(process.music.FindNeighbors, request).results
        distances = [each.distance for each in found.neighbors]
        if distances != sorted(distances) or len({each.clip.id for each in found.neighbors}) < len(distances):
            raise TargetError(f"of {len(distances)} neighbours some are out of order, or there twice")
        self.figures["searches"] += 1
        time.sleep(random.uniform(0, _MAX_SEARCH_PAUSE_S))

    def _report(self, process: ServiceProcess) -> None:
        clip_id = random.choice(list(self._available))
        available = random.random() < 0.5
        self._available[clip_id] |= {available}
        self._send(process, [clip_id], available)
        self._available[clip_id] = {available}
        self.figures["reports"] += 1

    def _report_contested(self, process: ServiceProcess) -> None:
        """Reports change a clip that others replace: no replacement may be undone by one."""
        clips = random.sample(self._contested, random.randint(1, min(20, len(self._contested))))
        self._send(process, clips, random.random() < 0.5)

    def _reload(self, process: ServiceProcess) -> None:
        time.sleep(random.uniform(0, _MAX_PAUSE_S))
        request = ReloadArtifactsRequest(kind=MUSIC_INDEX, version=random.choice(self._versions))
        process.call(process.artifacts.ReloadArtifacts, request)
        self.figures["reloads"] += 1

    def _kill_compaction(self, process: ServiceProcess) -> None:
        time.sleep(random.uniform(0, _MAX_COMPACTION_S))
        for pid in children(process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            self.figures["killed_compactions"] += 1
        if not process.is_alive:
            raise NotAcknowledgedError("was killed")

    def _make_and_delete(self, process: ServiceProcess) -> None:
        self._passing |= {True}
        made = process.call(process.music.CreateIndex, messages.CreateIndexRequest(name=_PASSING)).created
        self._passing = {True}
        request = messages.ListClipsRequest(index=_PASSING, page_size=1)
        if made and (left := process.call(process.music.ListClips, request).clips):
            raise TargetError(f"{_PASSING!r} was made anew, and {left[0].id} is there")
        clips = [clip_of(f"clip-{i}", "passing") for i in range(3)]
        process.call(process.music.UpsertClips, messages.UpsertClipsRequest(index=_PASSING, clips=clips))
        time.sleep(random.uniform(0, _MAX_PAUSE_S))
        self._passing = {True, False}
        process.call(process.music.DeleteIndex, messages.DeleteIndexRequest(name=_PASSING))
        self._passing = {False}
        self.figures["deleted_indexes"] += 1

    def _send(self, process: ServiceProcess, clip_ids: Sequence[str], available: bool) -> None:
        request = messages.ReportUnavailableRequest(index=self._index, clip_ids=clip_ids, available=available)
        process.call(process.music.ReportUnavailable, request)


def children(pid: int) -> list[int]:
    """Ids of a process's children."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == pid:
            found.append(int(path.parent.name))
    return found
