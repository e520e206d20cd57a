"""AudioSet's clips from archive and folder, their padding, and each way in which a record can be wrong."""

import gzip
import io
import tarfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from audioset_files import LULLABY, MUSIC, SPEECH, clip_record, tfrecord, write_archive
from training.data import shards
from training.data.audioset import (
    clip_id,
    clips_of_shard,
    dequantize,
    has_split,
    iterate_clips,
    iterate_split_shards,
    load_clips,
)
from training.data.errors import DataError

SHORT = clip_record("short", 0, 3, (SPEECH, LULLABY), [b"\x01" * 128, b"\xff" * 128, b"\x00" * 128])
LONG = clip_record("long", 12.5, 22.5, (MUSIC,))
OTHER = clip_record("other", 70, 80, (SPEECH,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_archive(
        tmp_path,
        {
            "bal_train/00": tfrecord([SHORT, LONG]),
            "eval/00": tfrecord([OTHER]),
            "bal_train/01": tfrecord([OTHER]),
        },
    )
    return tmp_path


def test_clips_come_in_archive_order_with_their_true_length(folder: Path) -> None:
    clips = load_clips(folder, "bal_train")
    assert clips.youtube_ids == ("short", "long", "other")
    assert clips.clip_ids == ("short@0", "long@12.5", "other@70")
    assert clips.labels == ((SPEECH, LULLABY), (MUSIC,), (SPEECH,))
    assert clips.start_seconds.tolist() == [0, 12.5, 70]
    assert clips.end_seconds.tolist() == [3, 22.5, 80]
    assert clips.frame_counts.tolist() == [3, 10, 10]
    assert clips.frames.shape == (3, 10, 128)
    assert clips.frames.dtype == np.uint8
    assert clips.frames[0, :, 5].tolist() == [1, 255, 0] + [128] * 7
    assert (clips.frames[1] == np.arange(128)).all()


def test_keep_sees_the_labels(folder: Path) -> None:
    clips = load_clips(folder, "bal_train", lambda labels: MUSIC in labels or LULLABY in labels)
    assert clips.youtube_ids == ("short", "long")
    with pytest.raises(DataError, match="no clip of bal_train is of the kind asked for"):
        load_clips(folder, "bal_train", lambda labels: False)


def test_take_copies_positions_in_their_order(folder: Path) -> None:
    clips = load_clips(folder, "bal_train")
    taken = clips.take([2, 0])
    assert len(taken) == 2
    assert taken.clip_ids == ("other@70", "short@0")
    assert taken.labels == (clips.labels[2], clips.labels[0])
    assert taken.frame_counts.tolist() == [10, 3]
    assert (taken.frames == clips.frames[[2, 0]]).all()


def test_an_unpacked_split_is_read_without_the_archive(folder: Path) -> None:
    shards = folder / "audioset" / "audioset_v1_embeddings" / "bal_train"
    shards.mkdir(parents=True)
    (shards / "01.tfrecord").write_bytes(tfrecord([OTHER]))
    (shards / "00.tfrecord").write_bytes(tfrecord([LONG]))
    (shards / "._00.tfrecord").write_bytes(b"\0\5\26\7")
    assert load_clips(folder, "bal_train").youtube_ids == ("long", "other")
    assert load_clips(folder, "eval").youtube_ids == ("other",)


def test_shards_of_several_splits_come_in_one_pass(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    original = gzip.open
    monkeypatch.setattr(gzip, "open", lambda path: opened.append(path) or original(path))
    found = list(iterate_split_shards(folder, ("eval", "bal_train")))
    assert [shard.split for shard in found] == ["bal_train", "eval", "bal_train"]
    assert len(opened) == 1
    clips = [clip.youtube_id for shard in found for clip in clips_of_shard(shard)]
    assert clips == ["short", "long", "other", "other"]


def test_shards_of_an_unpacked_split_are_not_looked_for_in_the_archive(folder: Path) -> None:
    unpacked = folder / "audioset" / "audioset_v1_embeddings" / "bal_train"
    unpacked.mkdir(parents=True)
    (unpacked / "00.tfrecord").write_bytes(tfrecord([LONG]))
    found = list(iterate_split_shards(folder, ("bal_train", "eval")))
    assert [clip.youtube_id for shard in found for clip in clips_of_shard(shard)] == ["long", "other"]
    assert found[0].name == str(unpacked / "00.tfrecord")


def test_shards_of_a_split_that_is_missing_end_in_an_error(folder: Path) -> None:
    with pytest.raises(DataError, match="audioset: holds no clip of unbal_train"):
        list(iterate_split_shards(folder, ("eval", "unbal_train")))


def test_a_shard_beyond_belief_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MAX_SHARD_BYTES", 2000)
    with pytest.raises(DataError, match=r"bal_train/00\.tfrecord: a shard of more than 2,000 bytes"):
        list(iterate_split_shards(folder, ("bal_train",)))


def test_shards_are_only_whole_in_a_whole_archive(folder: Path) -> None:
    archive = folder / "audioset" / "features.tar.gz"
    content = bytearray(archive.read_bytes())
    content[-6] ^= 1  # gzip's checksum of the whole
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged here or beyond, after 1 shards of eval: .*CRC"):
        list(iterate_split_shards(folder, ("eval",)))


def test_a_split_the_archive_lacks(folder: Path) -> None:
    assert has_split(folder, "eval")
    assert not has_split(folder, "unbal_train")
    with pytest.raises(DataError, match="audioset: holds no clip of unbal_train"):
        load_clips(folder, "unbal_train")
    with pytest.raises(DataError, match="split: one of bal_train, eval, unbal_train, got 'train'"):
        load_clips(folder, "train")


def test_a_missing_archive_names_itself_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"features\.tar\.gz: missing .*make data"):
        load_clips(tmp_path, "eval")


@pytest.mark.parametrize(
    ("record", "offence"),
    [
        (b"\xff\xff", "not a SequenceExample"),
        (b"", "start_time_seconds: one number"),
        (clip_record(youtube_id=""), "video_id: one ASCII id"),
        (clip_record(youtube_id="é"), "video_id: one ASCII id"),
        (clip_record(start_seconds=-1), r"start_time_seconds: .* got \[-1.0\]"),
        (clip_record(end_seconds=float("nan")), r"end_time_seconds: .* got \[nan\]"),
        (clip_record(end_seconds=float("inf")), r"end_time_seconds: .* got \[inf\]"),
        (clip_record(start_seconds=40, end_seconds=40), "end_time_seconds: after the start"),
        (clip_record(labels=()), "labels: empty"),
        (clip_record(labels=(527,)), r"labels: 0 to 526, got \(527,\)"),
        (clip_record(labels=(1, -1)), r"labels: 0 to 526, got \(1, -1\)"),
        (clip_record(frames=()), "audio_embedding: 1 to 10 frames, got 0"),
        (clip_record(frames=(bytes(128),) * 11), "audio_embedding: 1 to 10 frames, got 11"),
        (clip_record(frames=(bytes(128), bytes(127))), "audio_embedding: 128 bytes a frame"),
    ],
)
def test_a_record_that_is_no_clip_is_named(tmp_path: Path, record: bytes, offence: str) -> None:
    write_archive(tmp_path, {"eval/ab": tfrecord([OTHER, record])})
    with pytest.raises(DataError, match=rf"features\.tar\.gz: .*eval/ab\.tfrecord: record 1: {offence}"):
        load_clips(tmp_path, "eval")


def test_a_wrong_crc_names_shard_and_record(tmp_path: Path) -> None:
    damaged = bytearray(tfrecord([OTHER, LONG]))
    damaged[-100] ^= 1
    write_archive(tmp_path, {"eval/ab": bytes(damaged)})
    with pytest.raises(DataError, match=r"features\.tar\.gz: .*eval/ab\.tfrecord: record 1: wrong CRC"):
        load_clips(tmp_path, "eval")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_an_archive_cut_off_anywhere_is_refused(folder: Path, share: float) -> None:
    archive = folder / "audioset" / "features.tar.gz"
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=r"audioset.*: damaged"):
        load_clips(folder, "bal_train")


def test_a_bit_flipped_beyond_the_split_is_noticed(folder: Path) -> None:
    archive = folder / "audioset" / "features.tar.gz"
    content = bytearray(archive.read_bytes())
    content[-6] ^= 1  # gzip's checksum of the whole
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged .*CRC"):
        load_clips(folder, "bal_train")


def test_a_stream_of_many_shards_is_read_lazily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_archive(tmp_path, {f"eval/{n:02}": tfrecord([OTHER] * 50) for n in range(40)})
    read_bytes = 0
    original = gzip.GzipFile.read

    def counting_read(self: gzip.GzipFile, size: int | None = -1) -> bytes:
        nonlocal read_bytes
        content = original(self, size)
        read_bytes += len(content)
        return content

    monkeypatch.setattr(gzip.GzipFile, "read", counting_read)
    clips = iterate_clips(tmp_path, "eval")
    next(clips)
    assert 0 < read_bytes < 100_000  # of the three million that the archive holds
    assert sum(1 for _ in clips) == 1999


def test_an_archive_packed_by_hand_holds_the_same_clips(folder: Path) -> None:
    published = folder / "audioset" / "features.tar.gz"
    clips = load_clips(folder, "bal_train").youtube_ids
    with tarfile.open(published) as tar:
        held = [(member.name, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]
    with tarfile.open(published, "w:gz") as tar:
        for name, content in held:
            path = PurePosixPath(name)
            for packed, data in (
                (f"./{path.parent}/._{path.name}", b"\0\5\26\7"),
                (f"./{path.parent}/README", b"read me"),
                (f"./{path}", content),
            ):
                member = tarfile.TarInfo(packed)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    assert load_clips(folder, "bal_train").youtube_ids == clips


def test_other_members_are_passed_over(tmp_path: Path) -> None:
    archive = write_archive(tmp_path, {})
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("README", "audioset_v1_embeddings/eval_extra/00.tfrecord"):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"text"))
    assert not has_split(tmp_path, "eval")


def test_dequantising_spans_the_range_of_unsigned_bytes() -> None:
    features = dequantize(np.arange(256, dtype=np.uint8))
    assert features.dtype == np.float32
    assert features[[0, 255]].tolist() == [-2, 2]
    assert np.diff(features) == pytest.approx(4 / 255, abs=1e-6)
    assert abs(features[128]) == pytest.approx(abs(features).min(), abs=1e-6)


@pytest.mark.parametrize(
    ("start", "expected"),
    [(0, "x@0"), (-0.0, "x@0"), (30, "x@30"), (100_000, "x@100000"), (239.8, "x@239.8")],
)
def test_clip_ids_keep_whole_seconds_whole(start: float, expected: str) -> None:
    assert clip_id("x", float(np.float32(start))) == expected
