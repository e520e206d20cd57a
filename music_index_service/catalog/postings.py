"""Which rows bear a label, and which have a mood as their most probable: mapped from two files of the
artifact, so that a filter touches only the pages of what it names."""

from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ambiance.errors import ArtifactError
from ambiance.index_format.postings import ROW_TYPE, ROWS_FILE, START_TYPE, STARTS_FILE

T = TypeVar("T", np.uint32, np.int64)

_CHECKED_AT_ONCE = 1 << 20  # entries that are checked at once: bounds memory


class Postings:
    """Ascending lists of rows, those of each label and of each mood, see `ambiance.index_format.postings`."""

    def __init__(self, rows: NDArray[np.uint32], starts: NDArray[np.int64], label_count: int) -> None:
        """Take all lists <uint32>[entries], and <int64>[lists + 1] where each starts and the last ends."""
        self._rows, self._starts, self._label_count = rows, starts, label_count

    @classmethod
    def load(cls, folder: Path, label_count: int, mood_count: int, clip_count: int) -> "Postings":
        """Map the lists of so many labels and moods over so many clips, after checking them.

        Raises:
            ArtifactError: naming the file and what is wrong with it.
        """
        path, starts = folder / ROWS_FILE, _load(folder / STARTS_FILE, START_TYPE, mapped=False)
        rows = _load(path, ROW_TYPE, mapped=True)
        _check_starts(folder / STARTS_FILE, starts, label_count, mood_count, len(rows))
        with_mood = starts[-1] - starts[label_count]
        if with_mood != clip_count:
            raise ArtifactError(f"{path}: {with_mood} clips have a mood, the index holds {clip_count}")
        _check_rows(path, rows, starts, clip_count)
        return cls(_load(path, ROW_TYPE, mapped=True), starts, label_count)

    def of_label(self, label: int) -> NDArray[np.uint32]:
        """<uint32>[clips] the rows that bear a label, ascending."""
        return self._list(label)

    def of_mood(self, mood: int) -> NDArray[np.uint32]:
        """<uint32>[clips] the rows whose most probable mood it is, ascending."""
        return self._list(self._label_count + mood)

    def _list(self, index: int) -> NDArray[np.uint32]:
        return self._rows[self._starts[index] : self._starts[index + 1]]


def _load(path: Path, dtype: type[T], *, mapped: bool) -> NDArray[T]:
    try:
        array = np.asarray(np.load(path, mmap_mode="r" if mapped else None))
    except (OSError, ValueError, EOFError) as error:  # EOFError: an empty file
        raise ArtifactError(f"{path}: not a readable numpy array: {error}") from error
    if array.dtype != dtype or array.ndim != 1:
        raise ArtifactError(f"{path}: {array.dtype}{list(array.shape)}, needs one axis of {dtype.__name__}")
    return array


def _check_starts(path: Path, starts: NDArray[np.int64], labels: int, moods: int, entries: int) -> None:
    if len(starts) != labels + moods + 1:
        raise ArtifactError(f"{path}: {len(starts)} bounds, {labels} labels and {moods} moods need one more")
    if starts[0] != 0 or starts[-1] != entries or (np.diff(starts) < 0).any():
        raise ArtifactError(f"{path}: needs bounds that ascend from 0 to {entries}, the number of entries")


def _check_rows(path: Path, rows: NDArray[np.uint32], starts: NDArray[np.int64], clip_count: int) -> None:
    """Every list ascends and stays within the index; read once through a mapping that the caller drops."""
    for start in range(0, len(rows), _CHECKED_AT_ONCE):
        end = min(start + _CHECKED_AT_ONCE + 1, len(rows))  # one more: the step across the pieces counts
        piece = rows[start:end]
        if (piece >= clip_count).any():
            raise ArtifactError(f"{path}: holds row {piece.max()} of {clip_count} clips")
        falls = np.flatnonzero(piece[1:] <= piece[:-1]) + start + 1
        if not np.isin(falls, starts).all():
            raise ArtifactError(f"{path}: a list of rows doesn't ascend")
