"""music_index_service.live.catalogues: indexes are made, dropped and found again, whatever else there is."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from unittest.mock import Mock

import pytest

from ambiance.errors import AmbianceError, InvalidInputError, NotFoundError, StorageError, StorageFullError
from clusters import wait_until
from live_models import clips, model
from music_index_service.live.catalogues import Catalogues
from music_index_service.live.compaction import compact
from music_index_service.live.model import IndexModel
from music_index_service.snapshot import IndexSnapshot
from music_index_service.store.store import Store


class Served:
    """What a service would answer from: the last snapshot of each index."""

    def __init__(self) -> None:
        self.snapshots: dict[str, IndexSnapshot] = {}

    def publish(self, snapshot: IndexSnapshot) -> None:
        self.snapshots[snapshot.name] = snapshot

    def withdraw(self, name: str) -> None:
        del self.snapshots[name]

    def ids(self, name: str) -> list[str]:
        snapshot = self.snapshots[name]
        return [snapshot.clip_id(handle) for handle in snapshot.page(1_000, "").handles]


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def open_all(tmp_path: Path, served: Served) -> Iterator[Callable[[], Catalogues]]:
    opened: list[Catalogues] = []

    def open_all() -> Catalogues:
        for each in opened:
            each.close()
        served.snapshots.clear()
        opened.append(Catalogues(tmp_path, tmp_path, model(), served.publish, served.withdraw))
        return opened[-1]

    yield open_all
    for each in opened:
        each.close()


def test_what_was_made_is_found_again(open_all: Callable[[], Catalogues], served: Served) -> None:
    catalogues = open_all()
    assert catalogues.create("songs")
    assert not catalogues.create("songs")
    catalogues.index("songs").upsert(clips(["a", "b"], 1))
    catalogues.index("").delete(["r-000"])
    open_all()
    assert served.ids("songs") == ["a", "b"]
    assert "r-000" not in served.ids("default")


def test_a_dropped_index_is_gone_while_writes_to_it_go_on(
    open_all: Callable[[], Catalogues], served: Served, tmp_path: Path
) -> None:
    catalogues = open_all()
    for _ in range(5):
        catalogues.create("songs")
        writing, ended = Event(), []

        def write(writing: Event = writing, ended: list[AmbianceError] = ended) -> None:
            for number in range(10_000):
                try:
                    catalogues.index("songs").upsert(clips([f"song-{number}"], 1))
                except AmbianceError as error:
                    ended.append(error)
                    return
                writing.set()

        writer = Thread(target=write)
        writer.start()
        writing.wait(10)
        catalogues.drop("songs")
        writer.join()
        assert ended
        assert set(served.snapshots) == {"default"}
        with pytest.raises(NotFoundError):
            catalogues.index("songs")
        assert [path.name for path in tmp_path.iterdir()] == ["default"]


def test_an_index_that_cant_be_dropped_is_served_on(
    open_all: Callable[[], Catalogues], served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogues = open_all()
    catalogues.create("songs")
    catalogues.index("songs").upsert(clips(["a"], 1))
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", Mock(side_effect=OSError(errno.EROFS, "Read-only file system")))
        with pytest.raises(
            StorageError, match=r"songs: can't be written to \(Read-only file system\)$"
        ) as refused:
            catalogues.drop("songs")
    assert refused.value.args[0].startswith(str(tmp_path))
    catalogues.index("songs").upsert(clips(["b"], 1))
    assert served.ids("songs") == ["a", "b"]
    open_all()
    assert served.ids("songs") == ["a", "b"]
    assert open_all().drop("songs") == 2
    assert set(served.snapshots) == {"default"}


def test_an_index_that_was_being_removed_does_not_come_back(
    open_all: Callable[[], Catalogues], served: Served, tmp_path: Path
) -> None:
    open_all().create("songs")
    open_all().close()
    (tmp_path / "songs").rename(tmp_path / ".dropped-songs")  # and then the process was killed
    open_all()
    assert set(served.snapshots) == {"default"}
    assert not (tmp_path / ".dropped-songs").exists()


def test_a_segment_of_writes_that_a_restored_store_lacks_is_removed(
    open_all: Callable[[], Catalogues], served: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalogues = open_all()
    catalogues.create("songs")
    songs = catalogues.index("songs")
    songs.upsert(clips(["a"], 1))
    catalogues.close()
    backup = (tmp_path / "songs/clips.sqlite").read_bytes()
    catalogues = open_all()
    catalogues.index("songs").upsert(clips(["lost"], 1))
    compact(tmp_path / "songs/clips.sqlite", tmp_path / "songs/segments", model(), over_release=False)
    catalogues.close()
    (tmp_path / "songs/clips.sqlite").write_bytes(backup)
    catalogues = open_all()
    assert served.ids("songs") == ["a"]
    assert "removed a segment of writes that the store doesn't know" in caplog.text
    catalogues.index("songs").upsert(clips(["b"], 1))  # which gets the number that "lost" had
    open_all()
    assert served.ids("songs") == ["a", "b"]


def test_a_store_that_is_gone_is_told_of(open_all: Callable[[], Catalogues], tmp_path: Path) -> None:
    open_all().create("songs")
    open_all().close()
    (tmp_path / "songs/clips.sqlite").unlink()
    with pytest.raises(StorageError, match=r"songs/clips.sqlite: is damaged \(it is empty or gone\)"):
        open_all()


def test_folders_that_are_no_indexes_are_left_alone(
    open_all: Callable[[], Catalogues], served: Served, tmp_path: Path
) -> None:
    for name in ("notes", "Old Songs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "clips.txt").write_text("mine")
    (tmp_path / "Old Songs" / "clips.sqlite").write_text("mine")
    open_all()
    assert set(served.snapshots) == {"default"}


def test_an_index_that_cannot_be_made_leaves_nothing(
    open_all: Callable[[], Catalogues], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: object, path: Path) -> None:
        raise StorageFullError(f"{path}: the disk is full; nothing of this was written")

    catalogues = open_all()
    with monkeypatch.context() as patch:
        patch.setattr("music_index_service.store.database._keep_log", fail)
        with pytest.raises(StorageFullError):
            catalogues.create("songs")
    assert [path.name for path in tmp_path.iterdir()] == ["default"]
    assert catalogues.create("songs")


def test_a_folder_that_another_process_writes_to_is_refused(
    open_all: Callable[[], Catalogues], tmp_path: Path
) -> None:
    with Store.open(tmp_path / "songs/clips.sqlite"), pytest.raises(StorageError, match="in use already"):
        open_all()
    open_all()  # what was opened of it meanwhile was let go again


def test_a_release_that_one_index_cannot_follow_changes_none(
    open_all: Callable[[], Catalogues], served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogues = open_all()
    catalogues.create("songs")
    rebase = catalogues.index("songs").rebase

    def fail(to: IndexModel, compacted: object) -> None:
        if to.released.version == 2:
            raise StorageError("songs: the disk failed")
        rebase(to, None)

    monkeypatch.setattr(catalogues.index("songs"), "rebase", fail)
    with pytest.raises(StorageError, match="the disk failed"):
        catalogues.rebase(model(2))
    assert served.snapshots["default"].version == 1
    assert {catalogues.index(name).model.released.version for name in ("default", "songs")} == {1}


@pytest.mark.parametrize("name", ["", "default/../x", "..", "A", "a" * 65, "1a", "a.b", "ä"])
def test_names_that_break_their_limits_make_nothing(
    open_all: Callable[[], Catalogues], tmp_path: Path, name: str
) -> None:
    with pytest.raises(InvalidInputError, match=r"^name: "):
        open_all().create(name)
    assert [path.name for path in tmp_path.iterdir()] == ["default"]


def test_what_cannot_be_compacted_is_told_of_once_a_minute_and_served(
    open_all: Callable[[], Catalogues],
    served: Served,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("music_index_service.live.keeper._PAUSE_S", 0.0)
    catalogues = open_all()  # whose folder of artifacts holds no release: no compaction can begin
    catalogues.index("").upsert(clips(["own-0"], 1))
    wait_until(lambda: "not compacted" in caplog.text)
    for number in range(1, 10):
        catalogues.index("").upsert(clips([f"own-{number}"], 1))
        assert f"own-{number}" in served.ids("default")
        time.sleep(0.4)  # a look at what is due takes 0.25 s
    [told] = [record for record in caplog.records if record.message == "not compacted"]
    assert "compaction failed: " in told.reason  # type: ignore[attr-defined]
