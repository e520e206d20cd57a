"""The file of rows that weren't written: JSON lines, each with row, clip id, field and reason."""

import json
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from ambiance.importing.rows import Reject
from ambiance.limits import MAX_CLIP_ID_CHARACTERS


class RejectsFile:
    """Appends rejects. The file isn't made before there is one."""

    def __init__(self, path: Path, kept_bytes: int) -> None:
        """Keep what a run before has written of acknowledged rows, and nothing else."""
        self._path = path
        if kept_bytes:
            with path.open("r+b") as file:
                file.truncate(kept_bytes)
        else:
            path.unlink(missing_ok=True)
        self._file = None if not kept_bytes else path.open("ab")

    def write(self, rejects: Iterable[Reject]) -> int:
        """Append them, and hand them to the system; returns the bytes of the file."""
        for reject in rejects:
            if self._file is None:
                self._file = self._path.open("wb")
            line = {"row": reject.number, "clip_id": reject.clip_id[:MAX_CLIP_ID_CHARACTERS]}
            line |= {"field": reject.field, "reason": reject.reason}
            self._file.write(json.dumps(line, ensure_ascii=True).encode() + b"\n")
        if self._file is None:
            return 0
        self._file.flush()
        return self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
