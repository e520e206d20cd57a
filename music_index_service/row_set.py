"""The rows that a filter lets through: made by the filters, searched within by the vector indexes."""

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray


class _Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


Kept = TypeVar("Kept", bound=_Sized)


class RowSet:
    """Some of the rows of an index. It never changes but for what is kept with it; threads may share it."""

    def __init__(self, rows: NDArray[np.int64], size: int) -> None:
        """Take ascending, distinct rows <int64>[n] of an index of `size` rows.

        Raises:
            ValueError: if the rows don't ascend or lie outside the index.
        """
        if len(rows) and not (rows[0] >= 0 and rows[-1] < size and (rows[1:] > rows[:-1]).all()):
            raise ValueError(f"rows: must ascend, differ and lie in 0..{size - 1}")
        self.rows, self.size = rows, size
        self._kept: dict[Hashable, _Sized] = {}

    @classmethod
    def of_mask(cls, mask: NDArray[np.bool_]) -> "RowSet":
        """The rows at which a mask <bool>[size] is true."""
        return cls(np.flatnonzero(mask), len(mask))

    def __len__(self) -> int:
        """Rows in the set."""
        return len(self.rows)

    @cached_property
    def bitmap(self) -> NDArray[np.uint8]:
        """<uint8>[ceil(size / 8)] a bit a row, the lowest first."""
        inside = np.zeros(self.size, np.bool_)
        inside[self.rows] = True
        return np.packbits(inside, bitorder="little")

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What a search derives from the rows and wants again next time; made on the first call."""
        if key not in self._kept:
            self._kept[key] = make()  # two threads may both make it; either's will do
        return cast(Kept, self._kept[key])

    @property
    def nbytes(self) -> int:
        """Bytes that the set holds now; it grows when it is first searched within."""
        bitmap = self.__dict__.get("bitmap")
        held = list(self._kept.values())  # another thread may add to it meanwhile
        return self.rows.nbytes + (bitmap.nbytes if bitmap is not None else 0) + sum(a.nbytes for a in held)
