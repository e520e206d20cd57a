"""The rows that a filter lets through: made by the filters, searched within by the engines."""

from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray


class _Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


Kept = TypeVar("Kept", bound=_Sized)

# Rows that are held as a list whatever the index; of more, the smaller of a list and a bit for each row is.
_MAX_LISTED = 250_000


class RowSet:
    """Some of the rows of an index. It never changes but for what is kept with it; threads may share it."""

    def __init__(self, rows: NDArray[np.int64], size: int) -> None:
        """Take ascending, distinct rows <int64>[n] of an index of `size` rows.

        Raises:
            ValueError: if the rows don't ascend or lie outside the index.
        """
        if len(rows) and not (rows[0] >= 0 and rows[-1] < size and (rows[1:] > rows[:-1]).all()):
            raise ValueError(f"rows: must ascend, differ and lie in 0..{size - 1}")
        self.size, self._count = size, len(rows)
        self._listed: NDArray[np.int64] | None = rows
        self._bits = np.empty(0, np.uint8)  # one for each row of the index, where they aren't listed
        self._kept: dict[Hashable, _Sized] = {}

    @classmethod
    def of_mask(cls, mask: NDArray[np.bool_]) -> "RowSet":
        """The rows at which a mask <bool>[size] is true."""
        count, size = int(np.count_nonzero(mask)), len(mask)
        if count <= _MAX_LISTED or 64 * count <= size:
            return cls(np.flatnonzero(mask), size)
        wide = cls(np.empty(0, np.int64), size)
        wide._count, wide._listed, wide._bits = count, None, np.packbits(mask)
        return wide

    def __len__(self) -> int:
        """Rows in the set."""
        return self._count

    @property
    def rows(self) -> NDArray[np.int64]:
        """<int64>[n] the rows, ascending; listed anew at each call where they are held as bits."""
        if self._listed is not None:
            return self._listed
        return np.flatnonzero(np.unpackbits(self._bits, count=self.size))

    def count(self, rows: NDArray[np.int64]) -> int:
        """How many of these distinct rows are in the set."""
        if self._listed is None:
            return int(np.count_nonzero(self._bits[rows >> 3] >> (7 - (rows & 7)) & 1))
        at = np.searchsorted(self._listed, rows)
        inside = at < self._count
        return int(np.count_nonzero(self._listed[at[inside]] == rows[inside]))

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What a search derives from the rows and wants again next time; made on the first call."""
        if key not in self._kept:
            self._kept[key] = make()  # two threads may both make it; either's will do
        return cast(Kept, self._kept[key])

    @property
    def nbytes(self) -> int:
        """Bytes that the set holds now; it grows when it is first searched within."""
        kept = list(self._kept.values())  # another thread may add to it meanwhile
        listed = self._listed.nbytes if self._listed is not None else 0
        return listed + self._bits.nbytes + sum(each.nbytes for each in kept)
