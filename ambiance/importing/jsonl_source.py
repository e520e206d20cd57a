"""Rows of a file of JSON lines (NDJSON): one object a line, UTF-8."""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

from ambiance.importing.rows import (
    MAX_ROW_CHARACTERS,
    SCHEMA_ROWS,
    Kind,
    Reject,
    Rows,
    chunks,
    kind_of,
)

_BOM = b"\xef\xbb\xbf"
_METADATA = "metadata"  # an object in the object, whose fields are columns, too

_Row = dict[str, Any]


class JsonlSource:
    """A file of JSON lines. Its columns are the names in its first rows."""

    unit = "B"

    def __init__(self, path: Path) -> None:
        """Take the file."""
        self._path = path
        self.size = path.stat().st_size

    @cached_property
    def columns(self) -> dict[str, Kind]:
        """The names in the first rows, with the kind of their values; OTHER if it isn't one."""
        return {name: _common(values) for name, values in self.samples.items()}

    @cached_property
    def samples(self) -> dict[str, list[Any]]:
        """The values of the first rows."""
        with self._path.open("rb") as stream:
            rows = [row for _, row in islice(_numbered(stream), SCHEMA_ROWS) if isinstance(row, dict)]
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in names}

    def rows(self, skip: int = 0) -> Iterator[Rows]:
        """The rows of the file in order, without the first `skip`."""
        with self._path.open("rb") as stream:
            numbered = islice(_numbered(stream), skip, None)
            count = skip
            for chunk in chunks(numbered, stream.tell):
                count += len(chunk)
                yield self._by_column(chunk, count, stream.tell())

    def _by_column(self, chunk: list[tuple[int, _Row | str]], count: int, position: int) -> Rows:
        rejects, good = [], []
        names = self.columns.keys()
        for number, row in chunk:
            if isinstance(row, str):
                rejects.append(Reject(number, "", "", row))
            elif not row.keys() <= names:
                unknown = min(row.keys() - names)
                reason = f"a column that the first {SCHEMA_ROWS:,} rows don't have"
                rejects.append(Reject(number, str(row.get("id", "")), unknown, reason))
            else:
                good.append((number, row))
        columns = _columns([row for _, row in good], list(names))
        return Rows([number for number, _ in good], columns, rejects, count, position)


def _columns(rows: list[_Row], names: list[str]) -> dict[str, Sequence[Any]]:
    """The values of the rows by the column; None where a row has none."""
    if len(names) > 1 and rows and all(len(row) == len(names) for row in rows):  # each has all of them
        return dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))
    return {name: [row.get(name) for row in rows] for name in names}


def _numbered(stream: BinaryIO) -> Iterator[tuple[int, _Row | str]]:
    """Each row, or what is wrong with it, by its line. Empty lines are none."""
    number = 0
    while line := stream.readline(MAX_ROW_CHARACTERS + 1):
        number += 1
        if len(line) > MAX_ROW_CHARACTERS:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_ROW_CHARACTERS)
            yield number, f"at most {MAX_ROW_CHARACTERS:,} bytes a line, got more"
        elif (text := line.removeprefix(_BOM if number == 1 else b"")).strip():
            yield number, _parsed(text)


def _parsed(line: bytes) -> _Row | str:
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError as error:
        return f"byte 0x{line[error.start]:02X} at position {error.start:,} isn't UTF-8"
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"
    if not isinstance(row, dict):
        return f"a JSON object, got {kind_of(row)}"
    if isinstance(row.get(_METADATA), dict):
        return row.pop(_METADATA) | row
    return row


def _common(values: list[Any]) -> Kind:
    kinds = {kind_of(value) for value in values if value is not None}
    if kinds == {Kind.INTEGER, Kind.NUMBER}:
        return Kind.NUMBER
    return kinds.pop() if len(kinds) == 1 else Kind.OTHER
