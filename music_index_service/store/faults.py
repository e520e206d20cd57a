"""What SQLite and the file system raise, as a sentence that names the file and says what to do."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ambiance.errors import StorageError, StorageFullError

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}  # the latter: no room for the index of the log
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Raise StorageError for what SQLite or the file system report of the store at `path`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if told := _told(path, error):
            raise told from error
        raise


def sqlite_code(error: BaseException | None) -> int:
    """SQLite's extended result code; 0 if the error doesn't come from SQLite itself."""
    return getattr(error, "sqlite_errorcode", 0)


def damaged(path: Path, why: object) -> StorageError:
    """Of a file that holds something else than what was written to it."""
    return StorageError(f"{path}: is damaged ({why}); restore it from a backup")


def _told(path: Path, error: sqlite3.Error | OSError) -> StorageError | None:
    code = sqlite_code(error)
    primary = code & 0xFF
    if _FULL & {code, primary} or getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}:
        return StorageFullError(f"{path}: the disk is full; nothing of this was written")
    if isinstance(error, OSError) or primary in _UNWRITABLE:
        return StorageError(f"{path}: can't be written to ({getattr(error, 'strerror', None) or error})")
    undecodable = not code and isinstance(
        error, sqlite3.OperationalError
    )  # what sqlite3 makes of rotten text
    if undecodable or primary in _DAMAGED:
        return damaged(path, error)
    if primary == sqlite3.SQLITE_BUSY:
        return StorageError(f"{path}: another program keeps it locked")
    if primary == sqlite3.SQLITE_IOERR:
        return StorageError(f"{path}: the disk failed ({error}, {getattr(error, 'sqlite_errorname', code)})")
    return StorageError(f"{path}: {error}") if code else None  # without a code it is a mistake of ours
