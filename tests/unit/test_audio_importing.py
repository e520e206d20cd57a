"""Importing a folder: what is written, what is noted, and what a second run does."""

import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ambiance.audio.folder import find_recordings
from ambiance.audio.importing import AudioImport, Summary
from ambiance.audio.journal import Entry, Journal
from ambiance.audio.listening import listen
from ambiance.clip_input import ClipInput
from ambiance.errors import InvalidInputError, UnavailableError, Violation
from ambiance.write_results import WriteOutcome, WriteResult
from vggish_files import tone, write_recording


class MemoryCatalogue:
    """What was written, by clip id; ids in `refused` aren't."""

    def __init__(self) -> None:
        self.clips: dict[str, ClipInput] = {}
        self.calls_left = 1_000
        self.refused_titles: set[str] = set()
        self.batches: list[int] = []

    def upsert_clips(self, clips: Sequence[ClipInput], *, index: str) -> list[WriteResult]:
        if not self.calls_left:
            raise UnavailableError("music index service at localhost:1: gone")
        self.calls_left -= 1
        self.batches.append(len(clips))
        results = []
        for i, clip in enumerate(clips):
            if clip.title in self.refused_titles:
                said = (Violation(f"clips[{i}].metadata.title", "at most 1,000 characters"),)
                results.append(WriteResult(clip.id, WriteOutcome.REFUSED, said))
                continue
            known = clip.id in self.clips
            results.append(WriteResult(clip.id, WriteOutcome.UPDATED if known else WriteOutcome.CREATED))
            self.clips[clip.id] = clip
        return results

    def delete_clips(self, clip_ids: Sequence[str], *, index: str) -> list[WriteResult]:
        for clip_id in clip_ids:
            del self.clips[clip_id]
        return [WriteResult(clip_id, WriteOutcome.DELETED) for clip_id in clip_ids]


class Run:
    """Imports of one folder into one index, each from a journal that is read anew."""

    def __init__(self, folder: Path) -> None:
        self.music = folder / "music"
        self.music.mkdir()
        self.journal = folder / "journal"
        self.catalogue = MemoryCatalogue()
        self.rejects: list[dict[str, str]] = []
        self.heard = 0

    def __call__(self, *, window: float = 10.0, restart: bool = False) -> Summary:
        rejects = io.StringIO()
        try:
            with Journal(self.journal, "--state") as journal:
                task = AudioImport(
                    self.catalogue,
                    self.hear,
                    journal,
                    rejects,
                    index="own",
                    window_seconds=window,
                    settings=f"window {window}",
                    restart=restart,
                )
                return task.run(find_recordings(self.music))
        finally:
            self.rejects = [json.loads(line) for line in rejects.getvalue().splitlines()]

    def hear(self, examples: Any) -> Any:
        self.heard += len(examples)
        return np.full((len(examples), 128), 7, np.uint8)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_a_recording_becomes_a_clip_for_each_window(run: Run) -> None:
    path = write_recording(run.music / "a b.flac", tone(seconds=25), title="T", artist="A", album="B")
    summary = run()
    assert (summary.imported, summary.outcomes) == (1, {WriteOutcome.CREATED: 3})
    clips = list(run.catalogue.clips.values())
    assert [(clip.start_seconds, clip.end_seconds) for clip in clips] == [(0, 10), (10, 20), (20, 25)]
    track = clips[0].track_id
    assert [clip.id for clip in clips] == [f"{track}@0", f"{track}@10", f"{track}@20"]
    assert {(c.title, c.artist, c.album, c.track_id, c.duration_seconds) for c in clips} == {
        ("T", "A", "B", track, 25.0)
    }
    assert clips[0].uri == f"file://{path.resolve().parent}/a%20b.flac"
    assert [np.shape(clip.frames) for clip in clips] == [(10, 128), (10, 128), (5, 128)]


def test_a_recording_without_a_title_is_called_by_its_file(run: Run) -> None:
    write_recording(run.music / "So What.wav", tone(seconds=2))
    write_recording(run.music / "b.wav", tone(seconds=2)).rename(run.music / os.fsdecode(b"caf\xe9.wav"))
    run()
    titles = {clip.title: clip.uri for clip in run.catalogue.clips.values()}
    assert titles.keys() == {"So What", "caf\N{REPLACEMENT CHARACTER}"}
    assert titles["caf\N{REPLACEMENT CHARACTER}"].endswith("/caf%E9.wav")


