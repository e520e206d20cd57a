"""music_index_service.store on a bad day: each fault is one sentence, and nothing is lost or served wrong."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ambiance.errors import StorageError, StorageFullError
from ambiance.status_codes import to_status
from music_index_service.store.store import Change, Kept, State, Store
from small_disks import small_disk

NOBODY = 65534


def written(clip_id: str, document: bytes = b"document") -> Change:
    return Change(clip_id, State.WRITTEN, document)


def filled(path: Path, commits: int = 20) -> dict[str, Kept]:
    """A store of 20 clips a commit, a kilobyte each, that was closed."""
    rng = random.Random(0)
    with Store.open(path) as store:
        for i in range(commits):
            store.commit([written(f"clip {i} {j}", rng.randbytes(1_000)) for j in range(20)])
        return {kept.clip_id: kept for kept in store.since(0)}


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Nobody's rights, since root may write to whatever is read-only."""
    for above in (folder, *folder.parents[:3]):
        above.chmod(above.stat().st_mode | 0o055)
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def commit_until_refused(store: Store, acknowledged: dict[str, int]) -> None:
    for i in range(1_000):
        acknowledged[f"clip {i}"] = store.commit([written(f"clip {i}", bytes([i % 256]) * 5_000)])


def fill(path: Path) -> None:
    with path.open("wb", 0) as file, suppress(OSError):
        while True:
            file.write(bytes(4_096))


@pytest.mark.parametrize("checkpoint_pages", [16_000, 20])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_full_disk_refuses_and_goes_on_once_there_is_room(
    tmp_path: Path, restarts: bool, checkpoint_pages: int
) -> None:
    with small_disk(tmp_path / "disk", 2_048) as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(1_200_000))
        store = Store.open(disk / "clips.sqlite")
        store._writer._connection.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
        acknowledged: dict[str, int] = {}
        with pytest.raises(
            StorageFullError, match=r": the disk is full; nothing of this was written$"
        ) as full:
            commit_until_refused(store, acknowledged)
        assert to_status(full.value).code.name == "RESOURCE_EXHAUSTED"
        assert len(acknowledged) > 10
        assert {kept.clip_id: kept.sequence for kept in store.since(0)} == acknowledged
        if restarts:
            store.close()
        filler.unlink()
        store = Store.open(disk / "clips.sqlite") if restarts else store
        assert {kept.clip_id: kept.sequence for kept in store.since(0)} == acknowledged
        assert store.commit([written("after")]) == len(acknowledged) + 1
        store.check()
        store.close()
        with Store.open(disk / "clips.sqlite") as store:
            assert len(list(store.since(0))) == len(acknowledged) + 1


def test_a_store_opens_on_no_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1_024) as disk:
        kept = filled(disk / "clips.sqlite", 5)
        fill(disk / "filler")
        for name in ("clips.sqlite", "new/clips.sqlite"):
            with pytest.raises(StorageFullError, match=r"the disk is full"):
                Store.open(disk / name)
        (disk / "filler").unlink()
        with Store.open(disk / "clips.sqlite") as store:
            assert {found.clip_id: found for found in store.since(0)} == kept


def test_what_finds_no_room_spoils_nobody_else(tmp_path: Path) -> None:
    """By SQLite's own limit of a database's size, wherever one can't mount a disk."""
    with Store.open(tmp_path / "clips.sqlite") as store:
        store.commit([written("before")])
        store._writer._connection.execute("PRAGMA max_page_count = 40")
        with pytest.raises(StorageFullError, match="the disk is full"):
            store.commit([written(f"large {i}", bytes(4_000)) for i in range(60)])
        assert store.commit([written("small")]) == 2
        store._writer._connection.execute("PRAGMA max_page_count = 1000000")
        assert store.commit([written(f"large {i}", bytes(4_000)) for i in range(60)]) == 3
        assert len(list(store.since(0))) == 62


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_cant_be_written_to(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "clips.sqlite"
    kept = filled(path, 1) if there else {}
    tmp_path.chmod(0o555)
    try:
        with unprivileged(tmp_path), pytest.raises(StorageError, match=r"can't be written to \(") as error:
            Store.open(path)
    finally:
        tmp_path.chmod(0o755)
    assert str(path) in str(error.value)
    assert to_status(error.value).code.name == "FAILED_PRECONDITION"
    with Store.open(path) as store:
        assert {found.clip_id: found for found in store.since(0)} == kept


def test_a_read_only_database_in_a_folder_that_can_be_written_to(tmp_path: Path) -> None:
    path = tmp_path / "clips.sqlite"
    filled(path, 1)
    path.chmod(0o444)
    tmp_path.chmod(0o777)
    (tmp_path / "clips.sqlite.lock").chmod(0o666)
    with unprivileged(tmp_path), pytest.raises(StorageError, match=r"clips\.sqlite: can't be written to \("):
        Store.open(path)


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file" / "clips.sqlite", tmp_path / "file" / "deep" / "clips.sqlite"):
        with pytest.raises(StorageError, match=r"can't be written to \("):
            Store.open(path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match=r"folder: can't be written to \("):
        Store.open(tmp_path / "folder")


def set_pragma(pragma: str) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA {pragma}")
        connection.close()

    return edit


def make_table(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (
            lambda path: path.write_bytes(b"no database, but text " * 300),
            r"is damaged \(file is not a database",
        ),
        (halve, r"is damaged \(database disk image is malformed\); restore it from a backup$"),
        (lambda path: os.truncate(path, 50), r"is damaged \(database disk image is malformed\)"),
        (lambda path: os.truncate(path, 0), r"is damaged \(it is empty or gone\); restore it from a backup$"),
        (lambda path: path.unlink(), r"is damaged \(it is empty or gone\); restore it from a backup$"),
        (make_table, r"no clip store, its application id is 0x0, not 0x416d6243$"),
        (set_pragma("application_id = 7"), r"no clip store, its application id is 0x7, not 0x416d6243$"),
        (set_pragma("user_version = 2"), r"a clip store of format 2, this program reads format 1$"),
    ],
)
def test_a_file_that_is_no_store_any_more_is_refused_and_left_alone(
    tmp_path: Path, harm: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "clips.sqlite"
    filled(path)
    harm(path)
    before = path.read_bytes() if path.exists() else None
    for _ in range(2):
        with pytest.raises(StorageError, match=rf"clips\.sqlite: {message}"):
            Store.open(path)
    assert (path.read_bytes() if path.exists() else None) == before


@pytest.mark.parametrize("seed", range(30))
def test_whatever_bytes_rot_nothing_wrong_is_read(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "clips.sqlite"
    kept = filled(path)
    rng = random.Random(seed)
    harmed = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 10, 100])):
        harmed[rng.randrange(100, len(harmed))] ^= rng.randrange(1, 256)
    path.write_bytes(harmed)
    complaints = []
    try:
        with Store.open(path) as store:
            for clip_id, truth in kept.items():
                try:
                    assert store.get([clip_id]).get(clip_id, truth) == truth
                except StorageError as error:
                    complaints.append(str(error))
            try:
                for found in store.since(0):
                    assert found == kept[found.clip_id]
            except StorageError as error:
                complaints.append(str(error))
            try:
                store.check()
                assert {found.clip_id: found for found in store.since(0)} == kept  # it hit what nobody reads
            except StorageError as error:
                complaints.append(str(error))
    except StorageError as error:
        complaints.append(str(error))
    assert all(str(path) in complaint for complaint in complaints)


