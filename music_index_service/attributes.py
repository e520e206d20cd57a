"""The attributes of some clips by columns: what filters by attribute and limits by artist and album read.

A column holds the clips that bear its attribute, and no others: of many attributes most are borne by few.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ambiance.attribute_conditions import (
    BUILT_IN,
    FLAG,
    NUMBER,
    TEXT,
    AttributeCondition,
    Value,
    type_violations,
)
from ambiance.errors import Violation
from ambiance.music.v1.clip_pb2 import ClipMetadata
from ambiance.validation import raise_violations, shown

_MAX_NAMED = 20  # attributes that a message lists


class Column(Protocol):
    """The values of one attribute."""

    @property
    def type(self) -> str:
        """TEXT, NUMBER or FLAG."""

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""

    def rows(self, condition: AttributeCondition) -> NDArray[np.int32]:
        """<int32>[n] the clips that meet a condition of the column's type."""


class TextColumn:
    """Text, each value once: one block of UTF-8, in which values ascend and are looked up by bisection."""

    type = TEXT

    def __init__(self, rows: NDArray[np.int32], texts: Sequence[str]) -> None:
        """Take the ascending rows <int32>[n] of the clips, and the text of each."""
        ascending = sorted({text.encode() for text in texts})
        numbers = {text: number for number, text in enumerate(ascending)}
        self._rows = rows
        self._numbers = np.fromiter((numbers[text.encode()] for text in texts), np.int32, len(texts))
        self._starts = np.cumsum([0, *map(len, ascending)], dtype=np.int64)
        self._data = b"".join(ascending)

    @property
    def nbytes(self) -> int:
        """See Column."""
        return self._rows.nbytes + self._numbers.nbytes + self._starts.nbytes + len(self._data)

    def rows(self, condition: AttributeCondition) -> NDArray[np.int32]:
        """See Column."""
        wanted = [number for value in condition.values if (number := self._number(str(value))) is not None]
        if len(wanted) == 1:  # comparing is faster than looking each up in a set
            return self._rows[self._numbers == wanted[0]]
        return self._rows[np.isin(self._numbers, wanted)]

    def of(self, rows: NDArray[np.int64]) -> list[str]:
        """The text of each of some clips <int64>[m]; empty for one that bears none."""
        at = np.minimum(self._rows.searchsorted(rows), len(self._rows) - 1)
        numbers = np.where(self._rows[at] == rows, self._numbers[at], -1)
        return [self._utf8(number).decode() if number >= 0 else "" for number in numbers.tolist()]

    def _number(self, text: str) -> int | None:
        wanted, count = text.encode(), len(self._starts) - 1
        number = bisect_left(range(count), wanted, key=self._utf8)
        return number if number < count and self._utf8(number) == wanted else None

    def _utf8(self, number: int) -> bytes:
        return self._data[self._starts[number] : self._starts[number + 1]]


class NumberColumn:
    """Numbers, compared exactly in their own precision, to which those of a condition are rounded."""

    type = NUMBER

    def __init__(self, rows: NDArray[np.int32], numbers: NDArray[np.float32] | NDArray[np.float64]) -> None:
        """Take the ascending rows <int32>[n] of the clips, and the finite number of each."""
        self._rows, self._numbers = rows, numbers

    @property
    def nbytes(self) -> int:
        """See Column."""
        return self._rows.nbytes + self._numbers.nbytes

    def rows(self, condition: AttributeCondition) -> NDArray[np.int32]:
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

    type = FLAG

    def __init__(self, rows: NDArray[np.int32], flags: NDArray[np.bool_]) -> None:
        """Take the ascending rows <int32>[n] of the clips, and the truth value of each."""
        self._rows, self._flags = rows, flags

    @property
    def nbytes(self) -> int:
        """See Column."""
        return self._rows.nbytes + self._flags.nbytes

    def rows(self, condition: AttributeCondition) -> NDArray[np.int32]:
        """See Column."""
        return self._rows[np.isin(self._flags, list(condition.values))]


