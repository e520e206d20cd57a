"""The training side's benchmark: the data set that it makes, and how it takes times and memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from audioset_files import MUSIC, SAD, SPEECH, clip_record, tfrecord, write_archive, write_ontology
from bench.memory import PeakMemory
from bench.training_child import Stopwatch, timed
from bench.training_files import SHARD_CLIPS, SPLIT, write_data_set
from training.data.audioset import iterate_clips, load_clips

CLIPS = SHARD_CLIPS + 7


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """Two pieces of music, two other clips, and one of too few frames."""
    folder = tmp_path / "real"
    (folder / "goemotions").mkdir(parents=True)
    write_ontology(folder)
    records = [
        clip_record("musicmusic1", labels=(MUSIC,), frames=[bytes([1]) * 128] * 10),
        clip_record("musicmusic2", labels=(SAD, SPEECH), frames=[bytes([2]) * 128] * 10),
        clip_record("otherother3", labels=(SPEECH,), frames=[bytes([3]) * 128] * 10),
        clip_record("otherother4", labels=(SPEECH,), frames=[bytes([4]) * 128] * 10),
        clip_record("short-music", labels=(MUSIC,), frames=[bytes([5]) * 128] * 9),
    ]
    write_archive(folder, {"bal_train/00": tfrecord(records), "eval/00": tfrecord(records[:1])})
    return folder


def test_new_clips_are_spliced_of_two_of_their_kind(real: Path, tmp_path: Path) -> None:
    write_data_set(real, tmp_path / "made", CLIPS, music_share=0.5)
    clips = load_clips(tmp_path / "made", SPLIT)
    assert len(clips) == len(set(clips.clip_ids)) == CLIPS
    assert (clips.frame_counts == 10).all()
    is_music = [labels != (SPEECH,) for labels in clips.labels]
    assert 0.4 < sum(is_music) / CLIPS < 0.6
    for music, frames in zip(is_music, clips.frames, strict=True):
        assert set(frames.ravel().tolist()) <= ({1, 2} if music else {3, 4})


def test_other_data_stay_where_they_are(real: Path, tmp_path: Path) -> None:
    write_data_set(real, tmp_path / "made", 1, music_share=1)
    assert (tmp_path / "made" / "goemotions").resolve() == real / "goemotions"
    assert len(list(iterate_clips(tmp_path / "made", "bal_train"))) == 5
    assert len(list(iterate_clips(tmp_path / "made", SPLIT))) == 1


def test_stages_are_timed_where_they_are_called() -> None:
    with timed({"dump": "json.dumps", "load": "json.loads"}) as stages:
        import json

        assert json.loads(json.dumps([1] * 100_000)) == [1] * 100_000
    assert stages["dump"].seconds > 0
    assert stages["load"].cpu_seconds > 0
    assert stages["dump"].figures().keys() == {"seconds", "cpu_seconds"}


def test_a_stopwatch_adds_up() -> None:
    watch = Stopwatch()
    for _ in range(2):
        before = watch.seconds
        with watch:
            pass
        assert watch.seconds > before


def test_peaks_are_those_of_a_process_and_its_children() -> None:
    child = "held = bytearray(50_000_000); print(flush=True); input()"
    run = f"subprocess.run([sys.executable, '-c', {child!r}], stdin=sys.stdin, check=True)"
    command = [sys.executable, "-c", f"import subprocess, sys; {run}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()  # the child holds it by now
        memory = PeakMemory(process.pid)
        memory.look()
        process.stdin.close()
        process.stdin = None
    figures = memory.figures()
    assert 50 < figures["largest_child"] < 200
    assert 1 < figures["job"] < 50
    assert figures["sum"] == pytest.approx(figures["job"] + figures["largest_child"], abs=0.2)
