"""TFRecord framing: what TensorFlow writes is read, and nothing damaged is."""

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioset_files import tfrecord
from training.data.errors import DataError
from training.data.tfrecord import masked_crc, read_records

RECORDS = [b"first", b"", b"third" * 100]


def read(content: bytes) -> list[bytes]:
    return list(read_records(io.BytesIO(content), "x.tfrecord"))


@pytest.mark.tensorflow
def test_tensorflows_own_files_are_read(tmp_path: Path) -> None:
    import tensorflow as tf

    path = tmp_path / "x.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in RECORDS:
            writer.write(record)
    with path.open("rb") as stream:
        assert list(read_records(stream, "x.tfrecord")) == RECORDS
    assert path.read_bytes() == tfrecord(RECORDS)


def test_an_empty_file_holds_no_record() -> None:
    assert read(b"") == []


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4), st.data())
def test_a_cut_anywhere_is_noticed_and_named(records: list[bytes], data: st.DataObject) -> None:
    boundaries = [len(tfrecord(records[:n])) for n in range(len(records) + 1)]
    cut = data.draw(st.integers(1, boundaries[-1] - 1).filter(lambda at: at not in boundaries))
    broken = max(n for n, boundary in enumerate(boundaries) if boundary < cut)
    with pytest.raises(DataError, match=rf"x\.tfrecord: record {broken}: cut off"):
        read(tfrecord(records)[:cut])


@given(st.data())
def test_a_flipped_bit_anywhere_is_noticed(data: st.DataObject) -> None:
    content = bytearray(tfrecord(RECORDS))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DataError, match=r"x\.tfrecord: record \d: wrong CRC"):
        read(bytes(content))


@pytest.mark.parametrize("length", [2**25, 2**40, 2**62, 2**64 - 1])
def test_a_length_beyond_belief_is_refused_before_it_is_read(length: int) -> None:
    header = struct.pack("<Q", length)
    content = header + struct.pack("<I", masked_crc(header)) + b"some bytes"
    with pytest.raises(DataError, match=rf"x\.tfrecord: record 0: {length:,} bytes promised, at most"):
        read(content)


def test_records_before_the_damage_are_still_yielded() -> None:
    content = bytearray(tfrecord(RECORDS))
    content[-1] ^= 1
    records = read_records(io.BytesIO(content), "x.tfrecord")
    assert [next(records), next(records)] == RECORDS[:2]
    with pytest.raises(DataError, match="record 2: wrong CRC of its 500 bytes"):
        next(records)
