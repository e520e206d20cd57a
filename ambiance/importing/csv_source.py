"""Rows of a CSV file: UTF-8, a header, columns parted by commas, semicolons or tabs."""

import csv
import os
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ambiance.errors import InvalidInputError
from ambiance.importing.rows import MAX_ROW_CHARACTERS, SCHEMA_ROWS, Kind, Reject, Rows, chunks

if TYPE_CHECKING:
    from _csv import Reader as _Reader

_DELIMITERS = ",;\t"


class _Lines:
    """The lines of a file. One that is too long is passed over and raises csv.Error in its place: its reader
    goes on after that."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.line_count = self.character_count = 0  # of what was read

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = rest = self._stream.readline(MAX_ROW_CHARACTERS)
        if not line:
            raise StopIteration
        self.line_count += 1
        self.character_count += len(line)
        while len(rest) == MAX_ROW_CHARACTERS and not rest.endswith(("\n", "\r")):
            rest = self._stream.readline(MAX_ROW_CHARACTERS)
        if rest is not line:
            raise csv.Error(f"a line of more than {MAX_ROW_CHARACTERS:,} characters")
        return line


class CsvSource:
    """A CSV file. Every value is a text, and one that is empty says nothing."""

    unit = "B"

    def __init__(self, path: Path) -> None:
        """Read the header.

        Raises:
            InvalidInputError: if there is none, or it names a column twice.
        """
        self._path = path
        with self._open() as stream:
            head = stream.readline(MAX_ROW_CHARACTERS)
            stream.seek(0)
            self._delimiter = max(_DELIMITERS, key=head.count)
            try:
                self._header: list[str] = next(self._reader(_Lines(stream)), [])
            except csv.Error as error:
                raise InvalidInputError.of(str(path), f"line 1: not CSV: {error}") from error
            self.size = os.fstat(stream.fileno()).st_size
        if not any(self._header):
            raise InvalidInputError.of(str(path), "line 1: a header that names the columns, got none")
        if twice := sorted({name for name in self._header if self._header.count(name) > 1}):
            raise InvalidInputError.of(str(path), f"line 1: each column once, got {twice[0]!a} twice")
        self.columns = dict.fromkeys(self._header, Kind.WRITTEN)

    @cached_property
    def samples(self) -> dict[str, list[str | None]]:
        """The values of the first rows."""
        with self._open() as stream:
            rows = [
                row for _, row in islice(self._numbered(_Lines(stream)), SCHEMA_ROWS) if isinstance(row, list)
            ]
        return self._by_column(rows)

    def rows(self, skip: int = 0) -> Iterator[Rows]:
        """The rows of the file in order, without the first `skip`."""
        with self._open() as stream:
            lines = _Lines(stream)
            numbered = islice(self._numbered(lines), skip, None)
            count = skip
            for chunk in chunks(numbered, lambda: lines.character_count):
                count += len(chunk)
                good = [(number, row) for number, row in chunk if isinstance(row, list)]
                rejects = [Reject(number, "", "", row) for number, row in chunk if isinstance(row, str)]
                columns = self._by_column([row for _, row in good])
                yield Rows([number for number, _ in good], columns, rejects, count, stream.buffer.tell())

    def _numbered(self, lines: _Lines) -> Iterator[tuple[int, list[str] | str]]:
        """Each row, or what is wrong with it, by the line that it begins at. Empty lines are none."""
        reader = self._reader(lines)
        next(reader)
        width, line = len(self._header), lines.line_count + 1
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield line, f"not CSV: {error}"
            else:
                if row is None:
                    return
                if len(row) == width:
                    yield line, row
                elif row:
                    yield line, f"{width:,} columns, as in the header, got {len(row):,}"
            line = lines.line_count + 1

    def _by_column(self, rows: list[list[str]]) -> dict[str, list[str | None]]:
        columns = zip(*rows, strict=True) if rows else ([] for _ in self._header)
        return {
            name: [value or None for value in column] if "" in column else list(column)
            for name, column in zip(self._header, columns, strict=True)
        }

    def _reader(self, lines: _Lines) -> "_Reader":
        return csv.reader(lines, delimiter=self._delimiter, strict=True)

    def _open(self) -> TextIO:
        """Bytes that aren't UTF-8 become lone surrogates, which no message takes: their rows are rejected."""
        return self._path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
