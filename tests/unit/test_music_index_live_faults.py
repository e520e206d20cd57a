"""music_index_service.live: what races with writes, and what is damaged, changes nothing that is found."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Thread
from unittest.mock import patch

import pytest

from ambiance.store.v1.stored_clip_pb2 import StoredClip
from live_catalogues import Catalogue
from live_models import clips, model
from music_index_service import live, preparation, store
from music_index_service.live.compacted import load_compacted
from music_index_service.live.compaction import compact
from music_index_service.live.write_outcome import Outcome


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    made = Catalogue(tmp_path, over_release=True)
    yield made
    made.index.close()


def test_a_report_undoes_no_write_that_was_acknowledged_meanwhile(catalogue: Catalogue) -> None:
    catalogue.index.upsert(clips(["own-1"], 0))
    done = Event()

    def report() -> None:
        while not done.is_set():
            for available in (False, True):
                catalogue.index.set_available(["own-1"], available)

    reporter = Thread(target=report)
    reporter.start()
    try:
        for seed in range(1, 60):
            [clip] = clips(["own-1"], seed)
            catalogue.index.upsert([clip])
            kept = StoredClip.FromString(catalogue.index.store.get(["own-1"])["own-1"].document)
            assert kept.heard == clip.heard, seed
    finally:
        done.set()
        reporter.join()


def test_the_same_write_twice_at_once_is_one_write(catalogue: Catalogue) -> None:
    start = Barrier(2)

    def write(clip_id: str) -> tuple[list[Outcome], int]:
        start.wait()
        return catalogue.index.upsert(clips([clip_id], 1))

    with ThreadPoolExecutor(2) as pool:
        for number in range(1, 21):
            both = list(pool.map(write, [f"own-{number}"] * 2))
            assert sorted(([outcome], sequence) == both[0] for [outcome], sequence in both) == [False, True]
            assert {outcome for [outcome], _ in both} == {Outcome.CREATED, Outcome.UNCHANGED}
            assert {sequence for _, sequence in both} == {number}


def test_a_compaction_that_was_overtaken_is_not_adopted(catalogue: Catalogue) -> None:
    catalogue.upsert(clips(["own-1", "own-2"], 1))
    catalogue.compact()
    older = load_compacted(catalogue.folder / "segments", catalogue.model)
    assert older is not None
    catalogue.upsert(clips(["own-3"], 1))
    catalogue.delete(["own-1", "r-001"])
    catalogue.compact()
    catalogue.index.adopt(older, catalogue.model)
    catalogue.check()
    catalogue.reopen()
    catalogue.check()


def test_what_was_compacted_on_another_release_is_not_adopted(catalogue: Catalogue) -> None:
    catalogue.upsert(clips(["own-1"], 1))
    store, segments = catalogue.folder / "clips.sqlite", catalogue.folder / "segments"
    compact(store, segments, catalogue.model, over_release=True)
    compacted = load_compacted(catalogue.folder / "segments", catalogue.model)
    assert compacted is not None
    catalogue.index.rebase(model(2), None)
    catalogue.index.adopt(compacted, catalogue.model)
    assert catalogue.index.compacted_count() == 0


def test_a_compaction_may_hold_a_write_that_is_not_yet_searched(catalogue: Catalogue) -> None:
    """It reads the store, where each write is first; what that replaces among the released clips must go."""
    commit = catalogue.index.store.commit

    def commit_slowly(*arguments: object) -> int:
        sequence = commit(*arguments)  # type: ignore[arg-type]
        catalogue.compact()
        return sequence

    with patch.object(catalogue.index.store, "commit", commit_slowly):
        catalogue.upsert(clips(["r-001", "own-1"], 1))
        catalogue.check()
        catalogue.delete(["r-002", "own-1"])
        catalogue.check()
        catalogue.mark(["r-003"], False)
        catalogue.check()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [truncate, flip, empty, Path.unlink, replace_by_folder])
def test_the_store_makes_up_for_any_damage_to_a_segment(
    catalogue: Catalogue, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Each file in turn, the manifest too, of the only segment and of the newer of two."""
    catalogue.upsert(clips(["own-1", "own-2"], 1))
    for number in (1, 2):
        catalogue.upsert(clips(["own-1", f"own-{number + 2}"], number + 1))
        catalogue.delete([f"r-{number:03d}"])
        catalogue.compact()
        catalogue.upsert(clips(["own-2"], number + 10))
        segment = catalogue.folder / "segments/segment" / str(number)
        names = sorted(path.relative_to(segment) for path in segment.rglob("*") if path.is_file())
        assert len(names) > 5
        for name in names:
            whole = (segment / name).read_bytes()
            damage(segment / name)
            caplog.clear()
            catalogue.reopen()
            catalogue.check()
            assert "no segment can be read" in caplog.text or "passed over a version" in caplog.text
            if (segment / name).is_dir():
                (segment / name).rmdir()
            (segment / name).write_bytes(whole)
    catalogue.reopen()
    assert catalogue.index.compacted_count() > 0


def test_nothing_that_is_written_is_ordered_by_a_clock() -> None:
    """Clocks jump: only what waits or measures may ask one, and none but the monotonic."""
    paths = [
        path for package in (live, store, preparation) for path in Path(package.__path__[0]).glob("*.py")
    ]
    clocks = re.compile(r"\b(?:datetime|monotonic|perf_counter|st_mtime|time\.time|utcnow)\b")
    asked = {(path.name, clock) for path in paths for clock in clocks.findall(path.read_text())}
    assert asked == {("keeper.py", "monotonic")}