class ClipAttributes:
    """The attributes of the clips of one segment, by row. It never changes; threads may share it."""

    def __init__(self, size: int, columns: Mapping[str, Column]) -> None:
        """Take the number of clips, and a column for each attribute that any of them bears."""
        self._size, self._columns = size, dict(columns)

    @classmethod
    def of(cls, metadata: Sequence[ClipMetadata | None]) -> "ClipAttributes":
        """The attributes of clips by their rows; None where nothing is known of one.

        Raises:
            ValueError: if an attribute is of two types: what is written to an index is checked before.
        """
        borne: dict[tuple[str, str], tuple[list[int], list[Value]]] = {}
        for row, known in enumerate(metadata):
            for name, kind, value in _attributes(known) if known is not None else ():
                rows, values = borne.setdefault((name, kind), ([], []))
                rows.append(row)
                values.append(value)
        columns = {
            name: _column(name, kind, np.array(rows, np.int32), values)
            for (name, kind), (rows, values) in borne.items()
        }
        if len(columns) < len(borne):
            twice = sorted({name for name, kind in borne if columns[name].type != kind})
            raise ValueError(f"attributes of two types: {', '.join(twice)}")
        return cls(len(metadata), columns)

    def __len__(self) -> int:
        """Clips held."""
        return self._size

    @property
    def nbytes(self) -> int:
        """Bytes that the columns hold."""
        return sum(column.nbytes for column in self._columns.values())

    @property
    def types(self) -> dict[str, str]:
        """The type of each attribute that some clip bears, by its name."""
        return {name: column.type for name, column in self._columns.items()}

    def meeting(self, condition: AttributeCondition) -> NDArray[np.bool_]:
        """<bool>[clips] which meet a condition that `check_attributes` passed; no clip that lacks it does."""
        mask = np.zeros(self._size, np.bool_)
        if (column := self._columns.get(condition.name)) is not None:
            mask[column.rows(condition)] = True
        return mask

    def texts(self, name: str, rows: NDArray[np.int64]) -> list[str]:
        """The text of an attribute of each of some clips <int64>[n]; empty for those that lack it."""
        column = self._columns.get(name)
        return column.of(rows) if isinstance(column, TextColumn) else [""] * len(rows)


def check_attributes(path: str, conditions: Sequence[AttributeCondition], types: Mapping[str, str]) -> None:
    """Require that an index bears the attributes that conditions name, of the type that they compare with.

    Args:
        path: of the conditions in the request.
        conditions: that `check_filter` passed.
        types: the type of each attribute that some clip of the index bears, by its name.

    Raises:
        InvalidInputError: naming the attribute, with those that resemble it or that there are, or both types.
    """
    raise_violations(
        violation
        for i, condition in enumerate(conditions)
        for violation in _violations(f"{path}[{i}]", condition, types)
    )


def _violations(path: str, condition: AttributeCondition, types: Mapping[str, str]) -> Iterator[Violation]:
    held = types.get(condition.name)
    if held is not None:
        yield from type_violations(path, condition, held)
        return
    unknown = f"no clip of this index bears {shown(condition.name)}"
    if not types:
        yield Violation(f"{path}.name", f"{unknown}, nor any other attribute")
        return
    closest = get_close_matches(condition.name, types, n=3)
    suggestion = f"; the closest: {', '.join(closest)}" if closest else ""
    names = sorted(types)
    more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    listed = f"{', '.join(names[:_MAX_NAMED])}{more}"
    yield Violation(f"{path}.name", f"{unknown}{suggestion}; there are {listed}")


def _attributes(metadata: ClipMetadata) -> Iterator[tuple[str, str, Value]]:
    """Name, type and value of each attribute that is known; an empty text and a duration of 0 aren't."""
    for name, kind in BUILT_IN.items():
        if value := getattr(metadata, name):
            yield name, kind, value
    for name, attribute in metadata.attributes.items():
        if set_to := attribute.WhichOneof("value"):
            yield name, set_to, getattr(attribute, set_to)


def _column(name: str, kind: str, rows: NDArray[np.int32], values: Sequence[Value]) -> Column:
    if kind == TEXT:
        return TextColumn(rows, [str(value) for value in values])
    if kind == FLAG:
        return FlagColumn(rows, np.array(values, np.bool_))
    numbers = np.array(values, np.float64)
    # a duration travels as a float32: the 212.3 that somebody looks for is that of the clip
    return NumberColumn(rows, numbers.astype(np.float32) if name in BUILT_IN else numbers)
