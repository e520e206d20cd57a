"""What no SIGKILL shows: names that were made or changed are flushed before anybody is told of them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ambiance import artifacts
from live_models import model
from music_index_service.live.catalogues import Catalogues

DESCRIPTION = artifacts.Description(
    kind="segment",
    spaces=[],
    counts={},
    origin=artifacts.Origin(recipe="test", seed=1, code_revision="abc", datasets={}, libraries={}),
    quality={},
)


class Disk:
    """Notes what this process makes, renames and flushes, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[tuple[str, Path]] = []
        self._note(monkeypatch, "fsync", lambda descriptor: os.readlink(f"/proc/self/fd/{descriptor}"))
        self._note(monkeypatch, "mkdir", lambda path, *_: path)
        self._note(monkeypatch, "rename", lambda _, path: path)

    def _note(self, monkeypatch: pytest.MonkeyPatch, call: str, path_of: Callable[..., Any]) -> None:
        real = getattr(os, call)

        def noted(*arguments: Any) -> Any:
            done = real(*arguments)
            self.steps.append((call, Path(path_of(*arguments))))
            return done

        monkeypatch.setattr(os, call, noted)

    def unflushed(self) -> list[Path]:
        """Names that a loss of power may still undo: their folder wasn't flushed after they changed."""
        last = {step: at for at, step in enumerate(self.steps)}
        changed = [(at, path) for (call, path), at in last.items() if call != "fsync"]
        return [path for at, path in changed if last.get(("fsync", path.parent), -1) < at]


def test_an_artifact_is_flushed_before_it_has_its_name_and_so_is_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    published = artifacts.publish(tmp_path, DESCRIPTION, lambda folder: _write(folder / "file"))
    named = disk.steps.index(("rename", published.path))
    flushed = {path.name for call, path in disk.steps[:named] if call == "fsync"}
    assert {"file", artifacts.MANIFEST_FILE, artifacts.MANIFEST_DIGEST_FILE} < flushed
    assert published.path not in disk.unflushed()


def test_an_index_that_was_made_or_deleted_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogues = Catalogues(tmp_path, tmp_path, model(), lambda _: None, lambda _: None)
    disk = Disk(monkeypatch)
    catalogues.create("songs")
    assert disk.unflushed() == []
    assert ("fsync", tmp_path / "songs") in disk.steps  # the names of its store's files
    disk.steps.clear()
    catalogues.drop("songs")
    assert [path for call, path in disk.steps if call == "rename"] == [tmp_path / ".dropped-songs"]
    assert disk.unflushed() == []
    catalogues.close()


def _write(path: Path) -> None:
    path.write_bytes(b"content")
