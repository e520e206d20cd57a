"""`ambiance import-audio` from files to a service that keeps the contract, with random weights."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ambiance import cli
from ambiance.audio import hearing
from fake_catalogue import FakeCatalogue
from support import Serve
from vggish_files import NARROW, random_weights, tone, write_recording

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return FakeCatalogue()


@pytest.fixture
def run(
    catalogue: FakeCatalogue, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """Runs the command on `tmp_path/music` with weights of a narrow network; returns its exit status."""
    target = serve(catalogue.application()).target
    weights = random_weights(tmp_path / "vggish.npz")
    monkeypatch.setattr(hearing, "Hearing", partial(hearing.Hearing, architecture=NARROW))
    monkeypatch.chdir(tmp_path)

    def run(*flags: str, create: bool = True) -> int:
        given = ["import-audio", "music", "--index", "own", "--target", target, *["--create"] * create]
        return cli.main([*given, "--weights", str(weights), *flags])

    return run


def test_tones_become_clips_that_hear_differently(
    run: Callable[..., int], catalogue: FakeCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for suffix, hertz in (("wav", 220), ("flac", 440), ("mp3", 880), ("ogg", 1_760)):
        sound = tone(hertz, 12, 44_100, channels=2)
        write_recording(tmp_path / "music" / f"{hertz}.{suffix}", sound, 44_100, title=f"Tone {hertz}")
    assert run() == 0
    assert "4 recordings imported, 0 rejected; clips: 4 created" in capsys.readouterr().out
    clips = list(catalogue.clips["own"].values())
    assert {clip.metadata.title for clip in clips} == {"Tone 220", "Tone 440", "Tone 880", "Tone 1760"}
    frames: list[Any] = [np.frombuffer(clip.vggish_frames, np.uint8).reshape(-1, 128) for clip in clips]
    assert [len(of_clip) for of_clip in frames] == [10] * 4
    for i, one in enumerate(frames):
        assert np.abs(one[4].astype(int) - one[5]).mean() < 30  # a tone stays what it is
        for other in frames[:i]:
            assert np.abs(one[5].astype(int) - other[5]).mean() > 2

    assert run() == 0
    assert "4 recordings were imported before" in capsys.readouterr().out
    assert len(catalogue.requests) == 4  # nothing was written again


def test_rejects_end_with_65_and_a_line_each(
    run: Callable[..., int], catalogue: FakeCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(tmp_path / "music" / "good.wav", tone(seconds=2))
    (tmp_path / "music" / "bad.wav").write_bytes(b"junk")
    assert run("--rejects", "no.jsonl") == 65
    assert "1 recordings imported, 1 rejected; clips: 1 created\nwhy: no.jsonl" in capsys.readouterr().out
    [line] = (tmp_path / "no.jsonl").read_text().splitlines()
    assert json.loads(line)["reason"] == "isn't sound that is read: Format not recognised"
    assert len(catalogue.clips["own"]) == 1


def test_files_stand_beside_the_folder(run: Callable[..., int], tmp_path: Path) -> None:
    write_recording(tmp_path / "music" / "good.wav", tone(seconds=2))
    assert run() == 0
    assert {path.name for path in tmp_path.iterdir()} == {"music", "music.own.import.jsonl", "vggish.npz"}
    (tmp_path / "music" / "bad.wav").write_bytes(b"junk")
    assert run() == 65
    assert (tmp_path / "music.rejects.jsonl").read_text().count("\n") == 1


def test_an_index_is_made_only_when_asked(
    catalogue: FakeCatalogue, run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "music").mkdir()
    assert run(create=False) == 2
    assert "index: no index 'own'; there are default; --create makes it" in capsys.readouterr().err
    assert "own" not in catalogue.clips
    assert run() == 0
    assert "own" in catalogue.clips
    assert run(create=False) == 0


def test_an_empty_folder_is_no_failure(run: Callable[..., int], tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    assert run() == 0


def test_a_package_that_is_not_installed_is_one_sentence(run: Callable[..., int], tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    without = "import sys; sys.modules['soundfile'] = None; from ambiance import cli; sys.exit(cli.main())"
    given = ["import-audio", "music", "--index", "own", "--weights", "vggish.npz"]
    ended = subprocess.run(
        [sys.executable, "-c", without, *given], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "ambiance import-audio: needs soundfile, which the extra audio brings: pip"
    )
    assert ended.stderr.count("\n") == 1


def test_missing_weights_are_one_sentence(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "music").mkdir()
    assert run("--weights", "none.npz") == 1
    said = capsys.readouterr().err
    assert said.startswith("ambiance: none.npz: VGGish's weights aren't there; `make vggish`")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "status", "said"),
    [
        (["--window", "0.5"], 2, "--window: 1 to 576 seconds, got 0.5"),
        (["--window", "nan"], 2, "--window: 1 to 576 seconds, got nan"),
        (["--state", "/"], 2, "--state: /: Is a directory"),
        (["--rejects", "/none/x"], 2, "--rejects: /none/x: No such file or directory"),
        (["--target", "127.0.0.1:1"], 69, "music index service"),
    ],
)
def test_bad_flags_are_named(
    run: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    status: int,
    said: str,
) -> None:
    (tmp_path / "music").mkdir()
    assert run(*flags) == status
    assert said in capsys.readouterr().err


def test_no_folder_is_bad_input(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    assert "DIR: a folder that can be read, got 'music': No such file" in capsys.readouterr().err
