"""Spool files: what is kept of the music that was encoded, what is taken up again, and what never counts."""

from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from ambiance import artifacts
from ambiance.affect import READERS_VAD_LINEAGE
from ambiance.artifacts import Artifact, Description, Origin, Space
from ambiance.errors import ArtifactError
from ambiance.placement import EncodedClips
from audioset_files import MUSIC, SAD, SPEECH, clip_record, tfrecord, write_archive
from clusters import wait_until
from music_encoders import Bytes, Counts, die, encode_clips, hang
from support import has_ended
from training.data.errors import DataError
from training.index import __main__ as index_job
from training.index import spool
from training.index.music import Music, read_music
from training.index.spool import Hearing, read_part
from training.index.spool_workers import SpoolSettings, spool_music

CLASSES = frozenset({MUSIC, SAD})
SPLITS = ("bal_train", "eval")


def clip(name: int, labels: Sequence[int] = (MUSIC,), frame_count: int = 10) -> bytes:
    return clip_record(f"{name:011}", name, name + 10, labels, [bytes([name % 256]) * 128] * frame_count)


SHARDS = {
    "bal_train/00": tfrecord([clip(7), clip(8, (SPEECH,)), clip(3, (SAD, SPEECH, SAD), 4)]),
    "bal_train/01": tfrecord([clip(9, (SPEECH,))]),
    "eval/00": tfrecord([clip(1), clip(200)]),
    "eval/01": tfrecord([clip(5)]),
}


class CountingEncoder:
    """Encodes, and counts the clips that it was given."""

    def __init__(self) -> None:
        self.clips = 0

    def __call__(self, encoder: Artifact, frames: Bytes, frame_counts: Counts) -> EncodedClips:
        self.clips += len(frames)
        return encode_clips(encoder, frames, frame_counts)


@pytest.fixture(autouse=True)
def _a_shard_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "PART_BYTES", 1)


@pytest.fixture
def encoder(tmp_path: Path) -> Artifact:
    return publish_encoder(tmp_path)


def publish_encoder(tmp_path: Path) -> Artifact:
    origin = Origin(recipe="fake", seed=0, code_revision="x", datasets={}, libraries={})
    vad = Space(name="vad", dimension=3, metric="squared_l2", lineage=READERS_VAD_LINEAGE)
    described = Description(kind="music_encoder", spaces=[vad], counts={}, origin=origin, quality={})
    return artifacts.publish(tmp_path / "artifacts", described, lambda folder: None)


@pytest.fixture
def counting() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def hearing(encoder: Artifact, counting: CountingEncoder) -> Hearing:
    return Hearing(encoder, counting, CLASSES)


@pytest.fixture
def spool_settings(tmp_path: Path) -> SpoolSettings:
    write_archive(tmp_path, SHARDS)
    return SpoolSettings(tmp_path / "spool")


def hear(hearing: Hearing, spool_settings: SpoolSettings) -> list[Path]:
    return spool_music(spool_settings.folder.parent, SPLITS, hearing, spool_settings)


def rows(music: Music) -> list[list[object]]:
    return [list(row.values()) for row in music.facts.to_pylist()]


def test_music_is_gathered_by_clip_id(hearing: Hearing, spool_settings: SpoolSettings) -> None:
    files = hear(hearing, spool_settings)
    assert [len(read_part(file)) for file in files] == [2, 0, 2, 1]
    music = read_music(files)
    assert rows(music) == [
        [f"{1:011}@1", f"{1:011}", 1, 11, [MUSIC], []],
        [f"{3:011}@3", f"{3:011}", 3, 13, [SPEECH, SAD], [2]],
        [f"{5:011}@5", f"{5:011}", 5, 15, [MUSIC], []],
        [f"{7:011}@7", f"{7:011}", 7, 17, [MUSIC], []],
        [f"{200:011}@200", f"{200:011}", 200, 210, [MUSIC], []],
    ]
    frames = np.array([1, 3, 5, 7, 200], np.uint8)[:, None, None] * np.ones((1, 10, 128), np.uint8)
    expected = encode_clips(hearing.encoder, frames, np.array([10, 4, 10, 10, 10], np.int32))
    for name, values in vars(expected).items():
        np.testing.assert_array_equal(getattr(music.encoded, name), values)


