"""Rows of a Parquet file. The one file of the import that needs pyarrow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from ambiance.errors import InvalidInputError
from ambiance.importing.rows import CHUNK_BYTES, CHUNK_ROWS, Kind, Rows, Unreadable
from ambiance.validation import shown

_TYPES = (
    (("is_string", "is_large_string", "is_string_view"), Kind.TEXT),
    (("is_integer",), Kind.INTEGER),
    (("is_floating", "is_decimal"), Kind.NUMBER),
    (("is_boolean",), Kind.FLAG),
    (("is_binary", "is_large_binary", "is_fixed_size_binary", "is_binary_view"), Kind.BYTES),
    (("is_list", "is_large_list", "is_fixed_size_list"), Kind.LIST),
    (("is_struct", "is_map"), Kind.MAPPING),
    (("is_null",), Kind.OTHER),
)


class ParquetSource:
    """A Parquet file; a row's number counts from 1."""

    unit = "rows"

    def __init__(self, path: Path) -> None:
        """Read the schema.

        Raises:
            InvalidInputError: if it isn't a Parquet file, or names a column twice.
        """
        self._path = path
        try:
            with parquet.ParquetFile(path) as file:
                schema = file.schema_arrow
                self.columns = {field.name: _kind(field.type) for field in schema}
                self.size: int = file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # the system's, which others make sense of
                raise
            raise InvalidInputError.of(str(path), f"not a Parquet file: {str(error).strip()}") from error
        if len(self.columns) < len(schema):
            twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
            raise InvalidInputError.of(str(path), f"each column once, got {shown(twice[0])} twice")
        self.samples: dict[str, list[Any]] = {name: [] for name in self.columns}

    def rows(self, skip: int = 0) -> Iterator[Rows]:
        """The rows of the file in order, without the first `skip`.

        Raises:
            InvalidInputError: if the file is damaged; names the row after which.
        """
        count = 0
        try:
            with parquet.ParquetFile(self._path, pre_buffer=False) as file:
                groups = list(range(file.num_row_groups))
                while groups and count + file.metadata.row_group(groups[0]).num_rows <= skip:
                    count += file.metadata.row_group(groups.pop(0)).num_rows
                for batch in file.iter_batches(_chunk_rows(file), row_groups=groups):
                    wanted = batch.slice(max(0, skip - count))
                    count += len(batch)
                    if len(wanted):
                        numbers = range(count - len(wanted) + 1, count + 1)
                        columns = {
                            name: _values(column)
                            for name, column in zip(wanted.schema.names, wanted.columns, strict=True)
                        }
                        yield Rows(numbers, columns, [], count, count)
        except (pa.ArrowException, OSError) as error:
            raise InvalidInputError.of(
                str(self._path), f"damaged after row {count:,}: {str(error).strip()}"
            ) from error


def _chunk_rows(file: Any) -> int:
    """Rows that are likely to take CHUNK_BYTES, at most CHUNK_ROWS."""
    sizes = (file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups))
    row_bytes = sum(sizes) // max(1, file.metadata.num_rows)
    return min(CHUNK_ROWS, CHUNK_BYTES // (row_bytes + 1) + 1)


def _kind(arrow: pa.DataType) -> Kind:
    if pa.types.is_dictionary(arrow):
        return _kind(arrow.value_type)
    for checks, kind in _TYPES:
        if any(getattr(pa.types, check)(arrow) for check in checks):
            return kind
    return Kind.OTHER


def _values(column: pa.Array) -> list[Any]:
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    try:
        values: list[Any] = column.to_pylist(maps_as_pydicts="strict")
    except (UnicodeDecodeError, KeyError, ValueError):  # in some row: find it
        values = list(map(_value, column))
    return values


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py(maps_as_pydicts="strict")
    except UnicodeDecodeError:
        return Unreadable("not UTF-8")
    except (KeyError, ValueError) as error:
        return Unreadable(str(error))
