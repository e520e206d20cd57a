"""The truth of an index that is written to: the latest state of every clip, in one SQLite file.

Whatever is searched is derived from it, and may be thrown away: `since` tells a segment what it lacks.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType

from music_index_service.store.changes import Change, Kept, State, latest_of
from music_index_service.store.database import connect_writer
from music_index_service.store.faults import damaged, storage_errors
from music_index_service.store.lock import StoreLock, sync_folder
from music_index_service.store.readers import Readers
from music_index_service.store.reading import kept_since
from music_index_service.store.rows import COLUMNS, kept
from music_index_service.store.writer import Writer

__all__ = ["Change", "Kept", "State", "Store"]

_MAX_STATEMENT_IDS = 1_000
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


class Store:
    """Clips by id, each as its last commit left it. Threads may share it; one process opens it at a time."""

    def __init__(self, path: Path, lock: StoreLock, writer: Writer) -> None:
        self._path, self._lock, self._writer = path, lock, writer
        self._readers = Readers(path)

    @classmethod
    def open(cls, path: Path) -> "Store":
        """Open the store at `path`, or make it, its folder too; what a crash left behind is put right.

        Raises:
            StorageError: if another process has it open, it can't be written to, or it is damaged or another
                format's. StorageFullError: if the disk is full.
        """
        with storage_errors(path):
            _make_folder(path.parent)
        lock = StoreLock(path)
        try:
            with storage_errors(path):
                connection = connect_writer(path, lock.made)
                try:
                    if not lock.made:
                        lock.remember()
                    (sequence,) = connection.execute("SELECT max(sequence) FROM clips").fetchone()
                except BaseException:
                    connection.close()
                    raise
        except BaseException:
            lock.release()
            raise
        return cls(path, lock, Writer(connection, path, sequence or 0))

    def commit(self, changes: Sequence[Change], settings: Mapping[str, str] = _NO_SETTINGS) -> int:
        """Write changes, and settings with them, all or nothing; they are on disk when it returns.

        Of several changes of one id the last counts; of several commits, the one with the larger number.

        Returns:
            Number of this commit, larger than that of any before. Without changes, that of the last.

        Raises:
            InvalidInputError: if a change has no valid id, or no document where it needs one.
            StorageFullError: if the disk is full; nothing of this call was written, and it may be repeated.
            StorageError: if it can't be written for another reason.
        """
        return self._writer.commit(latest_of(changes), settings)

    def get(self, clip_ids: Sequence[str]) -> dict[str, Kept]:
        """The latest state of each of these clips that has one, deleted ones too, in one consistent read.

        Raises:
            StorageError: if the store is damaged or closed.
        """
        found: dict[str, Kept] = {}
        with self._readers.lend() as connection:
            connection.execute("BEGIN")
            for start in range(0, len(clip_ids), _MAX_STATEMENT_IDS):
                ids = clip_ids[start : start + _MAX_STATEMENT_IDS]
                marks = ", ".join("?" * len(ids))
                for row in connection.execute(f"SELECT {COLUMNS} FROM clips WHERE clip_id IN ({marks})", ids):
                    found[row[0]] = kept(self._path, row)
            connection.execute("COMMIT")
        return found

    def since(self, sequence: int) -> Iterator[Kept]:
        """The latest state of every clip that changed after the commit `sequence`, in the order of commits.

        One consistent read, of the moment the first is asked for; held in memory one at a time. SQLite's log
        of writes grows until it ends, so don't leave it half-read for long.

        Raises:
            StorageError: if the store is damaged or closed.
        """
        return kept_since(self._readers, self._path, sequence)

    @property
    def sequence(self) -> int:
        """Number of the last commit, 0 before the first."""
        return self._writer.sequence

    def count(self, state: State) -> int:
        """Clips in that state. Looks at every clip: 0.1 s for a million."""
        with self._readers.lend() as connection:
            (count,) = connection.execute("SELECT count(*) FROM clips WHERE state = ?", [state]).fetchone()
        return int(count)

    def setting(self, name: str) -> str | None:
        """A fact about the index, None if it was never set."""
        with self._readers.lend() as connection:
            row = connection.execute("SELECT value FROM settings WHERE name = ?", [name]).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, name: str, value: str) -> None:
        """Keep a fact about the index, as durably as a commit."""
        self._writer.commit((), {name: value})

    def check(self) -> None:
        """Read everything and compare it with its indexes and checksums: seconds for a million clips.

        Raises:
            StorageError: if anything isn't as it was written.
        """
        with self._readers.lend() as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise damaged(self._path, found)
        for _ in self.since(-1):
            pass

    def close(self) -> None:
        """Write what waits, then let another process in. Without an effect if it is closed."""
        self._readers.close()
        if self._writer.close():
            self._lock.release()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)
