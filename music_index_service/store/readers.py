"""Connections that read beside the writer, kept for the next who reads."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from ambiance.errors import StorageError
from music_index_service.store.database import connect_reader
from music_index_service.store.faults import storage_errors

_MAX_IDLE = 16


class Readers:
    """Lends each reader a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard, self._closed = Lock(), False
        self._idle: list[sqlite3.Connection] = []

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """A connection; what SQLite reports while it is lent is raised as StorageError."""
        with storage_errors(self._path):
            connection = self._take()
            try:
                yield connection
            except BaseException:
                connection.close()  # with whatever read it was in the midst of
                raise
            self._give_back(connection)

    def close(self) -> None:
        """Close what isn't lent now; the others follow when they come back."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            if self._closed:
                raise StorageError(f"{self._path}: is closed")
            if self._idle:
                return self._idle.pop()
        return connect_reader(self._path)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            if not self._closed and len(self._idle) < _MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()
