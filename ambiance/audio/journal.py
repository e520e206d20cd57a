"""What an import has done so far, so that it can go on after an interruption: a line for each recording."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ambiance.json_lines import JsonLines


@dataclass(frozen=True)
class Entry:
    """A recording whose clips the index holds.

    Attributes:
        uri: where it lies.
        size, modified_ns: by which a file is known to be the same.
        settings: what else its clips depend on, in words.
        clip_ids: every clip that was written.
    """

    uri: str
    size: int
    modified_ns: int
    settings: str
    clip_ids: tuple[str, ...]


class Journal:
    """Entries in a file, each written as soon as it is true; a context manager."""

    def __init__(self, path: Path, field: str) -> None:
        """Read what is there; `field` is what an error calls the file.

        Raises:
            InvalidInputError: if the file can't be read and written.
        """
        self._lines = JsonLines(path, field)
        read = map(_entry, self._lines.read())
        self._entries = {entry.uri: entry for entry in read if entry}

    def entry(self, uri: str) -> Entry | None:
        """The latest entry of a recording, if there is any."""
        return self._entries.get(uri)

    def add(self, entry: Entry) -> None:
        """Write an entry, on the disk when this returns."""
        self._entries[entry.uri] = entry
        self._lines.add([asdict(entry)])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.__exit__(kind, error, trace)


def stale(before: Entry | None, clip_ids: Sequence[str]) -> list[str]:
    """Clips that were written of a recording before and aren't among those of now."""
    return sorted(set(before.clip_ids) - set(clip_ids)) if before else []


def _entry(values: dict[str, Any]) -> Entry | None:
    try:
        entry = Entry(**values | {"clip_ids": tuple(map(str, values["clip_ids"]))})
    except (TypeError, KeyError):
        return None
    return entry if isinstance(entry.uri, str) else None
