"""Columns of attributes: each holds the clips that bear its attribute, and no others, since of many
attributes most are borne by few. Arrow does what is slow clip by clip; other threads go on meanwhile."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ambiance.attribute_conditions import FLAG, NUMBER, TEXT, AttributeCondition, Value

Rows = NDArray[np.int32]
Arrays = dict[str, NDArray[Any]]


class Column(Protocol):
    """The values of one attribute, by the ascending rows of the clips that bear it."""

    type: ClassVar[str]  # TEXT, NUMBER or FLAG

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""

    @property
    def arrays(self) -> Arrays:
        """All that it holds: what its constructor takes, by name."""

    def rows(self, condition: AttributeCondition) -> Rows:
        """<int32>[n] the clips that meet a condition of the column's type."""

    @classmethod
    def joined(cls, columns: Sequence[Self], places: Sequence[Rows]) -> Self:
        """One column of several, at least one, whose clips come to other rows.

        Args:
            columns: of one attribute.
            places: <int32>[clips] for each, the new row of each clip of its segment, -1 of one left out; no
                row stands twice.
        """


class TextColumn:
    """Text, each value once: one block of UTF-8, in which values ascend and are looked up by bisection."""

    type: ClassVar[str] = TEXT

    def __init__(
        self, rows: Rows, numbers: NDArray[np.int32], starts: NDArray[np.int64], utf8: NDArray[np.uint8]
    ) -> None:
        """Take the rows <int32>[n], the number of the value of each, and where values start in UTF-8."""
        self._rows, self._numbers, self._starts, self._data = rows, numbers, starts, utf8

    @classmethod
    def of(cls, rows: Rows, values: Sequence[Value]) -> "TextColumn":
        """Take the rows <int32>[n] and the text of each."""
        texts = pa.array([str(value) for value in values], pa.large_utf8()).cast(pa.large_binary())
        return cls._of_texts(rows, texts)

    @classmethod
    def joined(cls, columns: "Sequence[TextColumn]", places: Sequence[Rows]) -> "TextColumn":
        """See Column."""
        kept = [places_of[one._rows] >= 0 for one, places_of in zip(columns, places, strict=True)]
        texts = [
            one._values().take(pa.array(one._numbers[there]))
            for one, there in zip(columns, kept, strict=True)
        ]
        rows, order = _rows_joined([one._rows for one in columns], places)
        return cls._of_texts(rows, pa.concat_arrays(texts).take(pa.array(order)))

    @property
    def nbytes(self) -> int:
        """See Column."""
        return sum(array.nbytes for array in self.arrays.values())

    @property
    def arrays(self) -> Arrays:
        """See Column."""
        return {"rows": self._rows, "numbers": self._numbers, "starts": self._starts, "utf8": self._data}

    def rows(self, condition: AttributeCondition) -> Rows:
        """See Column."""
        wanted = [number for value in condition.values if (number := self._number(str(value))) is not None]
        if len(wanted) == 1:  # comparing is faster than looking each up in a set
            return self._rows[self._numbers == wanted[0]]
        return self._rows[np.isin(self._numbers, wanted)]

    def texts(self, rows: NDArray[np.int64]) -> list[str]:
        """The text of each of some clips <int64>[m]; empty for one that bears none."""
        at = np.minimum(self._rows.searchsorted(rows), len(self._rows) - 1)
        numbers = np.where(self._rows[at] == rows, self._numbers[at], -1)
        return [self._utf8(number).decode() if number >= 0 else "" for number in numbers.tolist()]

    @classmethod
    def _of_texts(cls, rows: Rows, texts: pa.LargeBinaryArray) -> "TextColumn":
        encoded = texts.dictionary_encode()
        order = pc.sort_indices(encoded.dictionary)  # bytes of UTF-8 ascend as code points do
        rank = np.empty(len(order), np.int32)
        rank[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
        ascending = encoded.dictionary.take(order)
        _, starts, data = ascending.buffers()
        return cls(
            rows,
            rank[encoded.indices.to_numpy()],
            np.frombuffer(starts, np.int64, len(order) + 1),
            np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8),
        )

    def _values(self) -> pa.LargeBinaryArray:
        buffers = [None, pa.py_buffer(self._starts), pa.py_buffer(self._data)]
        return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(self._starts) - 1, buffers)

    def _number(self, text: str) -> int | None:
        wanted, count = text.encode(), len(self._starts) - 1
        number = bisect_left(range(count), wanted, key=self._utf8)
        return number if number < count and self._utf8(number) == wanted else None

    def _utf8(self, number: int) -> bytes:
        return self._data[self._starts[number] : self._starts[number + 1]].tobytes()


