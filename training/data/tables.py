"""Reads the rows of text files, tab-separated or CSV, as every corpus here is published.

Editors leave a byte order mark before the first character, and a carriage return before each line feed:
neither is part of what is read.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from training.data.errors import REMEDY, DataError

_BOM = "\ufeff"
_MAX_DIGITS = 9  # of a number: no id here needs more, and int() refuses some thousands of them


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line and where it stands. Only a line feed ends one, or a carriage return with it: texts may
    hold other separators.

    Raises:
        DataError: if the file is missing or not UTF-8; names file and line.
    """
    content = _read(path)
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n") if content else (), start=1):
        where = f"{path}: line {number}"
        try:
            text = line.decode("utf-8").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise DataError(f"{where}: not UTF-8 at byte {error.start}") from error
        yield (text.removeprefix(_BOM) if number == 1 else text), where


def rows(path: Path, columns: int) -> Iterator[tuple[list[str], str]]:
    """Yield the columns of each line and where it stands; no quoting rules, as texts hold bare quotes.

    Raises:
        DataError: as `lines`, or if a line has another number of columns or an empty one.
    """
    for line, where in lines(path):
        fields = line.split("\t")
        if len(fields) != columns:
            raise DataError(f"{where}: {columns} tab-separated columns, got {len(fields)}")
        if not all(fields):
            raise DataError(f"{where}: column {fields.index('') + 1} is empty")
        yield fields, where


def csv_rows(path: Path, columns: set[str]) -> Iterator[tuple[dict[str, str], str]]:
    """Yield the fields of each row of a CSV file by the names in its first, and where the row ends.

    Raises:
        DataError: if the file is missing or not UTF-8, lacks one of `columns`, or a row has other fields than
            the first; names file and line.
    """
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        if missing := columns - set(reader.fieldnames or ()):
            raise DataError(f"{path}: line 1: lacks the columns {', '.join(sorted(missing))}")
        for row in reader:
            where = f"{path}: line {reader.line_num}"
            if None in row or None in row.values():
                raise DataError(f"{where}: {len(reader.fieldnames or ())} columns, got {_count(row)}")
            yield row, where
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.reader.line_num}: not CSV ({error})") from error


def whole_number(field: str, least: int, most: int) -> int | None:
    """What a field of ASCII digits says, if it is `least` to `most`; else None, however long the field."""
    if not (field.isascii() and field.isdigit() and len(field) <= _MAX_DIGITS):
        return None
    number = int(field)
    return number if least <= number <= most else None


def _count(row: dict[str | None, str | list[str] | None]) -> int:
    """Fields of a row as `DictReader` has it: those too many under None, those too few as None."""
    extra = row.get(None)
    named = [field for name, field in row.items() if name is not None and field is not None]
    return len(named) + len(extra or ())


def read_text(path: Path) -> str:
    """All of a file's text.

    Raises:
        DataError: if the file is missing or not UTF-8; names file and line.
    """
    content = _read(path)
    try:
        return content.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}: line {line}: not UTF-8 at byte {error.start}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error} ({REMEDY})") from error
