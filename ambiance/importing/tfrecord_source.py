"""Rows of a TFRecord file of AudioSet's features, as its publisher lays them out."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import google_crc32c

from ambiance.errors import InvalidInputError
from ambiance.importing.rows import Kind, Reject, Rows, chunks
from ambiance.importing.sequence_example import clip_columns

# length <uint64>, masked CRC-32C of its eight bytes <uint32>; payload; masked CRC-32C of the payload <uint32>
_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_MASK_DELTA = 0xA282EAD8

MAX_RECORD_BYTES = 1024 * 1024  # of a clip's 600 frames are 77,000

COLUMNS = {
    "id": Kind.TEXT,
    "youtube_id": Kind.TEXT,
    "start_seconds": Kind.NUMBER,
    "end_seconds": Kind.NUMBER,
    "labels": Kind.LIST,
    "vggish_frames": Kind.BYTES,
}


class TFRecordSource:
    """A TFRecord file of SequenceExamples; a record's number counts from 1."""

    unit = "B"

    def __init__(self, path: Path, classes: Mapping[int, str] | None) -> None:
        """Take the file, and the display name of each class: without them clips have no labels."""
        self._path, self._classes = path, classes
        self.size = path.stat().st_size
        self.columns = COLUMNS if classes is not None else {k: v for k, v in COLUMNS.items() if k != "labels"}
        self.samples: dict[str, list[Any]] = {name: [] for name in self.columns}

    def rows(self, skip: int = 0) -> Iterator[Rows]:
        """The records of the file in order, without the first `skip`.

        Raises:
            InvalidInputError: where the length of a record is damaged: what follows can't be found.
        """
        with self._path.open("rb") as stream:
            records = islice(self._records(stream), skip, None)
            count = skip
            for chunk in chunks(records, stream.tell):
                yield self._by_column(chunk, count, stream.tell())
                count += len(chunk)

    def _by_column(self, chunk: Sequence[bytes | str], before: int, position: int) -> Rows:
        numbers, rejects, clips = [], [], []
        for number, record in enumerate(chunk, start=before + 1):
            clip = clip_columns(record, self._classes) if isinstance(record, bytes) else record
            if isinstance(clip, str):
                rejects.append(Reject(number, "", "", clip))
            else:
                numbers.append(number)
                clips.append(clip)
        columns = {name: [clip[name] for clip in clips] for name in self.columns}
        return Rows(numbers, columns, rejects, before + len(chunk), position)

    def _records(self, stream: BinaryIO) -> Iterator[bytes | str]:
        """The payload of each record, or what is wrong with it."""
        number = 0
        while header := stream.read(_HEADER.size):
            number += 1
            length, length_crc = _HEADER.unpack(header) if len(header) == _HEADER.size else (0, -1)
            if _masked_crc(header[:8]) != length_crc or length > MAX_RECORD_BYTES:
                raise self._lost(number, "its length is damaged, or this is no TFRecord file")
            payload, footer = stream.read(length), stream.read(_FOOTER.size)
            if len(payload) + len(footer) < length + _FOOTER.size:
                raise self._lost(number, "cut off")
            good = _masked_crc(payload) == _FOOTER.unpack(footer)[0]
            yield payload if good else f"wrong CRC of its {length:,} bytes"

    def _lost(self, number: int, what: str) -> InvalidInputError:
        return InvalidInputError.of(str(self._path), f"record {number:,}: {what}")


def _masked_crc(data: bytes) -> int:
    """CRC-32C rotated right by 15 bits plus a constant, as TFRecord stores it."""
    crc: int = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF
