"""Which files of a folder are heard, and what is said of the others."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from ambiance.audio.folder import find_recordings
from ambiance.errors import InvalidInputError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(root: Path, paths: list[Path]) -> list[str]:
    return [path.relative_to(root.resolve()).as_posix() for path in paths]


def test_recordings_are_found_at_any_depth_in_order(tmp_path: Path) -> None:
    given = ["b/2.FLAC", "a.wav", "b/1.mp3", "b/c/d/x.ogg"]
    touch(*(tmp_path / name for name in [*given, "cover.jpg", "b/list.m3u", "noext"]))
    found = find_recordings(tmp_path)
    assert names(tmp_path, found.recordings) == sorted(given)
    assert (found.rejects, found.other_count) == ([], 3)


def test_sound_that_is_not_decoded_is_told_of(tmp_path: Path) -> None:
    touch(tmp_path / "a.m4a")
    found = find_recordings(tmp_path)
    assert [reason for _, reason in found.rejects] == [".m4a isn't read; wav, flac, mp3 and ogg are"]


def test_links_are_followed_to_each_folder_once(tmp_path: Path) -> None:
    touch(tmp_path / "z" / "1.wav", tmp_path / "outside" / "2.wav")
    root = tmp_path / "root"
    touch(root / "z" / "1.wav")
    (root / "a-link").symlink_to(root / "z")  # sorts before what it leads to
    (root / "z" / "up").symlink_to(root)  # a loop
    (root / "elsewhere").symlink_to(tmp_path / "outside")
    (root / "3.wav").symlink_to(root / "z" / "1.wav")
    found = find_recordings(root)
    assert names(root, found.recordings) == ["3.wav", "elsewhere/2.wav", "z/1.wav"]
    assert sorted(names(root, [path for path, _ in found.rejects])) == ["a-link", "z/up"]
    assert all("was read already" in reason for _, reason in found.rejects)


def test_links_that_lead_nowhere_or_to_themselves_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "a.wav").symlink_to(tmp_path / "a.wav")
    (tmp_path / "b.wav").symlink_to(tmp_path / "nothing")
    found = find_recordings(tmp_path)
    assert not found.recordings
    reasons = {path.name: reason for path, reason in found.rejects}
    assert reasons["b.wav"] == "No such file or directory"
    assert "symbolic links" in reasons["a.wav"]


def test_a_folder_that_cannot_be_read_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a.wav", tmp_path / "shut" / "b.wav")
    scandir = os.scandir

    def refusing(path: Path) -> Any:  # root, as whom tests may run, reads every folder
        if path.name == "shut":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = find_recordings(tmp_path)
    assert names(tmp_path, found.recordings) == ["a.wav"]
    assert found.rejects == [(tmp_path.resolve() / "shut", "Permission denied")]


@pytest.mark.parametrize("kind", ["missing", "file", "loop"])
def test_what_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "music"
    if kind == "file":
        path.touch()
    if kind == "loop":
        path.symlink_to(path)
    with pytest.raises(InvalidInputError, match=r"^DIR: a folder that can be read, got "):
        find_recordings(path)


def test_names_that_are_not_utf8_are_found(tmp_path: Path) -> None:
    touch(tmp_path / os.fsdecode(b"caf\xe9.wav"))
    [path] = find_recordings(tmp_path).recordings
    assert os.fsencode(path.name) == b"caf\xe9.wav"
