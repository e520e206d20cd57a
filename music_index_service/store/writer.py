"""Commits for every caller: whoever comes while a transaction is being written shares the next."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

from ambiance.errors import StorageError
from music_index_service.store.changes import Change
from music_index_service.store.faults import sqlite_code, storage_errors
from music_index_service.store.rows import checksum

_MAX_GROUP_BYTES = 16 * 1024 * 1024  # of documents: who comes later waits for one such transaction at most
_MAX_GROUP_CALLS = 1_024
# Rows of one statement. sqlite3 lets go of the interpreter's lock once a statement and waits to have it back,
# 5 ms if another thread computes: a thousand rows took 0.8 s with one each, 0.02 s with these.
_MAX_STATEMENT_ROWS = 512

_Row = tuple[str, int, int, bytes, int]


@dataclass(frozen=True, slots=True)
class _Call:
    changes: Sequence[Change]
    settings: Mapping[str, str]
    done: "Future[int]" = field(default_factory=Future)

    @property
    def nbytes(self) -> int:
        return sum(len(change.document) for change in self.changes)


class Writer:
    """Owns the connection that writes, and the thread that does."""

    def __init__(self, connection: sqlite3.Connection, path: Path, sequence: int) -> None:
        """`sequence` numbers the last commit that the database holds."""
        self._connection, self._path = connection, path
        self.sequence = sequence
        self._unsafe = ""
        self._closing, self._closed = Lock(), False
        self._waiting: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="clip-store-writer", daemon=True)
        self._thread.start()

    def commit(self, changes: Sequence[Change], settings: Mapping[str, str]) -> int:
        """Write durably, all or nothing; returns the commit's number, or the last one's if nothing changes.

        Raises:
            StorageError: if it can't be written, or the store is closed.
        """
        call = _Call(changes, settings)
        with self._closing:
            if self._closed:
                raise StorageError(f"{self._path}: is closed")
            self._waiting.put(call)
        return call.done.result()

    def close(self) -> bool:
        """Write what still waits, then close the connection; False if that was done before."""
        with self._closing:
            if self._closed:
                return False
            self._closed = True
            self._waiting.put(None)
        self._thread.join()
        self._connection.close()
        return True

    def _run(self) -> None:
        going = True
        while going:
            calls, going = self._take()
            if calls:
                self._write(calls)

    def _take(self) -> tuple[list[_Call], bool]:
        """Calls for one transaction, and whether more may come."""
        calls: list[_Call] = []
        nbytes = 0
        call = self._waiting.get()
        while call is not None:
            calls.append(call)
            nbytes += call.nbytes
            if nbytes >= _MAX_GROUP_BYTES or len(calls) >= _MAX_GROUP_CALLS:
                return calls, True
            try:
                call = self._waiting.get_nowait()
            except Empty:
                return calls, True
        return calls, False

    def _write(self, calls: list[_Call]) -> None:
        try:
            sequences = self._transact(calls)
        except Exception as error:
            if len(calls) == 1:
                calls[0].done.set_exception(error)
                return
            for call in calls:  # each by itself, so that the one at fault spoils no other
                self._write([call])
            return
        for call, sequence in zip(calls, sequences, strict=True):
            call.done.set_result(sequence)

    def _transact(self, calls: Sequence[_Call]) -> list[int]:
        if self._unsafe:
            raise StorageError(self._unsafe)
        sequences = list(_numbered(calls, self.sequence))
        rows = [
            _row(change, sequence)
            for call, sequence in zip(calls, sequences, strict=True)
            for change in call.changes
        ]
        settings = [item for call in calls for item in call.settings.items()]
        with storage_errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                _replace(self._connection, rows)
                self._connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", settings)
                self._connection.execute("COMMIT")
            except BaseException as error:
                self._distrust(error)
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        self.sequence = sequences[-1]
        return sequences

    def _distrust(self, error: BaseException) -> None:
        """Write no more once a flush failed: the system may have dropped what it couldn't write, and the next
        flush would succeed without it. What opens the store again reads what is really there."""
        if sqlite_code(error) in {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}:
            self._unsafe = f"{self._path}: the disk failed to flush; restart to read what it holds"


def _numbered(calls: Sequence[_Call], sequence: int) -> Iterator[int]:
    for call in calls:
        sequence += bool(call.changes)
        yield sequence


def _row(change: Change, sequence: int) -> _Row:
    check = checksum(change.clip_id, sequence, change.state, change.document)
    return change.clip_id, sequence, int(change.state), change.document, check


def _replace(connection: sqlite3.Connection, rows: Sequence[_Row]) -> None:
    start = 0
    while left := len(rows) - start:
        # Powers of two, so that a handful of statements is prepared, once.
        count = min(_MAX_STATEMENT_ROWS, 1 << left.bit_length() - 1)
        values: list[Any] = [value for row in rows[start : start + count] for value in row]
        connection.execute(
            "INSERT OR REPLACE INTO clips VALUES " + ", ".join(["(?, ?, ?, ?, ?)"] * count), values
        )
        start += count
