"""What an index is answered from while one version takes the place of another.

Model and index of a new lineage can't change in one moment: they are other processes. So the index changes
first, and what it answered from before goes on answering queries of its lineages until nobody sends them.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Generic, Protocol, TypeVar

from ambiance.artifacts import Space
from ambiance.server.holder import Holder
from music_index_service.searching.queries import Query

PREVIOUS_S = 60.0


class Served(Protocol):
    """What answers, with the spaces that it can be searched in."""

    @property
    def held_spaces(self) -> Mapping[str, Space]:
        """Space by name."""


S = TypeVar("S", bound=Served)


class Succession(Holder[S], Generic[S]):
    """A holder that keeps what was before for queries of its lineages, if they are others than now."""

    def __init__(self, first: S, keep_s: float = PREVIOUS_S) -> None:
        """Take what to answer from, and how many seconds the one before is kept after the last query of its
        lineages."""
        super().__init__(first)
        self.previous: S | None = None
        self._keep_s = keep_s
        self._asked = 0.0
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def swap(self, snapshot: S) -> None:
        """Answer from another one from now on.

        Of those before one is kept at most: the last of other lineages.
        """
        with self._lock:
            if self._keep_s and _lineages(self.current) != _lineages(snapshot):
                self._asked = monotonic()
                self.previous = self.current
                self._let_go_in(self._keep_s)
            self.current = snapshot

    def amend_previous(self, amended: Callable[[S], S]) -> None:
        """Change what was before, too, if it still answers: no query may find what was deleted since."""
        with self._lock:
            if self.previous is not None:
                self.previous = amended(self.previous)

    def answering(self, queries: Sequence[Query]) -> S:
        """What answers these queries: what is current, unless only the one before has the lineage of one."""
        previous = self.previous  # read once: a thread may let it go
        if previous is None:
            return self.current
        current = self.current
        for query in queries:
            if _has(previous, query) and not _has(current, query):
                self._asked = monotonic()
                return previous
        return current

    def _let_go_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, self._let_go)
        self._timer.daemon = True
        self._timer.start()

    def _let_go(self) -> None:
        with self._lock:
            left_s = self._asked + self._keep_s - monotonic()
            if left_s > 0:
                self._let_go_in(left_s)
            else:
                self.previous = None


def _has(served: Served, query: Query) -> bool:
    space = served.held_spaces.get(query.space)
    return space is not None and space.lineage == query.lineage


def _lineages(served: Served) -> dict[str, str]:
    return {name: space.lineage for name, space in served.held_spaces.items()}