def test_a_finished_part_is_not_read_again(
    hearing: Hearing, counting: CountingEncoder, spool_settings: SpoolSettings
) -> None:
    files = hear(hearing, spool_settings)
    assert counting.clips == 5
    assert hear(hearing, spool_settings) == files
    assert counting.clips == 5


def test_a_job_goes_on_where_damage_stopped_it(
    hearing: Hearing, counting: CountingEncoder, spool_settings: SpoolSettings, tmp_path: Path
) -> None:
    damaged = bytearray(SHARDS["eval/00"])
    damaged[-100] ^= 1
    write_archive(tmp_path, SHARDS | {"eval/00": bytes(damaged)})
    with pytest.raises(DataError, match=r"features\.tar\.gz: .*eval/00\.tfrecord: record 1: wrong CRC"):
        hear(hearing, spool_settings)
    assert counting.clips == 2
    write_archive(tmp_path, SHARDS)
    assert len(read_music(hear(hearing, spool_settings))) == 5
    assert counting.clips == 5


def test_another_encoder_or_content_is_encoded_anew(
    hearing: Hearing, counting: CountingEncoder, spool_settings: SpoolSettings, tmp_path: Path
) -> None:
    first = hear(hearing, spool_settings)
    other = Hearing(publish_encoder(tmp_path), counting, CLASSES)
    assert set(hear(other, spool_settings)).isdisjoint(first)
    assert counting.clips == 10
    write_archive(tmp_path, SHARDS | {"eval/01": tfrecord([clip(6)])})
    assert hear(hearing, spool_settings)[:3] == first[:3]
    assert counting.clips == 11


def test_a_part_that_fails_leaves_no_file(encoder: Artifact, spool_settings: SpoolSettings) -> None:
    def stray(*arguments: object) -> EncodedClips:
        encoded = encode_clips(*arguments)
        encoded.timbre[1] = np.nan
        return encoded

    with pytest.raises(ArtifactError, match=r"timbre: clip 00000000003@3 is at \[nan.*not finite"):
        hear(Hearing(encoder, stray, CLASSES), spool_settings)
    assert list(spool_settings.folder.iterdir()) == []


