"""What an import has done so far, so that it can go on after an interruption: a line for each recording."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ambiance.errors import InvalidInputError


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

    def __init__(self, path: Path) -> None:
        """Read what is there, and open the file to add to it. Lines that a crash has torn count for nothing.

        Raises:
            InvalidInputError: if the file can't be read and written.
        """
        self._entries: dict[str, Entry] = {}
        try:
            self._file = path.open("a+", encoding="utf-8", errors="replace")
            self._file.seek(0)
            for line in self._file:
                if entry := _parsed(line):
                    self._entries[entry.uri] = entry
            if self._file.tell() and not line.endswith("\n"):
                self._file.write("\n")  # what follows is a line of its own
        except OSError as error:
            raise InvalidInputError.of("--journal", f"{path}: {error.strerror or error}") from error

    def entry(self, uri: str) -> Entry | None:
        """The latest entry of a recording, if there is any."""
        return self._entries.get(uri)

    def add(self, entry: Entry) -> None:
        """Write an entry, on the disk when this returns."""
        self._entries[entry.uri] = entry
        self._file.write(json.dumps(asdict(entry)) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def stale(before: Entry | None, clip_ids: Sequence[str]) -> list[str]:
    """Clips that were written of a recording before and aren't among those of now."""
    return sorted(set(before.clip_ids) - set(clip_ids)) if before else []


def _parsed(line: str) -> Entry | None:
    try:
        values = json.loads(line)
        entry = Entry(**values | {"clip_ids": tuple(values["clip_ids"])})
    except (ValueError, TypeError, KeyError):
        return None
    return entry if isinstance(entry.uri, str) else None