def test_a_torn_log_opens_at_the_end_of_some_commit(tmp_path: Path) -> None:
    """What a loss of power leaves of the log, at whatever byte: a prefix of the commits, each whole."""
    path = tmp_path / "clips.sqlite"
    sizes = {}
    rng = random.Random(0)
    with Store.open(path) as store:
        for i in range(1, 21):
            store.commit([written(f"clip {j}", f"{i}".encode() * 500) for j in range(rng.randrange(1, 9))])
            sizes[i] = (tmp_path / "clips.sqlite-wal").stat().st_size
        copies = {name: (tmp_path / name).read_bytes() for name in ("clips.sqlite", "clips.sqlite-wal")}
        lock = (tmp_path / "clips.sqlite.lock").read_bytes()
        history = [dict[str, str]()]
    rng = random.Random(0)
    for i in range(1, 21):
        history.append(history[-1] | {f"clip {j}": f"{i}" * 500 for j in range(rng.randrange(1, 9))})
    for cut in [*sizes.values(), *(rng.randrange(sizes[1], sizes[20]) for _ in range(40))]:
        torn = tmp_path / "torn"
        torn.mkdir()
        (torn / "clips.sqlite").write_bytes(copies["clips.sqlite"])
        garbage = rng.randbytes(rng.choice([0, 100, 9_000]))
        (torn / "clips.sqlite-wal").write_bytes(copies["clips.sqlite-wal"][:cut] + garbage)
        (torn / "clips.sqlite.lock").write_bytes(lock)
        with Store.open(torn / "clips.sqlite") as store:
            held = max(i for i, size in sizes.items() if size <= cut)
            assert store.sequence == held
            assert {kept.clip_id: kept.document.decode() for kept in store.since(0)} == history[held]
            store.check()
        shutil.rmtree(torn)


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    path = tmp_path / "clips.sqlite"
    program = (
        "import sys; from pathlib import Path; from music_index_service.store.store import Store\n"
        "try: Store.open(Path(sys.argv[1]))\n"
        "except Exception as error: sys.exit(f'{type(error).__name__} {error}')"
    )
    command = [sys.executable, "-c", program, str(path)]
    with Store.open(path):
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        with pytest.raises(StorageError, match="is in use already"):
            Store.open(path)
    assert refused.stderr == f"StorageError {path}: is in use already; one process opens it at a time\n"
    assert subprocess.run(command, check=False).returncode == 0


def test_flushes_each_commit_before_it_returns(tmp_path: Path) -> None:
    with Store.open(tmp_path / "clips.sqlite") as store:
        pragmas = {
            name: store._writer._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("synchronous", "journal_mode", "fullfsync", "checkpoint_fullfsync")
        }
    assert pragmas == {"synchronous": 2, "journal_mode": "wal", "fullfsync": 1, "checkpoint_fullfsync": 1}


class FailingFlush:
    """A connection whose next COMMIT fails as one does when the disk refuses to flush."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self.fails = connection, True

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        if sql == "COMMIT" and self.fails:
            self.fails = False
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error
        return self._connection.execute(sql, *parameters)


def test_after_a_flush_that_failed_nothing_is_acknowledged(tmp_path: Path) -> None:
    with Store.open(tmp_path / "clips.sqlite") as store:
        store.commit([written("before")])
        store._writer._connection = FailingFlush(store._writer._connection)  # type: ignore[assignment]
        with pytest.raises(StorageError, match=r"clips\.sqlite: the disk failed \(disk I/O error, "):
            store.commit([written("lost")])
        with pytest.raises(StorageError, match="failed to flush; restart to read what it holds"):
            store.commit([written("later")])
        assert [kept.clip_id for kept in store.since(0)] == ["before"]
    with Store.open(tmp_path / "clips.sqlite") as store:
        assert store.commit([written("later")]) == 2
