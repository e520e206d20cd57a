"""What a filter lets through, and a store of what the last filters did."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from music_index_service.canonical_filter import CanonicalFilter
from music_index_service.row_set import RowSet

MAX_KEPT_FILTERS = 256


@dataclass(frozen=True)
class Passing:
    """The clips that a filter lets through, and the ids in it that the index doesn't hold."""

    rows: RowSet
    unknown_clip_ids: tuple[str, ...] = ()
    unknown_youtube_ids: tuple[str, ...] = ()


class PassingCache:
    """The filters used last, within a number and a size. Any number of threads may ask at once."""

    def __init__(self, max_bytes: int, max_count: int = MAX_KEPT_FILTERS) -> None:
        self._max_bytes, self._max_count = max_bytes, max_count
        self._kept: OrderedDict[CanonicalFilter, Passing] = OrderedDict()
        self._lock = Lock()

    def get(self, conditions: CanonicalFilter, compute: Callable[[CanonicalFilter], Passing]) -> Passing:
        """What is kept of these conditions, else what `compute` makes of them."""
        with self._lock:
            if (kept := self._kept.get(conditions)) is not None:
                self._kept.move_to_end(conditions)
                return kept
        passing = compute(conditions)  # outside the lock: another thread may do the same, and no harm done
        with self._lock:
            self._kept[conditions] = passing
            self._shrink()
        return passing

    def _shrink(self) -> None:
        """Drop the filters used longest ago; sizes are read anew, since a set of rows grows by use."""
        sizes = {conditions: passing.rows.nbytes for conditions, passing in self._kept.items()}
        total = sum(sizes.values())
        while total > self._max_bytes or len(self._kept) > self._max_count:
            dropped, _ = self._kept.popitem(last=False)
            total -= sizes[dropped]
