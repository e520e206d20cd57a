"""music_index_service.live.compaction as the service runs it: a process that ends when its input does."""

import subprocess
import sys
from pathlib import Path

import pytest

from ambiance import artifacts
from live_models import clips
from music_index_service.live.compacted import KIND
from music_index_service.store.store import Change, State, Store

RELEASED = Path(__file__).parents[2] / "artifacts"


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """Compacts a store of three clips."""
    file = tmp_path / "clips.sqlite"
    store = Store.open(file)
    store.commit([Change(clip.id, State.WRITTEN, clip.SerializeToString()) for clip in clips(list("abc"), 1)])
    store.close()
    flags = {
        "--store": file,
        "--segments": tmp_path / "segments",
        "--artifacts": RELEASED,
        "--model-version": max(artifacts.versions(RELEASED, artifacts.MUSIC_INDEX)),
    }
    words = [str(word) for flag in flags.items() for word in flag]
    return [sys.executable, "-m", "music_index_service.live.compaction", *words]


def test_a_compaction_succeeds_while_whoever_started_it_lives(command: list[str], tmp_path: Path) -> None:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait() == 0, said
    assert artifacts.load(tmp_path / "segments", KIND).manifest.counts["clips"] == 3


def test_a_compaction_ends_with_whoever_started_it(command: list[str], tmp_path: Path) -> None:
    assert subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 1
    assert not list(tmp_path.rglob("manifest.json"))
