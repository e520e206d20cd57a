"""Which versions a process was told to serve: of one process in its memory, of several workers in a folder.

The kernel deals connections out, so that a call reaches one worker of several. That one writes what it was
told into the folder; the others look there a few times a second, do the same and say so, each in a file of
its own. What starts there later, a worker that takes a dead one's place say, begins with what was chosen.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from pydantic import BaseModel, ConfigDict, ValidationError

from ambiance.errors import DeadlineError, PreconditionError

# Pause between two looks at the folder.
LOOK_S = 0.1


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Chosen(_Record):
    """A version that was chosen, whether the service is to stay at it, and space -> lineage of it."""

    version: int
    pinned: bool
    lineages: dict[str, str]


class _Told(_Record):
    serial: int  # rises with every change that was asked for
    kinds: dict[str, Chosen]


class _Done(_Record):
    serial: int  # of the last change that a worker made or failed to make
    trouble: str


class Choice:
    """Of a process that has no siblings and keeps nothing beyond its end."""

    shared = False

    def __init__(self) -> None:
        self._told = _Told(serial=0, kinds={})

    @property
    def kinds(self) -> Mapping[str, Chosen]:
        """What was chosen of each kind; empty before anything was."""
        return self._told.kinds

    def pinned(self) -> set[str]:
        """Kinds that don't follow their folder."""
        return {kind for kind, chosen in self.kinds.items() if chosen.pinned}

    def begin(self, serving: Mapping[str, Chosen]) -> None:
        """Say what is served at the start; it is the choice unless there is one."""
        if not self.kinds:
            self.tell(serving)

    def tell(self, chosen: Mapping[str, Chosen]) -> None:
        """Note what is served since somebody asked for it."""
        self._told = _Told(serial=self._told.serial + 1, kinds=dict(chosen))

    def news(self) -> Mapping[str, Chosen] | None:
        """What a sibling was told since; None if nothing."""
        return None

    def done(self, trouble: str) -> None:
        """Say that the news are done with, or why they couldn't be followed."""

    def wait_for_siblings(self, timeout_s: float) -> None:
        """Return once every sibling serves what was told.

        Raises:
            PreconditionError: if one can't.
            DeadlineError: if one hasn't said so in time.
        """


class SharedChoice(Choice):
    """Of the workers that share a folder, and of those that start in it later."""

    shared = True

    def __init__(self, folder: Path, name: str) -> None:
        """Take the folder, which is made if need be, and a name that siblings have in common.

        Raises:
            OSError: if the folder can't be made.
        """
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{name}.json"
        self._lock = folder / f"{name}.lock"
        self._own = folder / f"{name}.{os.getpid()}.done"
        self._told = self._read() or self._told

    def begin(self, serving: Mapping[str, Chosen]) -> None:
        """See `Choice.begin`."""
        with self._locked():
            if self._read() is None:
                self._write(_Told(serial=1, kinds=dict(serving)))
        self.done("")

    def tell(self, chosen: Mapping[str, Chosen]) -> None:
        """See `Choice.tell`."""
        with self._locked():
            last = self._read() or self._told
            self._write(_Told(serial=last.serial + 1, kinds=dict(chosen)))
        self.done("")

    def news(self) -> Mapping[str, Chosen] | None:
        """See `Choice.news`."""
        told = self._read()
        if told is None or told.serial <= self._told.serial:
            return None
        self._told = told
        return told.kinds

    def done(self, trouble: str) -> None:
        """See `Choice.done`."""
        _replace(self._own, _Done(serial=self._told.serial, trouble=trouble))

    def wait_for_siblings(self, timeout_s: float) -> None:
        """See `Choice.wait_for_siblings`."""
        serial, deadline = self._told.serial, monotonic() + timeout_s
        while late := [pid for pid, done in self._siblings() if done.serial < serial]:
            if monotonic() > deadline:
                raise DeadlineError(f"the worker with process id {late[0]} hasn't changed its version yet")
            sleep(LOOK_S)
        for pid, done in self._siblings():
            if done.serial == serial and done.trouble:
                raise PreconditionError(f"the worker with process id {pid} can't: {done.trouble}")

    def _siblings(self) -> Iterator[tuple[int, _Done]]:
        """The process id of every worker that lives, and what it did last."""
        for path in self._file.parent.glob(f"{self._file.stem}.*.done"):
            pid = int(path.name.split(".")[-2])
            if not _is_alive(pid):
                path.unlink(missing_ok=True)
                continue
            with suppress(OSError, ValidationError):
                yield pid, _Done.model_validate_json(path.read_bytes())

    def _read(self) -> _Told | None:
        try:
            return _Told.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):  # there is none yet
            return None

    def _write(self, told: _Told) -> None:
        _replace(self._file, told)
        self._told = told

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _replace(path: Path, record: _Record) -> None:
    """Write a file so that whoever reads it finds all of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(record.model_dump_json(), encoding="utf-8")
    draft.replace(path)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
