"""The gateway's health: it serves while both services behind it serve and can be matched with each other."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ambiance.errors import AmbianceError, DeadlineError, OverloadedError, PreconditionError
from ambiance.type.v1.space_pb2 import Space
from gateway.lineages import misfit

DEFAULT_INDEX = "default"

# Longest pause between two checks while something is wrong, so that a cluster that starts is ready soon.
RECOVERY_PAUSE_S = 0.2
# Deadline of the health checks and of other calls that cost a service next to nothing.
TIMEOUT_S = 1.0

logger = logging.getLogger(__name__)


class Peer(Protocol):
    """A service that the gateway depends on. Its methods raise an AmbianceError if it can't be asked."""

    name: str

    def require_serving(self, timeout_s: float) -> None: ...


class TextPeer(Peer, Protocol):
    """The text service."""

    def spaces(self, timeout_s: float) -> Sequence[Space]: ...


class MusicPeer(Peer, Protocol):
    """The music index service."""

    def indexes(self, timeout_s: float) -> Mapping[str, Sequence[Space]]: ...


class Reporter(Protocol):
    """What the gateway's health is reported to."""

    def report(self, *, serving: bool) -> None: ...


class HealthWatch:
    """Checks both services at intervals, in a thread of its own."""

    def __init__(
        self,
        text: TextPeer,
        music: MusicPeer,
        space: str,
        interval_s: float,
        rehearse: Callable[[], object] = lambda: None,
    ) -> None:
        """Take both services, the space they must share, and the seconds between two looks.

        `rehearse` makes a call like a client's, so that everything is warm when the first client comes. It
        raises an AmbianceError if such a call fails.
        """
        self._text, self._music, self._space = text, music, space
        self._interval_s, self._rehearse = interval_s, rehearse
        self._trouble: str | None = "not looked at yet"
        self._unmatched: set[str] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, reporter: Reporter) -> None:
        """Look at once and from then on until `close`, and report what is seen."""
        self._thread = threading.Thread(target=self._watch, args=(reporter,), name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> str | None:
        """Why the gateway can't serve, in a sentence that stays the same while the reason does; or None."""
        try:
            for peer in (self._text, self._music):
                peer.require_serving(TIMEOUT_S)
            self._require_common_spaces()
            if self._trouble is not None:
                self._rehearse()
        except (OverloadedError, DeadlineError):
            # Its health check was answered, so it is only too busy for more: what was known still holds.
            return self._trouble
        except AmbianceError as error:
            return str(error)
        return None

    def _require_common_spaces(self) -> None:
        """Raise PreconditionError unless texts can be matched with the default index.

        Another index that they can't be matched with refuses those matches by itself, so it is only logged.
        """
        read, indexes = self._text.spaces(TIMEOUT_S), self._music.indexes(TIMEOUT_S)
        text, whose = (self._text.name, read), self._music.name
        others = (
            misfit(self._space, text, (f"index {name} of the {whose}", spaces))
            for name, spaces in indexes.items()
            if name != DEFAULT_INDEX
        )
        unmatched = {trouble for trouble in others if trouble}
        for reason in unmatched - self._unmatched:
            logger.warning("an index can't be matched", extra={"reason": reason})
        self._unmatched = unmatched
        if trouble := misfit(self._space, text, (whose, indexes.get(DEFAULT_INDEX, []))):
            raise PreconditionError(trouble)

    def _watch(self, reporter: Reporter) -> None:
        pause_s = 0.0
        while not self._stop.wait(pause_s):
            trouble = self.look()
            if trouble != self._trouble:
                self._trouble = trouble
                _log(trouble)
                reporter.report(serving=trouble is None)
            pause_s = self._interval_s if trouble is None else min(self._interval_s, RECOVERY_PAUSE_S)


def _log(trouble: str | None) -> None:
    if trouble is None:
        logger.info("serving")
    else:
        logger.warning("not serving", extra={"reason": trouble})
