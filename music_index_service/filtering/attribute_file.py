"""The attributes of a segment on disk: an Arrow file with a row for each, which is mapped, not read."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ambiance.attribute_conditions import FLAG, NUMBER, TEXT
from ambiance.errors import ArtifactError
from music_index_service.filtering.attribute_columns import Column, FlagColumn, NumberColumn, TextColumn
from music_index_service.filtering.attributes import ClipAttributes

ATTRIBUTES_FILE = "attributes.arrow"

_FORMAT = {"format": "ambiance.attributes", "format_version": "1"}
# What the columns of an attribute's type hold, see `attribute_columns`; the others are empty.
_ARRAYS = {
    "rows": pa.int32(),
    "numbers": pa.int32(),
    "starts": pa.int64(),
    "utf8": pa.uint8(),
    "singles": pa.float32(),
    "doubles": pa.float64(),
    "flags": pa.uint8(),
}
_SCHEMA = pa.schema(
    [("clips", pa.int64()), ("name", pa.utf8()), ("type", pa.utf8())]
    + [(name, pa.large_list(type_)) for name, type_ in _ARRAYS.items()],
    _FORMAT,
)


def write_attributes(attributes: ClipAttributes, folder: Path) -> None:
    """Write the attributes of a segment's clips to its folder."""
    names, columns = list(attributes.columns), list(attributes.columns.values())
    held = [_arrays_of(column) for column in columns]
    values: list[pa.Array] = [
        pa.array([len(attributes)] * len(names), pa.int64()),
        pa.array(names, pa.utf8()),
        pa.array([column.type for column in columns], pa.utf8()),
    ]
    for name, type_ in _ARRAYS.items():
        empty = np.empty(0, type_.to_pandas_dtype())
        parts = [arrays.get(name, empty) for arrays in held]
        ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
        flat = pa.array(np.concatenate([empty, *parts]), type_)
        values.append(pa.LargeListArray.from_arrays(pa.array(ends), flat))
    batch = pa.RecordBatch.from_arrays(values, schema=_SCHEMA)
    with pa.ipc.new_file(folder / ATTRIBUTES_FILE, _SCHEMA) as writer:
        writer.write_batch(batch)


def load_attributes(path: Path, clip_count: int) -> ClipAttributes:
    """Map the attributes of so many clips.

    Raises:
        ArtifactError: if the file isn't one of these, or is of other clips.
    """
    try:
        with pa.memory_map(str(path)) as file:
            batch = pa.ipc.open_file(file).get_batch(0)
            batch.validate()
    except (pa.ArrowInvalid, OSError) as error:
        raise ArtifactError(f"{path}: not a readable Arrow file: {error}") from error
    if not batch.schema.equals(_SCHEMA, check_metadata=True):
        raise ArtifactError(f"{path}: needs attributes of format {_FORMAT['format_version']}")
    columns: dict[str, Column] = {}
    for i, (name, kind) in enumerate(
        zip(*(batch.column(each).to_pylist() for each in ("name", "type")), strict=True)
    ):
        held = {
            each: batch.column(each).slice(i, 1).flatten().to_numpy(zero_copy_only=True) for each in _ARRAYS
        }
        columns[name] = _column_of(path, kind, held, clip_count)
    if batch.num_rows and batch.column("clips")[0].as_py() != clip_count:
        raise ArtifactError(f"{path}: of {batch.column('clips')[0]} clips, the segment has {clip_count}")
    return ClipAttributes(clip_count, columns)


def _arrays_of(column: Column) -> dict[str, NDArray[Any]]:
    arrays = dict(column.arrays)
    if isinstance(column, NumberColumn):
        numbers = arrays.pop("numbers")
        arrays["singles" if numbers.dtype == np.float32 else "doubles"] = numbers
    if isinstance(column, FlagColumn):
        arrays["flags"] = arrays["flags"].view(np.uint8)
    return arrays


def _column_of(path: Path, kind: str, held: dict[str, NDArray[Any]], clip_count: int) -> Column:
    rows = held["rows"]
    if not len(rows) or rows[0] < 0 or rows[-1] >= clip_count or (np.diff(rows) <= 0).any():
        raise ArtifactError(f"{path}: an attribute's rows don't ascend within 0..{clip_count - 1}")
    if kind == TEXT and len(held["numbers"]) == len(rows):
        return TextColumn(rows, held["numbers"], held["starts"], held["utf8"])
    numbers = held["singles"] if len(held["singles"]) else held["doubles"]
    if kind == NUMBER and len(numbers) == len(rows):
        return NumberColumn(rows, numbers)
    if kind == FLAG and len(held["flags"]) == len(rows):
        return FlagColumn(rows, held["flags"].view(np.bool_))
    raise ArtifactError(f"{path}: an attribute of type {kind} lacks values")
