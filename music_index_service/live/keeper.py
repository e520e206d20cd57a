"""Keeps an index that is written to in shape: compacts what was written, beside serving it."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from ambiance.errors import AmbianceError
from music_index_service.live.compacted import keep_newest, load_compacted, remove_drafts
from music_index_service.live.live_index import LiveIndex

# What is due when writing has paused, and what in the midst of it, in shares of the clips that are compacted:
# a small catalogue is priced at once, a large one moved a few times a day.
_PAUSE_S = 2.0
_DUE_IN_PAUSE, _DUE_AT_ONCE = 0.05, 0.2
LEAST_AT_ONCE = 20_000  # clips
# Of a large one so many are due, whatever their share: in memory they are compared one by one, 34,000 in a
# quarter of a millisecond. In the midst of writing the keeper rests first, so many times as long as it took.
_MANY, _REST = 10_000, 3
_LOOK_S = 0.25
_SEGMENTS_KEPT = 2  # the one before, in case the newest is damaged
# After a compaction that failed, for want of room say.
_RETRY_S = 60.0

# Of BLAS and OpenMP: the other cores are for those who search.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

logger = logging.getLogger(__name__)


class Keeper:
    """Watches one index in a thread of its own."""

    def __init__(
        self,
        index: LiveIndex,
        store: Path,
        segments: Path,
        artifacts: Path,
        *,
        over_release: bool,
        least_at_once: int = LEAST_AT_ONCE,
    ) -> None:
        """Take the index, its store's file, the folder of its segments, and that of the released index.

        `least_at_once` is how many clips change before they are compacted in the midst of writing.
        """
        self._index, self._segments, self._least_at_once = index, segments, least_at_once
        self._command = [sys.executable, "-m", "music_index_service.live.compaction"]
        self._command += ["--store", str(store), "--segments", str(segments), "--artifacts", str(artifacts)]
        self._command += ["--over-release"] if over_release else []
        self._stop = Event()
        self._running: subprocess.Popen[str] | None = None
        self._rested_at = 0.0
        self._thread = Thread(target=self._watch, name=f"keep_{index.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, and a compaction that runs."""
        self._stop.set()
        if (running := self._running) is not None:
            running.kill()
        self._thread.join()

    def _watch(self) -> None:
        seen, since, not_before = -1, monotonic(), 0.0
        while not self._stop.wait(_LOOK_S):
            now, sequence = monotonic(), self._index.current.sequence
            if sequence != seen:
                seen, since = sequence, now
            if now >= not_before and self._is_due(paused=now - since >= _PAUSE_S):
                try:
                    self._compact()
                except Exception as error:  # the store has it all: the index is served as it is
                    if not self._stop.is_set():
                        told = error if isinstance(error, AmbianceError | OSError) else repr(error)
                        facts = {"index": self._index.name, "reason": str(told)}
                        logger.warning("not compacted", extra=facts)
                    not_before = monotonic() + _RETRY_S

    def _is_due(self, *, paused: bool) -> bool:
        changes, compacted = self._index.changes_since_compaction(), self._index.compacted_count()
        if paused:
            return changes > min(_DUE_IN_PAUSE * compacted, _MANY)
        if compacted and changes > _MANY and monotonic() >= self._rested_at:
            return True
        return changes > max(self._least_at_once, _DUE_AT_ONCE * compacted)

    def _compact(self) -> None:
        began = monotonic()
        model = self._index.model
        command = [*self._command, "--model-version", str(model.released.version)]
        remove_drafts(self._segments)
        # It ends when its input does: with this process, however that ends.
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | _ONE_THREAD,
        ) as self._running:
            if self._stop.is_set():
                self._running.kill()
            assert self._running.stderr is not None
            said = self._running.stderr.read()
            status = self._running.wait()
        if status:
            last = said.strip().splitlines()[-1:] or [f"it ended with status {status}"]
            raise AmbianceError(f"compaction failed: {last[0]}")
        compacted = load_compacted(self._segments, model)
        if compacted is None or self._index.model is not model:
            return  # another release is served meanwhile; the next look compacts for that
        if compacted.segment is not None:
            compacted.segment.warm()
        self._index.adopt(compacted, model)
        self._rested_at = monotonic() + _REST * (monotonic() - began)
        keep_newest(self._segments, _SEGMENTS_KEPT)
        facts = {"index": self._index.name, "clips": self._index.compacted_count()}
        logger.info("compacted", extra=facts | {"seconds": round(monotonic() - began, 2)})
