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

    It is known as long as somebody holds it, and some are remembered. Its rows in several spaces are one
    clip. Threads may share this.
    """

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        """Take how many clips are remembered whoever holds them, at least 1."""
        self._by_write: WeakValueDictionary[tuple[str, int], MilvusClip] = WeakValueDictionary()
        self._by_handle: WeakValueDictionary[int, MilvusClip] = WeakValueDictionary()
        self._remembered: OrderedDict[int, MilvusClip] = OrderedDict()
        self._most = remembered
        self._next = count()
        self._lock = Lock()

    def of(self, rows: Iterable[Mapping[str, Any]]) -> list[MilvusClip]:
        """The clip of each row; the caller holds the clips while it uses their handles."""
        with self._lock:
            return [self._of(row) for row in rows]

    def _of(self, row: Mapping[str, Any]) -> MilvusClip:
        write = row["clip_id"], row["sequence"]
        clip = self._by_write.get(write)
        if clip is None:
            clip = MilvusClip(row, next(self._next))
            self._by_write[write] = self._by_handle[clip.handle] = clip
        else:
            clip.place(row)
        self._remembered[clip.handle] = clip
        self._remembered.move_to_end(clip.handle)
        if len(self._remembered) > self._most:
            self._remembered.popitem(last=False)
        return clip

    def clip(self, handle: int) -> MilvusClip:
        """The clip of a number that somebody holds, or that is remembered."""
        return self._by_handle[handle]
