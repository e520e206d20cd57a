"""The indexes of Milvus that a service answers from: it follows what others make, replace and delete."""

import logging
import re
from collections.abc import Callable
from threading import Event, Lock, Thread

from ambiance.errors import AmbianceError, InvalidInputError, NotFoundError
from ambiance.validation import shown
from music_index_service.live.catalogues import NAME_LIMIT
from music_index_service.milvus.index import MilvusIndex
from music_index_service.milvus.indexes import RELEASED_INDEX, MilvusIndexes

FOLLOW_EVERY_S = 2.0

_NAME = re.compile("[a-z][a-z0-9_-]{0,63}").fullmatch

_log = logging.getLogger(__name__)


class FollowedIndexes:
    """What `index_port.WritableIndexes` promises. Any number of threads may ask at once."""

    def __init__(
        self,
        indexes: MilvusIndexes,
        publish: Callable[[MilvusIndex], None],
        withdraw: Callable[[str], None],
        every_s: float = FOLLOW_EVERY_S,
    ) -> None:
        """Open every index, and look after them from time to time.

        Args:
            indexes: in Milvus.
            publish: is given each index, and each that takes its place.
            withdraw: is given the name of an index that is gone.
            every_s: seconds from look to look.

        Raises:
            UnavailableError: if Milvus doesn't answer.
        """
        self._indexes, self._publish, self._withdraw = indexes, publish, withdraw
        self._held: dict[str, MilvusIndex] = {}
        self._lock = Lock()
        self._ended = Event()
        self.follow()
        self._thread = Thread(target=self._go_on, args=[every_s], name="follow_milvus", daemon=True)
        self._thread.start()

    def index(self, name: str) -> MilvusIndex:
        """The index of a name, as it is now: a write must not go to what was replaced.

        Raises:
            NotFoundError: if there is none. UnavailableError: if Milvus doesn't answer.
        """
        name = name or RELEASED_INDEX
        held = self._held.get(name)
        # Nearly always, and without the lock: while Milvus is away, callers wait for it at once.
        if held is not None and self._indexes.current(name) == held.collection:
            return held
        with self._lock:
            self._follow(name)
            if name not in self._held:
                loaded = ", ".join(sorted(self._held))
                raise NotFoundError(f"index: no {shown(name)}; loaded: {loaded}")
            return self._held[name]

    def create(self, name: str) -> bool:
        """Make an index; returns whether it wasn't there.

        Raises:
            InvalidInputError: if the name breaks its limit. UnavailableError: if Milvus doesn't answer.
        """
        if _NAME(name) is None:
            raise InvalidInputError.of("name", f"{NAME_LIMIT}, got {shown(name)}")
        with self._lock:
            _, created = self._indexes.create(name)
            self._follow(name)
            return created

    def drop(self, name: str) -> int:
        """Delete an index with all its clips; returns how many it held. Raises as `MilvusIndexes.delete`."""
        with self._lock:
            count = self._indexes.delete(name)
            self._follow(name)
            return count

    def follow(self) -> None:
        """Look after every index, now.

        Raises:
            UnavailableError: if Milvus doesn't answer.
        """
        with self._lock:
            for name in sorted({*self._indexes.names(), *self._held}):
                try:
                    self._follow(name)
                except AmbianceError as error:
                    if name not in self._held and name == RELEASED_INDEX:
                        raise
                    _log.warning("an index can't be followed", extra={"index": name, "reason": str(error)})

    def close(self) -> None:
        """Look no more, and close the connection."""
        self._ended.set()
        self._thread.join()
        self._indexes.server.close()

    def _go_on(self, every_s: float) -> None:
        while not self._ended.wait(every_s):
            try:
                self.follow()
            except AmbianceError as error:
                _log.warning("Milvus can't be followed", extra={"reason": str(error)})

    def _follow(self, name: str) -> None:
        """Serve what the alias of an index stands for now, if it is another collection than before."""
        collection = self._indexes.current(name)
        held = self._held.get(name)
        if collection is None:
            if held is not None:
                del self._held[name]
                self._withdraw(name)
        elif held is None or held.collection != collection:
            self._held[name] = self._indexes.open(name)
            self._publish(self._held[name])
