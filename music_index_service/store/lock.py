"""The file beside a store that lets one process in, and remembers that there was a store."""

import fcntl
import os
from pathlib import Path

from ambiance.errors import StorageError
from music_index_service.store.faults import storage_errors

_MADE = b"a clip store was made here\n"


class StoreLock:
    """Held while a store is open; the system lets go of it however the process ends.

    Its file tells an emptied store from one that is to be made: SQLite takes a database of 0 bytes for a new
    one, and every clip would be gone without a word.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock of the store at `path`.

        Raises:
            StorageError: if another store has it, or the folder can't be written to.
        """
        self._path = path.with_name(f"{path.name}.lock")
        with storage_errors(self._path):
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            # Of the open file, not of the process: it keeps out a second store of the same process, too.
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise StorageError(f"{path}: is in use already; one process opens it at a time") from None

    @property
    def made(self) -> bool:
        """Whether a store was made here, now or once."""
        return os.pread(self._descriptor, len(_MADE), 0) == _MADE

    def remember(self) -> None:
        """Note durably that the store is made."""
        with storage_errors(self._path):
            os.pwrite(self._descriptor, _MADE, 0)
            os.fsync(self._descriptor)
            sync_folder(self._path.parent)

    def release(self) -> None:
        """Let another store in."""
        os.close(self._descriptor)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