def test_a_half_written_part_never_counts(
    hearing: Hearing, spool_settings: SpoolSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", lambda path, target: (_ for _ in ()).throw(OSError("power cut")))
        with pytest.raises(OSError, match="power cut"):
            hear(hearing, spool_settings)
    assert list(spool_settings.folder.glob("*.spool")) == []
    assert len(read_music(hear(hearing, spool_settings))) == 5


def test_a_damaged_spool_file_is_named_with_its_remedy(
    hearing: Hearing, spool_settings: SpoolSettings
) -> None:
    files = hear(hearing, spool_settings)
    whole = files[2].read_bytes()
    changed = [bytes([*whole[:at], whole[at] ^ 1, *whole[at + 1 :]]) for at in range(0, len(whole), 97)]
    for content in (whole[:-50], whole[:7], b"", whole + b"x", *changed):
        files[2].write_bytes(content)
        with pytest.raises(DataError, match=rf"{files[2].name}: damaged .*; delete it and run again"):
            read_part(files[2])
    with pytest.raises(DataError, match=f"{files[2].name}: damaged"):
        hear(hearing, spool_settings)


def test_a_folder_that_cant_be_is_refused(hearing: Hearing, spool_settings: SpoolSettings) -> None:
    spool_settings.folder.write_text("a file")
    with pytest.raises(
        DataError, match=rf"^{spool_settings.folder}: not a folder for spool files: File exists$"
    ):
        hear(hearing, spool_settings)


def test_several_processes_write_what_one_writes(encoder: Artifact, spool_settings: SpoolSettings) -> None:
    hearing = Hearing(encoder, encode_clips, CLASSES)
    alone = hear(hearing, spool_settings)
    together = hear(hearing, SpoolSettings(spool_settings.folder.parent / "more", workers=2))
    assert [file.name for file in together] == [file.name for file in alone]
    assert [file.read_bytes() for file in together] == [file.read_bytes() for file in alone]


def test_damage_that_a_process_finds_is_told_as_if_it_were_found_here(
    encoder: Artifact, tmp_path: Path, spool_settings: SpoolSettings
) -> None:
    write_archive(tmp_path, SHARDS | {"eval/00": tfrecord([clip(1), clip_record(labels=(527,))])})
    hearing = Hearing(encoder, encode_clips, CLASSES)
    with pytest.raises(DataError, match=r"eval/00\.tfrecord: record 1: labels: 0 to 526, got \(527,\)"):
        hear(hearing, SpoolSettings(spool_settings.folder, workers=2))


def test_a_process_that_is_ended_is_told(encoder: Artifact, spool_settings: SpoolSettings) -> None:
    hearing = Hearing(encoder, die, CLASSES)
    with pytest.raises(DataError, match=r"a process that encoded clips was ended; .* go on from .*spool"):
        hear(hearing, SpoolSettings(spool_settings.folder, workers=2))


def test_workers_end_with_a_job_that_is_killed(encoder: Artifact, spool_settings: SpoolSettings) -> None:
    hearing = Hearing(encoder, hang, CLASSES)
    arguments = (
        spool_settings.folder.parent,
        SPLITS,
        hearing,
        SpoolSettings(spool_settings.folder, workers=2),
    )
    job = get_context("spawn").Process(target=spool_music, args=arguments)
    job.start()
    wait_until(lambda: any(encoder.path.parent.glob("1.*")))
    job.kill()
    job.join()
    workers = [int(path.suffix[1:]) for path in encoder.path.parent.glob("1.*")]
    wait_until(lambda: all(map(has_ended, workers)))


@pytest.mark.parametrize("output", ["moods", "facets", "traits", "vad"])
def test_what_lies_out_of_range_is_named_with_its_clip(
    encoder: Artifact, spool_settings: SpoolSettings, output: str
) -> None:
    def stray(*arguments: object) -> EncodedClips:
        encoded = encode_clips(*arguments)
        getattr(encoded, output)[1, 0] = 1.5
        return encoded

    with pytest.raises(ArtifactError, match=rf"{output}: clip 00000000003@3 is at .*not in \[0, 1\]"):
        hear(Hearing(encoder, stray, CLASSES), spool_settings)


def test_an_output_of_another_width_is_refused(encoder: Artifact, spool_settings: SpoolSettings) -> None:
    def narrow(*arguments: object) -> EncodedClips:
        encoded = encode_clips(*arguments)
        return replace(encoded, facets=encoded.facets[:, :11])

    with pytest.raises(ArtifactError, match=r"facets float32\(2, 11\) for 2 clips"):
        hear(Hearing(encoder, narrow, CLASSES), spool_settings)


@pytest.mark.parametrize(
    ("flags", "offence"),
    [
        (["--workers", "0"], "--workers: 1 to 64 processes, got 0"),
        (["--workers", "65"], "--workers: 1 to 64 processes, got 65"),
        (["--workers", "two"], "--workers: 1 to 64 processes, got two"),
        (["--splits", "train"], "--splits: invalid choice: 'train'"),
        (["--splits"], "--splits: expected at least one argument"),
    ],
)
def test_flags_that_make_no_sense_are_refused(
    flags: list[str], offence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["index", *flags])
    with pytest.raises(SystemExit) as ended:
        index_job.main()
    assert ended.value.code == 2
    assert offence in capsys.readouterr().err
