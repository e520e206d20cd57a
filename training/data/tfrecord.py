"""TFRecord framing, read as a stream: AudioSet's features come in it, inside a tar archive."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

import google_crc32c

from training.data.errors import DataError

# length <uint64>, masked CRC-32C of its eight bytes <uint32>; payload; masked CRC-32C of the payload <uint32>
_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_MASK_DELTA = 0xA282EAD8

MAX_RECORD_BYTES = 16 * 1024 * 1024  # an AudioSet clip takes about 1.5 KB


def masked_crc(data: bytes) -> int:
    """CRC-32C rotated right by 15 bits plus a constant, as TFRecord stores it."""
    crc: int = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def read_records(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the payloads of a TFRecord stream, one in memory at a time.

    `stream` must be buffered: a short read means that it ended. `name` stands for it in errors.

    Raises:
        DataError: if the stream ends inside a record or a checksum is wrong; names the record, from 0.
    """
    record = 0
    while header := stream.read(_HEADER.size):
        where = f"{name}: record {record}"
        if len(header) < _HEADER.size:
            raise DataError(f"{where}: cut off inside its header")
        length, length_crc = _HEADER.unpack(header)
        if masked_crc(header[:8]) != length_crc:
            raise DataError(f"{where}: wrong CRC of its length")
        if length > MAX_RECORD_BYTES:
            raise DataError(f"{where}: {length:,} bytes promised, at most {MAX_RECORD_BYTES:,} are believed")
        # Two reads, so that the footer isn't copied off every payload.
        payload, footer = stream.read(length), stream.read(_FOOTER.size)
        if len(payload) + len(footer) < length + _FOOTER.size:
            raise DataError(f"{where}: cut off, {length} bytes promised, {len(payload)} there")
        if masked_crc(payload) != _FOOTER.unpack(footer)[0]:
            raise DataError(f"{where}: wrong CRC of its {length} bytes")
        yield payload
        record += 1
