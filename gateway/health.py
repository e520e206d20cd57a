"""The gateway's health: it serves while both services behind it serve and can be matched with each other."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ambiance.affect import VAD_SPACE
from ambiance.errors import AmbianceError, DeadlineError, OverloadedError, PreconditionError
from ambiance.type.v1.space_pb2 import Space

# Longest pause between two checks while something is wrong, so that a cluster that starts is ready soon.
RECOVERY_PAUSE_S = 0.2
# Deadline of the health checks and of other calls that cost a service next to nothing.
TIMEOUT_S = 1.0

logger = logging.getLogger(__name__)


class Peer(Protocol):
    """A service that the gateway depends on. Its methods raise an AmbianceError if it can't be asked."""

    name: str

    def require_serving(self, timeout_s: float) -> None: ...

    def spaces(self, timeout_s: float) -> Sequence[Space]: ...


class Reporter(Protocol):
    """What the gateway's health is reported to."""

    def report(self, *, serving: bool) -> None: ...


class HealthWatch:
    """Checks both services at intervals, in a thread of its own."""

    def __init__(
        self,
        text: Peer,
        music: Peer,
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
        """Raise PreconditionError unless both services hold the space, and it and VAD with one lineage.

        A match compares VAD whatever the space: it tells how clip and text differ in it.
        """
        text, music = (
            {space.name: space.lineage for space in peer.spaces(TIMEOUT_S)}
            for peer in (self._text, self._music)
        )
        for peer, spaces in ((self._text, text), (self._music, music)):
            if self._space not in spaces:
                raise PreconditionError(f"{peer.name} holds {sorted(spaces)}, not {self._space!r}")
        for name in (self._space, VAD_SPACE):
            if name in text and name in music and text[name] != music[name]:
                both = f"{text[name]} in the {self._text.name}, {music[name]} in the {self._music.name}"
                raise PreconditionError(f"lineages of space {name!r} differ: {both}")

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
