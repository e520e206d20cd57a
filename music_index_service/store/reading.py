"""Reading a store that another process has open."""

from collections.abc import Iterator
from pathlib import Path

from music_index_service.store.changes import Kept
from music_index_service.store.readers import Readers
from music_index_service.store.rows import COLUMNS, kept


def kept_since(readers: Readers, path: Path, sequence: int) -> Iterator[Kept]:
    """See `Store.since`."""
    query = f"SELECT {COLUMNS} FROM clips WHERE sequence > ? ORDER BY sequence"
    with readers.lend() as connection:
        for row in connection.execute(query, [sequence]):
            yield kept(path, row)


def read_since(path: Path, sequence: int) -> Iterator[Kept]:
    """As `Store.since`, of a store that another process may be writing to.

    Raises:
        StorageError: if it can't be read.
    """
    readers = Readers(path)
    try:
        yield from kept_since(readers, path, sequence)
    finally:
        readers.close()