def test_what_cannot_be_imported_is_noted_and_the_rest_goes_on(run: Run) -> None:
    write_recording(run.music / "good.wav", tone(seconds=2))
    write_recording(run.music / "silent.wav", 0 * tone(seconds=2))
    write_recording(run.music / "short.wav", tone(seconds=0.5))
    write_recording(run.music / "long title.wav", tone(seconds=2))
    write_recording(run.music / "eight.wav", tone(seconds=2, rate=192_000, channels=8), 192_000)
    (run.music / "empty.mp3").touch()
    (run.music / os.fsdecode(b"caf\xe9.ogg")).write_bytes(b"junk")
    (run.music / "x.m4a").touch()
    (run.music / "loop").symlink_to(run.music)
    run.catalogue.refused_titles = {"long title"}
    summary = run()
    assert (summary.imported, summary.rejected) == (2, 7)
    said = {Path(reject["path"]).name: reject["reason"] for reject in run.rejects}
    assert said == {
        "silent.wav": "is silent",
        "short.wav": "at least 0.975 s of sound, got 0.5 s",
        "long title.wav": "metadata.title: at most 1,000 characters",
        "empty.mp3": "is empty",
        "caf\\xe9.ogg": "isn't sound that is read: Format not recognised",
        "x.m4a": ".m4a isn't read; wav, flac, mp3 and ogg are",
        "loop": f"leads to a folder that was read already: {run.music}",
    }


def test_decoders_keep_their_thoughts_to_themselves(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_recording(run.music / "a.mp3", tone(seconds=20, rate=44_100), 44_100)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 700] = bytes(700)
    path.write_bytes(data)
    listen(path, 10, run.hear)
    assert capfd.readouterr().err  # libmpg123's
    run()
    assert capfd.readouterr().err == ""
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"


def test_a_second_run_hears_only_what_is_new_or_changed(run: Run) -> None:
    write_recording(run.music / "a.wav", tone(seconds=25))
    write_recording(run.music / "b.wav", tone(seconds=2))
    run()
    assert run.heard == 10 + 10 + 5 + 2
    write_recording(run.music / "c.wav", tone(seconds=2))
    write_recording(run.music / "a.wav", tone(seconds=12))
    summary = run()
    assert (run.heard, summary.imported, summary.skipped) == (27 + 10 + 2, 2, 1)
    starts = sorted(clip.start_seconds for clip in run.catalogue.clips.values())
    assert starts == [0, 0, 0]  # the windows that a.wav has no more are gone


def test_other_settings_replace_the_clips(run: Run) -> None:
    write_recording(run.music / "a.wav", tone(seconds=20))
    run()
    run(window=4)
    assert sorted(clip.start_seconds for clip in run.catalogue.clips.values()) == [0, 4, 8, 12, 16]


def test_restart_hears_everything(run: Run) -> None:
    write_recording(run.music / "a.wav", tone(seconds=2))
    run()
    assert run(restart=True).outcomes == {WriteOutcome.UPDATED: 1}


def test_what_was_rejected_is_tried_again(run: Run) -> None:
    write_recording(run.music / "a.wav", tone(seconds=2))
    run.catalogue.refused_titles = {"a"}
    assert run().rejected == 1
    run.catalogue.refused_titles = set()
    assert run().outcomes == {WriteOutcome.CREATED: 1}


def test_an_interrupted_import_goes_on_where_it_stopped(run: Run) -> None:
    for name in "abcd":
        write_recording(run.music / f"{name}.wav", tone(seconds=2))
    run.catalogue.calls_left = 2
    with pytest.raises(UnavailableError):
        run()
    assert len(run.catalogue.clips) == 2
    run.catalogue.calls_left = 1_000
    summary = run()
    assert (summary.skipped, summary.imported, len(run.catalogue.clips)) == (2, 2, 4)


def test_a_recording_of_more_clips_than_a_call_takes_is_sent_in_several(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ambiance.audio.importing.MAX_WRITTEN_CLIPS", 2)
    write_recording(run.music / "a.wav", tone(seconds=50))
    assert run().imported == 1
    assert run.catalogue.batches == [2, 2, 1]


TEARS: list[Callable[[bytes], bytes]] = [
    lambda data: data[:-9],
    lambda data: data[:-1],
    lambda data: data + b'{"uri": 3}\n',
    lambda data: data + b"\xff\x00junk",
    lambda data: data + b"[1]\nnull\n{}\n",
]


@pytest.mark.parametrize("tear", TEARS)
def test_torn_lines_of_a_journal_count_for_nothing(tmp_path: Path, tear: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "journal"
    entries = [Entry(f"file:///{i}.wav", i, i, "s", (f"{i}@0",)) for i in range(3)]
    with Journal(path, "--state") as journal:
        for entry in entries[:2]:
            journal.add(entry)
    path.write_bytes(tear(path.read_bytes()))
    with Journal(path, "--state") as journal:
        assert journal.entry(entries[0].uri) == entries[0]
        journal.add(entries[2])
    with Journal(path, "--state") as journal:
        assert [journal.entry(entry.uri) for entry in (entries[0], entries[2])] == [entries[0], entries[2]]


def test_a_journal_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"^--state: .*: Is a directory"):
        Journal(tmp_path, "--state")


def test_a_recording_that_is_refused_since_it_changed_keeps_the_clips_it_had(run: Run) -> None:
    path = write_recording(run.music / "a.wav", tone(seconds=20), title="T")
    run()
    before = dict(run.catalogue.clips)
    write_recording(path, tone(seconds=10), title="long title")
    run.catalogue.refused_titles = {"long title"}
    assert run().rejected == 1
    assert run.catalogue.clips == before
    run.catalogue.refused_titles = set()
    run()
    assert [clip.title for clip in run.catalogue.clips.values()] == ["long title"]
