"""Looks at the folder of artifacts at intervals, in a thread of its own, and has the newest served."""

import logging
import threading
from time import monotonic

from ambiance.server.artifact_choice import LOOK_S
from ambiance.server.artifact_versions import ArtifactVersions

logger = logging.getLogger(__name__)


class ArtifactWatch:
    """Follows the folder from `start` to `close`."""

    def __init__(self, versions: ArtifactVersions, interval_s: float) -> None:
        """Take what to change, and the seconds between two looks; 0 for none."""
        self._versions, self._interval_s = versions, interval_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless there is nothing to look for."""
        if not self._interval_s and not self._versions.has_siblings:
            return
        self._thread = threading.Thread(target=self._watch, name="artifacts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, once it has finished a load that it has begun."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        due = monotonic()
        while not self._stop.is_set():
            try:
                if self._interval_s and monotonic() >= due:
                    self._versions.follow()
                    due = monotonic() + self._interval_s
                elif self._versions.has_siblings:
                    self._versions.obey()
            except Exception:  # a folder that can't be read for a while, say, mustn't end the watch
                logger.exception("can't look at the artifacts")
                due = monotonic() + self._interval_s
            self._stop.wait(LOOK_S if self._versions.has_siblings else max(0.0, due - monotonic()))