class NumberColumn:
    """Numbers, compared exactly in their own precision, to which those of a condition are rounded."""

    type: ClassVar[str] = NUMBER

    def __init__(self, rows: Rows, numbers: NDArray[np.floating]) -> None:
        """Take the rows <int32>[n], and the finite number of each."""
        self._rows, self._numbers = rows, numbers

    @classmethod
    def joined(cls, columns: "Sequence[NumberColumn]", places: Sequence[Rows]) -> "NumberColumn":
        """See Column."""
        return cls(*_joined([(one._rows, one._numbers) for one in columns], places))

    @property
    def nbytes(self) -> int:
        """See Column."""
        return self._rows.nbytes + self._numbers.nbytes

    @property
    def arrays(self) -> Arrays:
        """See Column."""
        return {"rows": self._rows, "numbers": self._numbers}

    def rows(self, condition: AttributeCondition) -> Rows:
        """See Column."""
        if not condition.is_range:
            return self._rows[np.isin(self._numbers, self._rounded(*condition.values))]
        least = -np.inf if condition.least is None else condition.least
        most = np.inf if condition.most is None else condition.most
        low, high = self._rounded(least, most)
        return self._rows[(self._numbers >= low) & (self._numbers <= high)]

    def _rounded(self, *values: Value) -> NDArray[np.floating]:
        with np.errstate(over="ignore"):  # what float32 has no room for is beyond all it holds
            return np.array(values, np.float64).astype(self._numbers.dtype)


class FlagColumn:
    """Truth values."""

    type: ClassVar[str] = FLAG

    def __init__(self, rows: Rows, flags: NDArray[np.bool_]) -> None:
        """Take the rows <int32>[n], and the truth value of each."""
        self._rows, self._flags = rows, flags

    @classmethod
    def joined(cls, columns: "Sequence[FlagColumn]", places: Sequence[Rows]) -> "FlagColumn":
        """See Column."""
        return cls(*_joined([(one._rows, one._flags) for one in columns], places))

    @property
    def nbytes(self) -> int:
        """See Column."""
        return self._rows.nbytes + self._flags.nbytes

    @property
    def arrays(self) -> Arrays:
        """See Column."""
        return {"rows": self._rows, "flags": self._flags}

    def rows(self, condition: AttributeCondition) -> Rows:
        """See Column."""
        return self._rows[np.isin(self._flags, list(condition.values))]


KINDS: dict[str, type[TextColumn] | type[NumberColumn] | type[FlagColumn]] = {
    TEXT: TextColumn,
    NUMBER: NumberColumn,
    FLAG: FlagColumn,
}


def _rows_joined(rows: Sequence[Rows], places: Sequence[Rows]) -> tuple[Rows, NDArray[np.int64]]:
    """The new rows, ascending, and which of those that are kept, one list after the other, each is."""
    moved = np.concatenate([places_of[of_one] for of_one, places_of in zip(rows, places, strict=True)])
    moved = moved[moved >= 0]
    order = moved.argsort()
    return moved[order], order


def _joined(
    columns: Sequence[tuple[Rows, NDArray[Any]]], places: Sequence[Rows]
) -> tuple[Rows, NDArray[Any]]:
    values = [of_one[places_of[rows] >= 0] for (rows, of_one), places_of in zip(columns, places, strict=True)]
    rows, order = _rows_joined([rows for rows, _ in columns], places)
    return rows, np.concatenate(values)[order]
