"""A file of JSON lines that a long task notes its steps in, so that it can go on after an interruption."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ambiance.errors import InvalidInputError


class JsonLines:
    """Objects, one a line, read at the start and added to; a context manager."""

    def __init__(self, path: Path, field: str) -> None:
        """Open the file, made if it isn't there; `field` is what an error calls it.

        Raises:
            InvalidInputError: if it can't be read and written.
        """
        self._path, self._field = path, field
        try:
            self._file = path.open("a+", encoding="utf-8", errors="replace")
        except OSError as error:
            raise self._unusable(error) from error

    def read(self) -> Iterator[dict[str, Any]]:
        """Every object that is there. Lines that a crash has torn count for nothing."""
        line = "\n"
        try:
            self._file.seek(0)
            for line in self._file:
                try:
                    value = json.loads(line)
                except ValueError:
                    continue
                if isinstance(value, dict):
                    yield value
            if not line.endswith("\n"):
                self._file.write("\n")  # what follows is a line of its own
        except OSError as error:
            raise self._unusable(error) from error

    def add(self, objects: Iterable[dict[str, Any]]) -> None:
        """Write objects; they are on the disk when this returns."""
        try:
            self._file.writelines(json.dumps(value) + "\n" for value in objects)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unusable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _unusable(self, error: OSError) -> InvalidInputError:
        return InvalidInputError.of(self._field, f"{self._path}: {error.strerror or error}")
