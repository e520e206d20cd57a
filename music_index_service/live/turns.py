"""Calls that change the same clip, one after the other."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import takewhile
from threading import Condition


class Turns:
    """Makes who would change a clip wait until those who came before and change it, too, are done.

    A write first looks at what is there: two of one clip at once would each undo the other, or answer for it.
    Writes of different clips don't wait for each other, and share a flush of the disk.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._calls: dict[object, frozenset[str]] = {}  # ids of each call that isn't done, as they came

    @contextmanager
    def of(self, clip_ids: Collection[str]) -> Iterator[None]:
        """Have one's turn on all of these clips within."""
        call, ids = object(), frozenset(clip_ids)
        with self._changed:
            self._calls[call] = ids
            self._changed.wait_for(lambda: self._is_first(call, ids))
        try:
            yield
        finally:
            with self._changed:
                del self._calls[call]
                self._changed.notify_all()

    def _is_first(self, call: object, ids: frozenset[str]) -> bool:
        before = takewhile(lambda item: item[0] is not call, self._calls.items())
        return all(ids.isdisjoint(others) for _, others in before)
