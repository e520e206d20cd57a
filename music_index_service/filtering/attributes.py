"""The attributes of some clips by columns: what filters by attribute and limits by artist and album read."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.attribute_conditions import (
    BUILT_IN,
    FLAG,
    TEXT,
    AttributeCondition,
    Value,
    type_violations,
)
from ambiance.errors import Violation
from ambiance.music.v1.clip_pb2 import ClipMetadata
from ambiance.validation import raise_violations, shown
from music_index_service.filtering.attribute_columns import (
    Column,
    FlagColumn,
    NumberColumn,
    Rows,
    TextColumn,
)

_MAX_NAMED = 20  # attributes that a message lists


class ClipAttributes:
    """The attributes of the clips of one segment, by row. It never changes; threads may share it."""

    def __init__(self, size: int, columns: Mapping[str, Column]) -> None:
        """Take the number of clips, and a column for each attribute that any of them bears."""
        self._size, self.columns = size, dict(columns)

    @classmethod
    def of(cls, metadata: Sequence[ClipMetadata | None]) -> "ClipAttributes":
        """The attributes of clips by their rows; None where nothing is known of one.

        Raises:
            ValueError: if an attribute is of two types: what is written to an index is checked before.
        """
        known = [(row, of_clip) for row, of_clip in enumerate(metadata) if of_clip is not None]
        messages = [of_clip for _, of_clip in known]
        columns: dict[str, Column] = {}
        for name, kind in BUILT_IN.items():
            values = list(map(attrgetter(name), messages))
            if any(values):
                rows = [row for (row, _), value in zip(known, values, strict=True) if value]
                columns[name] = _column(kind, rows, list(filter(None, values)), np.float32)
        own: dict[tuple[str, str], tuple[list[int], list[Value]]] = {}
        for row, of_clip in known:
            borne_by = of_clip.attributes
            for name in borne_by:  # by a protobuf map's items() it takes twice as long
                attribute = borne_by[name]
                if set_to := attribute.WhichOneof("value"):
                    if (borne := own.get((name, set_to))) is None:
                        borne = own[name, set_to] = [], []
                    borne[0].append(row)
                    borne[1].append(getattr(attribute, set_to))
        for (name, kind), (rows, values) in own.items():
            if name in columns:
                raise ValueError(f"attributes of two types: {name}")
            columns[name] = _column(kind, rows, values, np.float64)
        return cls(len(metadata), columns)

    @classmethod
    def joined(cls, parts: "Sequence[ClipAttributes]", places: Sequence[Rows], size: int) -> "ClipAttributes":
        """Those of several segments' clips, at other rows.

        Args:
            parts: the attributes of each segment.
            places: <int32>[clips] for each the new row of each of its clips, -1 of one that is left out.
            size: clips that aren't left out: their rows are 0..size-1.
        """
        names = dict.fromkeys(name for part in parts for name in part.columns)
        columns = {}
        for name in names:
            of_each = [
                (part.columns[name], at)
                for part, at in zip(parts, places, strict=True)
                if name in part.columns
            ]
            kind: Any = type(of_each[0][0])
            if any(type(column) is not kind for column, _ in of_each):
                raise ValueError(f"attributes of two types: {name}")
            column = kind.joined(*zip(*of_each, strict=True))
            if len(column.arrays["rows"]):
                columns[name] = column
        return cls(size, columns)

    def __len__(self) -> int:
        """Clips held."""
        return self._size

    @property
    def nbytes(self) -> int:
        """Bytes that the columns hold."""
        return sum(column.nbytes for column in self.columns.values())

    @property
    def types(self) -> dict[str, str]:
        """The type of each attribute that some clip bears, by its name."""
        return {name: column.type for name, column in self.columns.items()}

    def meeting(self, condition: AttributeCondition) -> NDArray[np.bool_]:
        """<bool>[clips] which meet a condition that `check_attributes` passed; no clip that lacks it does."""
        mask = np.zeros(self._size, np.bool_)
        if (column := self.columns.get(condition.name)) is not None:
            mask[column.rows(condition)] = True
        return mask

    def texts(self, name: str, rows: NDArray[np.int64]) -> list[str]:
        """The text of an attribute of each of some clips <int64>[n]; empty for those that lack it."""
        column = self.columns.get(name)
        return column.texts(rows) if isinstance(column, TextColumn) else [""] * len(rows)


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


def _column(
    kind: str, listed: Sequence[int], values: Sequence[Value], number: type[np.float32] | type[np.float64]
) -> Column:
    rows = np.array(listed, np.int32)
    if kind == TEXT:
        return TextColumn.of(rows, values)
    if kind == FLAG:
        return FlagColumn(rows, np.array(values, np.bool_))
    # a duration travels as a float32: the 212.3 that somebody looks for is that of the clip
    numbers: NDArray[np.floating] = np.array(values, np.float64).astype(number)
    return NumberColumn(rows, numbers)
