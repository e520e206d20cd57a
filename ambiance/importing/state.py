"""How far an import has come: a small file beside the catalogue's, so that a second run goes on."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ambiance.errors import InvalidInputError

_FORMAT = 1


@dataclass
class Progress:
    """What the service has acknowledged."""

    row_count: int = 0  # rows of the file, rejected ones too
    rejects_bytes: int = 0  # of the file of rejects that belong to these rows
    outcomes: dict[str, int] = field(default_factory=dict)  # outcome -> clips
    rejected: int = 0  # rows


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class State:
    """The file that holds the progress of one import: of these bytes, with these options."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        """Take where it is, and what the import must have in common with one that it goes on with."""
        self._path, self._identity = path, dict(identity)

    def load(self) -> Progress:
        """The progress of a run before, or none.

        Raises:
            InvalidInputError: if it can't be read, or is that of another import.
        """
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            if held["format"] != _FORMAT:
                raise InvalidInputError.of(str(self._path), f"format {_FORMAT}, got {held['format']!a}")
            progress, identity = Progress(**held["progress"]), held["import"]
        except FileNotFoundError:
            return Progress()
        except (ValueError, KeyError, TypeError) as error:
            what = f"not the state of an import ({error}); --restart begins anew"
            raise InvalidInputError.of(str(self._path), what) from error
        if differing := sorted(k for k, v in self._identity.items() if identity.get(k) != v):
            what = f"of an import that differs in {', '.join(differing)}; --restart begins anew"
            raise InvalidInputError.of(str(self._path), what)
        return progress

    def save(self, progress: Progress) -> None:
        """Keep the progress, in one step: a crash leaves this or the one before."""
        document = {"format": _FORMAT, "import": self._identity, "progress": asdict(progress)}
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_text(json.dumps(document), encoding="utf-8")
        os.replace(beside, self._path)

    def remove(self) -> None:
        """Forget it: the import is done, or begins anew."""
        self._path.unlink(missing_ok=True)
