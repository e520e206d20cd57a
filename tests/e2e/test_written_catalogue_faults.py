"""The index service's process on a disk that fails it: a sentence says what is wrong, and nothing is lost."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from ambiance.music.v1 import music_index_service_pb2 as messages
from clip_inputs import bearing, clip
from clusters import wait_until
from small_disks import small_disk
from text_encoders import RELEASED
from torture.service_process import ServiceProcess
from torture.target import TargetError

Start = Callable[..., ServiceProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the service on a folder of data; all are gone after the test."""
    with ExitStack() as stack:

        def start(data: Path, *flags: str) -> ServiceProcess:
            log = tmp_path / f"log-{time.monotonic_ns()}"
            process = ServiceProcess(["--artifacts", str(RELEASED), "--data", str(data), *flags], log)
            stack.callback(process.kill)
            process.wait_until_serving()
            return process

        yield start


def upsert(
    process: ServiceProcess, titles: Mapping[str, str], index: str = ""
) -> messages.UpsertClipsResponse:
    clips = [clip(clip_id, metadata=bearing({}, title=title)) for clip_id, title in titles.items()]
    return process.call(process.music.UpsertClips, messages.UpsertClipsRequest(index=index, clips=clips))


def titles(process: ServiceProcess, clip_ids: Sequence[str]) -> dict[str, str]:
    """The title of each of these clips, as a search that may find nothing else has it."""
    request = messages.FindNeighborsRequest()
    request.queries.add(space="vad", values=[0.5] * 3)
    request.options.k = max(1, len(clip_ids))
    request.options.filter.clip_ids.extend(clip_ids)
    request.options.include_unlistenable = True
    [result] = process.call(process.music.FindNeighbors, request).results
    return {each.clip.id: each.clip.metadata.title for each in result.neighbors}


def upsert_until_refused(process: ServiceProcess) -> tuple[dict[str, str], dict[str, str], str]:
    """The clips that were taken, those that weren't, and why."""
    kept: dict[str, str] = {}
    for number in range(10_000):
        batch = {f"{number}-{i}": f"{number} {i} ".ljust(900, "x") for i in range(10)}
        try:
            upsert(process, batch)
        except TargetError as error:
            return kept, batch, str(error)
        kept |= batch
    raise AssertionError("never refused")


def test_a_full_disk_refuses_writes_and_takes_them_again(start: Start, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2_048) as disk:
        process = start(disk / "data")
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(800 * 1024))
        kept, batch, refused = upsert_until_refused(process)
        path = disk / "data/default/clips.sqlite"
        assert refused == f"RESOURCE_EXHAUSTED: {path}: the disk is full; nothing of this was written"
        assert kept
        some = list(kept)[-500:]
        assert titles(process, some) == {each: kept[each] for each in some}
        assert titles(process, list(batch)) == {}
        ballast.unlink()
        kept |= batch
        upsert(process, batch)
        process.kill()
        process = start(disk / "data")
        for at in range(0, len(kept), 1_000):
            some = list(kept)[at : at + 1_000]
            assert titles(process, some) == {each: kept[each] for each in some}
        process.stop()


@pytest.fixture
def written(start: Start, tmp_path: Path) -> Path:
    """A folder of data with a clip in an index of one's own."""
    process = start(tmp_path / "data")
    process.call(process.music.CreateIndex, messages.CreateIndexRequest(name="songs"))
    upsert(process, {"a": "A"}, "songs")
    process.stop()
    return tmp_path / "data"


def refusal(data: Path) -> str:
    """What the service says when it can't start; all on one line."""
    command = [sys.executable, "-m", "music_index_service", "--port", "0", "--metrics-port", "0"]
    command += ["--artifacts", str(RELEASED), "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]  # its log
    logged = [json.loads(line)["level"] for line in done.stderr.splitlines() if line.startswith("{")]
    assert "ERROR" not in logged
    [sentence] = said
    return sentence.removeprefix("ambiance-music-index-service: ")


def test_a_folder_that_is_in_use_is_refused(start: Start, written: Path) -> None:
    process = start(written)
    sentence = refusal(written)
    assert sentence == f"{written}/default/clips.sqlite: is in use already; one process opens it at a time"
    upsert(process, {"b": "B"})  # nothing happened to the first
    process.stop()


def test_a_damaged_store_is_refused(written: Path) -> None:
    path = written / "songs/clips.sqlite"
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])
    sentence = refusal(written)
    assert sentence == f"{path}: is damaged (file is not a database); restore it from a backup"


@pytest.mark.parametrize("damage", [b"", None])
def test_a_store_that_was_emptied_or_deleted_is_not_made_anew(written: Path, damage: bytes | None) -> None:
    path = written / "songs/clips.sqlite"
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    assert refusal(written) == f"{path}: is damaged (it is empty or gone); restore it from a backup"


def test_a_read_only_disk_is_refused(written: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8_192) as disk:
        shutil.copytree(written, disk / "data")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        sentence = refusal(disk / "data")
        assert sentence.startswith(f"{disk}/data/default/clips.sqlite")
        assert sentence.endswith("can't be written to (Read-only file system)")


@pytest.mark.timeout(300)
def test_what_was_compacted_is_served_on_after_a_kill(start: Start, tmp_path: Path) -> None:
    process = start(tmp_path / "data", "--compaction-clips", "1")
    upsert(process, {f"{i}": "first" for i in range(100)})
    wait_until(lambda: '"compacted"' in process.said, 240)  # by a process that gives way to all others
    upsert(process, {f"{i}": "second" for i in range(50)})
    gone = messages.DeleteClipsRequest(clip_ids=[f"{i}" for i in range(40, 60)])
    process.call(process.music.DeleteClips, gone)
    kept = {f"{i}": "second" if i < 50 else "first" for i in range(100) if not 40 <= i < 60}
    for _ in range(2):
        assert titles(process, [f"{i}" for i in range(100)]) == kept
        process.kill()
        assert list((tmp_path / "data/default/segments/segment").glob("[0-9]*"))
        process = start(tmp_path / "data")
    process.stop()
