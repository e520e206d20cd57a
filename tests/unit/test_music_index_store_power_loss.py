"""music_index_service.store when the power fails: what was flushed to disk is there, of the rest any part.

The system calls of a process that commits are recorded; then, for many a moment, the files are built as that
moment may have left them on disk, and opened.
"""

import random
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from music_index_service.store.store import Store

COMMITS = 60
SECTOR = 512  # bytes that a disk writes whole

# Checkpoints often, so that most moments are near one.
PROGRAM = """
import os, sys
from pathlib import Path
from music_index_service.store.store import Change, State, Store
store = Store.open(Path(sys.argv[1]))
store._writer._connection.execute("PRAGMA wal_autocheckpoint = 12")
store._writer._connection.execute(f"PRAGMA synchronous = {sys.argv[2]}")
for i in range(1, int(sys.argv[3]) + 1):
    ids = [f"clip {(i * 7 + j) % 40}" for j in range(1 + i % 5)]
    store.commit([Change(name, State.WRITTEN, f"{i} ".encode() * 200) for name in ids])
    os.write(2, b"acknowledged\\n")
os._exit(0)
"""

CALL = re.compile(r'^\d+ +(\w+)\(\d+<([^>]*)>(?:, "([^"]*)"(?:, (\d+))?)?(?:, (\d+))?.*= (\d+)$')


@dataclass
class File:
    """A file on a disk that has flushed some of what was written to it."""

    flushed: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes | None]] = field(
        default_factory=list
    )  # at an offset; None ends the file there

    def flush(self) -> None:
        for offset, data in self.waiting:
            put(self.flushed, offset, data)
        self.waiting = []

    def after_power_loss(self, rng: random.Random) -> bytes:
        left = bytearray(self.flushed)
        for offset, data in self.waiting:
            fate = rng.random()
            if data is None or fate < 0.4:
                put(left, offset, data)
            elif fate < 0.6:
                put(left, offset, data[: rng.randrange(0, len(data) + 1, SECTOR)])
        return bytes(left)


def put(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
    elif data:
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data


def recorded(folder: Path, synchronous: str) -> list[tuple[str, str, int, bytes]]:
    """System calls of the program: name, file, offset, data."""
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    trace = folder / "trace"
    traced = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-o", str(trace)]
    traced += ["-e", "trace=write,pwrite64,fsync,fdatasync,ftruncate", "--", sys.executable, "-c", PROGRAM]
    command = [*traced, str(folder / "clips.sqlite"), synchronous, str(COMMITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    return list(parsed(trace.read_text()))


def parsed(trace: str) -> Iterator[tuple[str, str, int, bytes]]:
    assert "unfinished" not in trace
    for line in trace.splitlines():
        if found := CALL.match(line):
            name, path, data, _, last, _ = found.groups()
            path = bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path
            yield name, Path(path).name, int(last or 0), bytes.fromhex((data or "").replace("\\x", ""))


def history() -> list[dict[str, bytes]]:
    """What is there after each commit."""
    states: list[dict[str, bytes]] = [{}]
    for i in range(1, COMMITS + 1):
        ids = [f"clip {(i * 7 + j) % 40}" for j in range(1 + i % 5)]
        states.append(states[-1] | {name: f"{i} ".encode() * 200 for name in ids})
    return states


def after_power_losses(
    calls: list[tuple[str, str, int, bytes]], folder: Path, times: int
) -> Iterator[tuple[int, Store]]:
    """Commits that were acknowledged before the power failed, and the store as it is opened after."""
    rng = random.Random(0)
    moments = set(rng.sample(range(len(calls)), times))
    files: dict[str, File] = defaultdict(File)
    acknowledged = 0
    for i, (name, path, offset, data) in enumerate(calls):
        if i in moments:
            left = folder / f"at call {i}"
            left.mkdir()
            for file_name in {"clips.sqlite", "clips.sqlite-wal", "clips.sqlite.lock"} & files.keys():
                (left / file_name).write_bytes(files[file_name].after_power_loss(rng))
            with Store.open(left / "clips.sqlite") as store:
                yield acknowledged, store
            shutil.rmtree(left)
        if name in {"fsync", "fdatasync"}:
            files[path].flush()
        elif name == "ftruncate":
            files[path].waiting.append((offset, None))
        elif name == "pwrite64":
            files[path].waiting.append((offset, data))
        acknowledged += data == b"acknowledged\n"
    assert acknowledged == COMMITS


def test_what_was_acknowledged_survives_a_loss_of_power(tmp_path: Path) -> None:
    states = history()
    for acknowledged, store in after_power_losses(recorded(tmp_path, "FULL"), tmp_path, 150):
        assert acknowledged <= store.sequence <= COMMITS
        assert {kept.clip_id: kept.document for kept in store.since(0)} == states[store.sequence]
        store.check()


def test_a_store_that_flushes_less_is_found_out(tmp_path: Path) -> None:
    losses = after_power_losses(recorded(tmp_path, "NORMAL"), tmp_path, 100)
    assert any(store.sequence < acknowledged for acknowledged, store in losses)
