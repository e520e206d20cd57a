"""The clip catalogue, read in place from a memory-mapped Arrow file; the only importer of pyarrow in this
service.

A row is read through memoryviews of its columns: pyarrow's scalars take seven times as long (28 us a row).
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS, TRAITS, VAD_AXES
from ambiance.errors import ArtifactError
from ambiance.index_format.catalog import COLUMNS, METADATA, OWN

_NO_ROWS = np.empty(0, np.int64)

_TOGETHER = (
    16  # ids from which on they are looked up in one bisection: of 1,000 in 1 ms, not 12, of a million
)


@dataclass(frozen=True, slots=True)
class Clip:
    """A row of the catalogue."""

    id: str
    youtube_id: str
    start_seconds: float
    end_seconds: float
    labels: tuple[str, ...]
    mood_labels: tuple[str, ...]
    moods: tuple[float, ...]  # the probability of each of affect.MOODS, in its order
    vad: tuple[float, ...]  # valence, arousal, dominance
    # each of affect.FACETS and its probability, by descending probability; equals in the order of FACETS
    facets: tuple[tuple[str, float], ...]
    traits: tuple[tuple[str, float], ...]  # the same of affect.TRAITS, in its order
    listenable: bool  # whether it is worth hearing
    metadata: bytes = b""  # serialised ambiance.music.v1.ClipMetadata; empty if nothing is known


class ClipCatalog:
    """Clips by row and by id; rows are ordered by id, in the order of Unicode code points."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        """Take a batch with the columns of the format, none of them with nulls."""
        self.batch = batch
        self._size: int = batch.num_rows
        self.is_own = "metadata" in batch.schema.names  # of clips that were written, not of a release
        self._ids = _Texts(batch.column("clip_id"))
        self._youtube_ids = _Texts(batch.column("youtube_id"))
        self._starts = _view(batch.column("start_seconds"))
        self._ends = _view(batch.column("end_seconds"))
        self._labels = _NameLists(batch.column("labels"))
        self._mood_labels = _NameLists(batch.column("mood_labels"))
        self._moods = _view(batch.column("moods").flatten())
        self.label_names: tuple[str, ...] = tuple(batch.column("labels").values.dictionary.to_pylist())
        self._vad = _view(batch.column("vad").flatten())
        self._facets = _view(batch.column("facets").flatten())
        self._traits = _view(batch.column("traits").flatten())
        self._listenable = _Bits(batch.column("listenable"))
        self._metadata = _Texts(batch.column("metadata")) if self.is_own else None

    @classmethod
    def load(cls, path: Path) -> "ClipCatalog":
        """Map a file into memory and check its format, that it has no holes, and the order of its ids.

        Pages that are touched by the checks alone are given back.

        Raises:
            ArtifactError: naming what it needs and what it found.
        """
        _check(path, _map_batch(path))
        return cls(_map_batch(path))  # mapped anew, without the pages that the checks touched

    def __len__(self) -> int:
        """Clips held."""
        return self._size

    def clip(self, row: int) -> Clip:
        """The clip of a row in 0..len-1."""
        facets = zip(FACETS, _row_of(self._facets, row, len(FACETS)), strict=True)
        return Clip(
            self._ids.text(row),
            self._youtube_ids.text(row),
            self._starts[row],
            self._ends[row],
            self._labels.names(row),
            self._mood_labels.names(row),
            tuple(_row_of(self._moods, row, len(MOODS.names))),
            tuple(_row_of(self._vad, row, len(VAD_AXES))),
            tuple(sorted(facets, key=lambda facet: -facet[1])),
            tuple(zip(TRAITS, _row_of(self._traits, row, len(TRAITS)), strict=True)),
            self._listenable.at(row),
            self._metadata.utf8(row) if self._metadata is not None else b"",
        )

    def clip_id(self, row: int) -> str:
        """The id of the clip of a row in 0..len-1."""
        return self._ids.text(row)

    def youtube_id(self, row: int) -> str:
        """The id of the video of a row in 0..len-1, empty if it isn't of YouTube."""
        return self._youtube_ids.text(row)

    def row_of(self, clip_id: str) -> int | None:
        """The row of a clip, None if there is none of that id."""
        wanted = clip_id.encode()
        row = self.first_from(clip_id)
        return row if row < self._size and self._ids.utf8(row) == wanted else None

    def rows_of(self, clip_ids: Sequence[str]) -> NDArray[np.int64]:
        """<int64>[n] the row of each clip of these ids, -1 where there is none."""
        if len(clip_ids) < _TOGETHER:
            rows = map(self.row_of, clip_ids)
            return np.array([-1 if row is None else row for row in rows], np.int64)
        wanted, column = pa.array(clip_ids, pa.utf8()), self.batch.column("clip_id")
        low, high = np.zeros(len(clip_ids), np.int64), np.full(len(clip_ids), self._size)
        for _ in range(self._size.bit_length()):
            middle = np.minimum((low + high) // 2, self._size - 1)
            before = pc.less(column.take(pa.array(middle)), wanted).to_numpy(zero_copy_only=False)
            low, high = (
                np.where(before & (low < high), middle + 1, low),
                np.where(~before & (low < high), middle, high),
            )
        there = np.minimum(low, self._size - 1)
        found = pc.equal(column.take(pa.array(there)), wanted).to_numpy(zero_copy_only=False)
        return np.where(found & (low < self._size), there, -1)

    def rows_of_video(self, youtube_id: str) -> NDArray[np.int64]:
        """<int64>[n] the rows of a video's clips, ascending."""
        if self.is_own:
            return self._own_videos.get(youtube_id, _NO_ROWS)
        # they stand together, since the ids of released clips begin with the video's
        first, last = (self.first_from(f"{youtube_id}{end}") for end in ("@", "A"))
        return np.arange(first, last)

    @cached_property
    def _own_videos(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each video that clips of one's own are from."""
        rows: dict[str, list[int]] = {}
        for row in range(self._size):
            if youtube_id := self._youtube_ids.text(row):
                rows.setdefault(youtube_id, []).append(row)
        return {youtube_id: np.array(of_it, np.int64) for youtube_id, of_it in rows.items()}

    def moods(self) -> NDArray[np.float32]:
        """<float32>[clips, moods] a view of the probability of each of affect.MOODS."""
        return np.asarray(self._moods).reshape(self._size, len(MOODS.names))

    def facets(self) -> NDArray[np.float32]:
        """<float32>[clips, facets] a view of the probability of each of affect.FACETS."""
        return np.asarray(self._facets).reshape(self._size, len(FACETS))

    def traits(self) -> NDArray[np.float32]:
        """<float32>[clips, traits] a view of the probability of each of affect.TRAITS."""
        return np.asarray(self._traits).reshape(self._size, len(TRAITS))

    def listenable(self) -> NDArray[np.bool_]:
        """<bool>[clips] whether each is worth hearing; made anew at each call."""
        return self._listenable.all(self._size)

    def unavailable(self) -> NDArray[np.bool_] | None:
        """<bool>[clips] which can't be played; None if all can, as far as is known."""
        if not self.is_own:
            return None
        unavailable = ~_Bits(self.batch.column("available")).all(self._size)
        return unavailable if unavailable.any() else None

    def first_from(self, clip_id: str) -> int:
        """The first row whose id isn't before this one, len if there is none."""
        # UTF-8 sorts as code points do
        return bisect_left(range(self._size), clip_id.encode(), key=self._ids.utf8)


class _Texts:
    """A column of strings, or of bytes."""

    def __init__(self, column: pa.StringArray | pa.BinaryArray) -> None:
        _, offsets, data = column.buffers()
        self._offsets = memoryview(offsets).cast("i")[column.offset :]
        self._data = memoryview(data) if data is not None else memoryview(b"")

    def utf8(self, row: int) -> bytes:
        return bytes(self._data[self._offsets[row] : self._offsets[row + 1]])

    def text(self, row: int) -> str:
        return str(self._data[self._offsets[row] : self._offsets[row + 1]], "utf-8")


class _NameLists:
    """A column of lists of names, each name stored once."""

    def __init__(self, column: pa.ListArray) -> None:
        self._offsets = _view(column.offsets)
        self._indices = _view(column.values.indices)
        self._names: list[str] = column.values.dictionary.to_pylist()

    def names(self, row: int) -> tuple[str, ...]:
        indices = self._indices[self._offsets[row] : self._offsets[row + 1]]
        return tuple([self._names[index] for index in indices])


class _Bits:
    """A column of truth values, one bit each."""

    def __init__(self, column: pa.BooleanArray) -> None:
        self._data, self._start = memoryview(column.buffers()[1]), column.offset

    def at(self, row: int) -> bool:
        byte, bit = divmod(self._start + row, 8)
        return bool(self._data[byte] >> bit & 1)

    def all(self, count: int) -> NDArray[np.bool_]:
        data = np.frombuffer(self._data, np.uint8)
        bits = np.unpackbits(data, count=self._start + count, bitorder="little")
        return bits[self._start :].view(np.bool_)


def _view(numbers: pa.Array) -> "memoryview[Any]":
    return memoryview(numbers.to_numpy(zero_copy_only=True))


def _row_of(numbers: "memoryview[Any]", row: int, width: int) -> "memoryview[Any]":
    """A row of so many numbers."""
    return numbers[row * width : (row + 1) * width]


def _map_batch(path: Path) -> pa.RecordBatch:
    try:
        with pa.memory_map(str(path)) as file:
            reader = pa.ipc.open_file(file)
            count = reader.num_record_batches
            if count != 1:  # several chunks would have to be copied into one
                raise ArtifactError(f"{path}: needs one record batch, found {count}")
            return reader.get_batch(0)
    except (pa.ArrowInvalid, OSError) as error:
        raise ArtifactError(f"{path}: not a readable Arrow file: {error}") from error


def _check(path: Path, batch: pa.RecordBatch) -> None:
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        raise ArtifactError(f"{path}: not a readable Arrow file: {error}") from error
    _check_columns(path, batch)
    _check_values(path, batch)


def _check_columns(path: Path, batch: pa.RecordBatch) -> None:
    metadata = {k.decode(): v.decode() for k, v in (batch.schema.metadata or {}).items()}
    for key, needed in METADATA.items():
        if metadata.get(key) != needed:
            raise ArtifactError(f"{path}: {key} is {metadata.get(key)}, needs {needed}")
    found = {field.name: field.type for field in batch.schema}
    for name, needed in (COLUMNS | (OWN if "metadata" in found else {})).items():
        if found.get(name) != needed:
            raise ArtifactError(f"{path}: column {name} is {found.get(name)}, needs {needed}")


def _check_values(path: Path, batch: pa.RecordBatch) -> None:
    if batch.num_rows == 0:
        raise ArtifactError(f"{path}: holds no clip")
    for name in COLUMNS:
        column = batch.column(name)
        values = column.flatten() if pa.types.is_nested(column.type) else column
        if column.null_count or values.null_count:
            raise ArtifactError(f"{path}: column {name} has nulls")
        if pa.types.is_floating(values.type) and not np.isfinite(values.to_numpy()).all():
            raise ArtifactError(f"{path}: column {name} has a value that isn't finite")
    ids = batch.column("clip_id")
    unordered = pc.index(pc.less(ids[:-1], ids[1:]), False).as_py()
    if unordered >= 0:
        one, other = ids[unordered].as_py(), ids[unordered + 1].as_py()
        raise ArtifactError(f"{path}: {other!r} follows {one!r}; ids must ascend and differ")
