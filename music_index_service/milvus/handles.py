"""The numbers by which a service knows clips that were found in Milvus."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from itertools import count
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from music_index_service.milvus.clips import MilvusClip

# Clips that are known by their numbers whoever holds them: a request that asks by id is answered at once.
_REMEMBERED = 65_536


class Handles:
    """Numbers of clips, and clips by number. A clip that wasn't changed keeps its number, while it is known.

    It is known as long as somebody holds it, and some are remembered. Threads may share this.
    """

    def __init__(self) -> None:
        self._clips: WeakValueDictionary[int, MilvusClip] = WeakValueDictionary()
        self._numbers: OrderedDict[tuple[str, int], tuple[int, MilvusClip]] = OrderedDict()
        self._next = count()
        self._lock = Lock()

    def of(self, rows: Iterable[Mapping[str, Any]]) -> list[tuple[int, MilvusClip]]:
        """Number and clip of each row; the caller holds the clips while it uses the numbers."""
        with self._lock:
            return [self._of(row) for row in rows]

    def _of(self, row: Mapping[str, Any]) -> tuple[int, MilvusClip]:
        key = row["key"], row["sequence"]
        known = self._numbers.get(key)
        if known is None:
            known = next(self._next), MilvusClip(row)
            self._clips[known[0]] = known[1]
            self._numbers[key] = known
            if len(self._numbers) > _REMEMBERED:
                self._numbers.popitem(last=False)
        else:
            self._numbers.move_to_end(key)
        return known

    def clip(self, handle: int) -> MilvusClip:
        """The clip of a number that somebody holds, or that is remembered."""
        return self._clips[handle]
