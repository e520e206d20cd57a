"""Which source reads a file."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

from ambiance.errors import InvalidInputError
from ambiance.importing.rows import Source

ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".tfrecord": "tfrecord",
}
FORMATS = tuple(dict.fromkeys(ENDINGS.values()))


def open_source(path: Path, name: str = "", classes: Path | None = None) -> Source:
    """The source for a file, by the name of its format, or else by its ending.

    Raises:
        InvalidInputError: if neither tells, or the file can't be read as that.
    """
    name = name or ENDINGS.get(path.suffix.lower(), "")
    if not name:
        what = f"--format, or a name that ends in {', '.join(ENDINGS)}"
        raise InvalidInputError.of(str(path), what)
    if path.exists() and not path.is_file():  # it is read more than once
        raise InvalidInputError.of(str(path), "a file is needed, not a folder or a pipe")
    try:
        return _SOURCES[name](path, classes)
    except OSError as error:
        raise InvalidInputError.of(str(path), f"can't be read: {error.strerror or error}") from error


def _csv(path: Path, _: Path | None) -> Source:
    from ambiance.importing.csv_source import CsvSource  # noqa: PLC0415  # each needs what the others don't

    return CsvSource(path)


def _jsonl(path: Path, _: Path | None) -> Source:
    from ambiance.importing.jsonl_source import JsonlSource  # noqa: PLC0415

    return JsonlSource(path)


def _parquet(path: Path, _: Path | None) -> Source:
    from ambiance.importing.parquet_source import ParquetSource  # noqa: PLC0415

    return ParquetSource(path)


def _tfrecord(path: Path, classes: Path | None) -> Source:
    from ambiance.importing.tfrecord_source import TFRecordSource  # noqa: PLC0415

    return TFRecordSource(path, None if classes is None else _classes(classes))


_SOURCES: Mapping[str, Callable[[Path, Path | None], Source]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "tfrecord": _tfrecord,
}


def _classes(path: Path) -> dict[int, str]:
    """AudioSet's class_labels_indices.csv: index, mid, display_name."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {int(row["index"]): row["display_name"] for row in csv.DictReader(file)}
    except (ValueError, KeyError, csv.Error) as error:
        what = f"columns index and display_name, as in class_labels_indices.csv of AudioSet ({error})"
        raise InvalidInputError.of(str(path), what) from error
