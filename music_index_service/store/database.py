"""The database file of a store: how it is opened, what it holds, and whether it is one of ours."""

import sqlite3
from pathlib import Path

from ambiance.errors import StorageError
from music_index_service.store.faults import damaged

APPLICATION_ID = 0x416D6243  # "AmbC"
FORMAT = 1

_BUSY_TIMEOUT_S = 10.0  # for a program beside us, a backup say: our own connections never wait for each other
_CACHE_KIB = 64 * 1024  # of the writer: the index of a few million ids
_CHECKPOINT_PAGES = (
    16_000  # 64 MB: fewer, larger checkpoints, and a log that is recovered in a fraction of a second
)

# A row stands where it was written last: REPLACE moves it to the end, so that reading by sequence goes
# through the file in its order. `checksum` is CRC-32 of all else: SQLite has none of its own.
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE clips (
  clip_id TEXT PRIMARY KEY NOT NULL,
  sequence INTEGER NOT NULL,
  state INTEGER NOT NULL,
  document BLOB NOT NULL,
  checksum INTEGER NOT NULL
);
CREATE INDEX clips_by_sequence ON clips (sequence, state);
CREATE TABLE settings (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
COMMIT;
"""

# Tells when it is opened, not at the first write, that the file can't be written to.
_TRIED = f"BEGIN; PRAGMA user_version = {FORMAT}; ROLLBACK;"


def connect_writer(path: Path, made: bool) -> sqlite3.Connection:
    """A connection that writes; makes the database if there is none and none was `made` before.

    Raises:
        StorageError: if the file isn't a clip store of this format, or holds nothing though it was made.
        sqlite3.Error: whatever SQLite finds.
    """
    # Looked at first: SQLite would throw away the log of an empty file.
    if made and not (path.exists() and path.stat().st_size):
        raise damaged(path, "it is empty or gone")
    connection = _connect(path)
    try:
        if _is_new(connection):
            if made:
                raise damaged(path, "it holds no table")
            _keep_log(connection, path)
            connection.executescript(_SCHEMA)
        _check_format(connection, path)
        _keep_log(connection, path)  # again for a file that someone took out of this mode
        connection.executescript(_TRIED)
        connection.execute("PRAGMA synchronous = FULL")  # the log is flushed before each commit returns
        connection.execute("PRAGMA fullfsync = ON")  # macOS: past the drive's own cache, too
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {2 * _CHECKPOINT_PAGES * 4096}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads, and leaves checkpoints to the writer."""
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, _BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def _keep_log(connection: sqlite3.Connection, path: Path) -> None:
    """Write ahead to a log, so that reads go on beside a write."""
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StorageError(f"{path}: lies on a file system that doesn't bear SQLite's write-ahead log")


def _is_new(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return not tables and not _pragma(connection, "application_id")


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    if (found := _pragma(connection, "application_id")) != APPLICATION_ID:
        raise StorageError(
            f"{path}: no clip store, its application id is {found:#x}, not {APPLICATION_ID:#x}"
        )
    if (found := _pragma(connection, "user_version")) != FORMAT:
        raise StorageError(f"{path}: a clip store of format {found}, this program reads format {FORMAT}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
