"""The quick reader of records against protobuf: what it reads, protobuf reads the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audioset_files import MUSIC, SPEECH, clip_record
from training.data.audioset import FOLDER
from training.data.clip_layout import read_published
from training.data.clip_record import parse_clip, parse_message
from training.data.errors import DataError
from training.data.shards import iterate_records
from training.data.sources import data_dir

pytestmark = [pytest.mark.tensorflow]

ids = st.text(st.characters(codec="ascii"), min_size=1, max_size=12)
seconds = st.floats(-1, 100_000, width=32)
labels = st.lists(st.integers(0, 526), max_size=32)  # two bytes each
frames = st.lists(st.binary(min_size=128, max_size=128), min_size=1, max_size=10)


@given(ids, seconds, seconds, labels, frames)
def test_it_reads_what_protobuf_reads_or_nothing(
    youtube_id: str, start: float, end: float, labels: list[int], frames: list[bytes]
) -> None:
    record = clip_record(youtube_id, start, end, labels, frames)
    if (clip := read_published(record)) is not None:
        assert clip == parse_message(record, "here")


@given(labels.filter(bool), frames)
def test_published_clips_need_no_protobuf(labels: list[int], frames: list[bytes]) -> None:
    record = clip_record("-0BIyqJj9ZU", 30, 40, labels, frames)
    assert read_published(record) == ("-0BIyqJj9ZU", 30, 40, tuple(labels), b"".join(frames))


@given(st.data())
def test_a_changed_byte_is_read_as_protobuf_reads_it(data: st.DataObject) -> None:
    record = bytearray(clip_record(labels=(MUSIC, SPEECH), frames=(bytes(128), bytes(range(128)))))
    at = data.draw(st.integers(0, len(record) - 1))
    record[at] = data.draw(st.integers(0, 255))
    if (clip := read_published(bytes(record))) is not None:
        assert clip == parse_message(bytes(record), "here")


@pytest.mark.parametrize("cut", [1, 64, 128, 137, 500])
def test_a_record_that_is_cut_off_or_goes_on_is_left_to_protobuf(cut: int) -> None:
    record = clip_record()
    assert read_published(record[:-cut]) is None
    assert read_published(record + bytes(cut)) is None


def test_a_field_that_stands_twice_is_left_to_protobuf() -> None:
    record = clip_record()
    twice = record.replace(b"\n\x1c\n\x10end_time_seconds", b"\n\x1e\n\x12start_time_seconds")
    lengthened = bytes([twice[0], twice[1] + 2]) + twice[2:]  # of the context
    assert read_published(lengthened) is None
    with pytest.raises(DataError, match="end_time_seconds: one number of seconds"):
        parse_clip(lengthened, "here")


def test_another_layout_is_read_all_the_same() -> None:
    record = clip_record()
    unknown_field = b"\x18\x01"  # number 3, which a SequenceExample doesn't have
    assert read_published(record + unknown_field) is None
    assert parse_clip(record + unknown_field, "here") == parse_clip(record, "here")


def test_a_label_beyond_the_classes_is_left_to_protobuf_to_refuse() -> None:
    record = clip_record(labels=(527,))
    assert read_published(record) is None
    with pytest.raises(DataError, match=r"here: labels: 0 to 526, got \(527,\)"):
        parse_clip(record, "here")


@pytest.mark.data
def test_no_published_record_needs_protobuf() -> None:
    folder = data_dir()
    if not folder.is_dir():
        pytest.skip("the data sets are not on this machine")
    for number, (where, record) in enumerate(iterate_records(folder / FOLDER, "bal_train")):
        clip = read_published(record)
        assert clip is not None, where
        if number % 20 == 0:  # protobuf takes its time
            assert clip == parse_message(record, where)
