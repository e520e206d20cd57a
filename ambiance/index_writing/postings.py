"""Lists of clips by label and by most probable mood, which make the index service's filters fast: it maps
them and reads those that a filter names, instead of every clip's labels."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ambiance.affect import MOODS
from ambiance.errors import ArtifactError
from ambiance.index_format.postings import ROW_TYPE, ROWS_FILE, START_TYPE, STARTS_FILE

_CLIPS_AT_ONCE = 1 << 20  # bounds the memory that a large catalogue takes


def write_postings(catalog: pa.RecordBatch, folder: Path) -> None:
    """Write the rows of each label, then of each mood, see `ambiance.index_format.postings`."""
    starts = _starts(catalog)
    np.save(folder / STARTS_FILE, starts)
    rows = open_memmap(folder / ROWS_FILE, "w+", ROW_TYPE, (int(starts[-1]),))
    _fill(rows, starts[:-1], _entries(catalog))
    rows.flush()


def list_postings(catalog: pa.RecordBatch) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """<uint32>[entries], <int64>[lists + 1] what `write_postings` writes, in memory."""
    starts = _starts(catalog)
    rows = np.empty(int(starts[-1]), ROW_TYPE)
    _fill(rows, starts[:-1], _entries(catalog))
    return rows, starts


def _label_count(catalog: pa.RecordBatch) -> int:
    return len(catalog.column("labels").values.dictionary)


def _starts(catalog: pa.RecordBatch) -> NDArray[np.int64]:
    """<int64>[lists + 1] where each list starts, and the last one ends."""
    counts = np.zeros(_label_count(catalog) + len(MOODS.names), START_TYPE)
    for keys, _ in _entries(catalog):
        counts += np.bincount(keys, minlength=len(counts))
    return np.concatenate([[0], np.cumsum(counts)])


def check_postings(catalog: pa.RecordBatch, folder: Path, rows: NDArray[np.int64]) -> None:
    """Reopen the files and compare: the lists that hold each of `rows` are those that its clip belongs in.

    Raises:
        ArtifactError: naming the first row that differs.
    """
    path = folder / ROWS_FILE
    starts, stored = np.load(folder / STARTS_FILE), np.asarray(np.load(path, mmap_mode="r"))
    names = [*catalog.column("labels").values.dictionary.to_pylist(), *MOODS.names]
    lists = [stored[start:end] for start, end in pairwise(starts.tolist())]
    for row in rows.tolist():
        at = [np.searchsorted(entries, row) for entries in lists]
        held = [n for n, i, entries in zip(names, at, lists, strict=True) if row in entries[i : i + 1]]
        mood = MOODS.names[np.argmax(catalog.column("moods")[row].as_py())]
        if sorted(held) != sorted([*catalog.column("labels")[row].as_py(), mood]):
            raise ArtifactError(f"{path}: row {row}: stands under {held}")


def _entries(catalog: pa.RecordBatch) -> Iterator[tuple[NDArray[np.int16], NDArray[np.uint32]]]:
    """Piece by piece, the lists that clips belong in and their rows, ascending within each list."""
    label_count = _label_count(catalog)
    for first in range(0, len(catalog), _CLIPS_AT_ONCE):
        piece = catalog.slice(first, _CLIPS_AT_ONCE)
        rows = np.arange(first, first + len(piece), dtype=ROW_TYPE)
        labels, scores = piece.column("labels"), piece.column("moods").flatten().to_numpy()
        moods = scores.reshape(len(piece), -1).argmax(axis=1) + label_count  # the first of equals
        labelled = np.repeat(rows, np.diff(labels.offsets.to_numpy()))
        keys = np.concatenate([labels.flatten().indices.to_numpy(), moods.astype(np.int16)])
        yield keys, np.concatenate([labelled, rows])


def _fill(
    lists: NDArray[np.uint32],
    starts: NDArray[np.int64],
    entries: Iterator[tuple[NDArray[np.int16], NDArray[np.uint32]]],
) -> None:
    """Write each row at the end of what its list <uint32>[entries], from its start on, holds so far."""
    ends = starts.copy()
    for keys, rows in entries:
        order = np.argsort(keys, kind="stable")  # a radix sort for 16 bits
        grouped, counts = keys[order], np.bincount(keys, minlength=len(starts))
        shifts = ends - (np.cumsum(counts) - counts)  # from a place among the grouped to that in the list
        lists[np.arange(len(order)) + shifts[grouped]] = rows[order]
        ends += counts
