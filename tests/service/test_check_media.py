"""`ambiance check-media` between a local HTTP server and an index service that keeps the contract."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ambiance import cli
from ambiance.music.v1 import clip_input_pb2, clip_pb2
from ambiance.music.v1 import music_index_service_pb2 as pb
from fake_catalogue import FakeCatalogue
from media_server import MediaServer, media_server
from support import Serve

STATE = "own.media.jsonl"


class ListedCatalogue(FakeCatalogue):
    """One that lists its clips as well, two a page."""

    def ListClips(self, request: Any, context: Any) -> pb.ListClipsResponse:  # noqa: N802
        held = self._held(request.index)
        start = int(request.page_token or 0)
        ids = sorted(held)[start : start + 2]
        return pb.ListClipsResponse(
            clips=[
                clip_pb2.Clip(
                    id=clip_id,
                    youtube_id=held[clip_id].youtube_id,
                    metadata=held[clip_id].metadata,
                    available=self.available(clip_id),
                )
                for clip_id in ids
            ],
            next_page_token=str(start + 2) if start + 2 < len(held) else "",
            total_clip_count=len(held),
        )

    def add(self, clip_id: str, youtube_id: str = "", uri: str = "", *, available: bool = True) -> None:
        self.clips.setdefault("own", {})[clip_id] = clip_input_pb2.ClipInput(
            id=clip_id, youtube_id=youtube_id, available=available, metadata={"uri": uri}
        )

    def available(self, clip_id: str) -> bool:
        return self.clips["own"][clip_id].available

    @property
    def reported(self) -> list[tuple[list[str], bool]]:
        return [(list(request.clip_ids), request.available) for request in self.requests]


@pytest.fixture
def catalogue() -> ListedCatalogue:
    return ListedCatalogue()


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with media_server() as server:
        yield server


Run = Callable[..., int]


@pytest.fixture
def run(
    catalogue: ListedCatalogue,
    server: MediaServer,
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    target = serve(catalogue.application()).target  # type: ignore[attr-defined]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ambiance.media.asking.FIRST_PAUSE_S", 0.01)

    def run(*flags: str) -> int:
        given = ["--index", "own", "--target", target, "--endpoint", server.oembed, "--rate", "100/s"]
        return cli.main(["check-media", *given, "--timeout", "0.5", *flags])

    return run


def a_mixed_catalogue(catalogue: ListedCatalogue, server: MediaServer) -> None:
    catalogue.add("dead@0", "dddddddddDD")
    catalogue.add("dead@10", "dddddddddDD")
    catalogue.add("back@0", "bbbbbbbbbBB", available=False)
    catalogue.add("shut@0", "sssssssssSS")
    catalogue.add("fine@0", "fffffffffFF")
    catalogue.add("still dead@0".replace(" ", "-"), "tttttttttTT", available=False)
    catalogue.add("busy@0", "uuuuuuuuuUU")
    catalogue.add("file", uri=f"{server.url}/there.mp3")
    catalogue.add("lost", uri=f"{server.url}/gone.mp3")
    catalogue.add("local", uri="file:///music/x.mp3")
    server.script = {
        "dddddddddDD": [404],
        "bbbbbbbbbBB": [200],
        "sssssssssSS": [401],
        "fffffffffFF": [200],
        "tttttttttTT": [400],
        "uuuuuuuuuUU": [503],
        "/there.mp3": [200],
        "/gone.mp3": [404],
    }


def test_clips_are_marked_as_their_media_are(
    run: Run, catalogue: ListedCatalogue, server: MediaServer, capsys: pytest.CaptureFixture[str]
) -> None:
    a_mixed_catalogue(catalogue, server)
    assert run() == 0
    gone = {clip_id for clip_id in catalogue.clips["own"] if not catalogue.available(clip_id)}
    assert gone == {"dead@0", "dead@10", "shut@0", "still-dead@0", "lost"}
    said = capsys.readouterr().out
    assert "media: 4 gone, 3 there, 1 unknown" in said
    assert "clips: 4 marked as unavailable, 1 as available" in said
    assert "1 clips have no video and no URI of http or https" in said


def test_a_dry_run_marks_and_notes_nothing(
    run: Run,
    catalogue: ListedCatalogue,
    server: MediaServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    a_mixed_catalogue(catalogue, server)
    assert run("--dry-run") == 0
    assert catalogue.reported == []
    assert list(tmp_path.iterdir()) == []
    said = capsys.readouterr().out
    assert "clips: 4 would be marked as unavailable, 1 as available" in said
    assert "gone: youtube:dddddddddDD\n" in said


def test_a_second_run_asks_only_about_what_is_not_known(
    run: Run, catalogue: ListedCatalogue, server: MediaServer, tmp_path: Path
) -> None:
    a_mixed_catalogue(catalogue, server)
    assert run() == 0
    noted = [json.loads(line)["medium"] for line in (tmp_path / STATE).read_text().splitlines()]
    assert len(noted) == 7
    server.requests.clear()
    server.script["uuuuuuuuuUU"] = [200]
    assert run() == 0
    assert server.requests == [("GET", "uuuuuuuuuUU")]
    server.requests.clear()
    assert run("--recheck", "0") == 0
    assert len({name for _, name in server.requests}) == 8


def test_times_to_come_count_for_nothing(
    run: Run, catalogue: ListedCatalogue, server: MediaServer, tmp_path: Path
) -> None:
    catalogue.add("fine@0", "fffffffffFF")
    entry = {"medium": "youtube:fffffffffFF", "state": "there", "time": time.time() + 10**6}
    (tmp_path / STATE).write_text(json.dumps(entry) + '\n{"medium": "torn')
    assert run() == 0
    assert len(server.requests) == 1


def test_a_clip_is_available_again_when_its_medium_is_back(
    run: Run, catalogue: ListedCatalogue, server: MediaServer
) -> None:
    catalogue.add("a@0", "aaaaaaaaaAA")
    server.script["aaaaaaaaaAA"] = [404, 200]
    assert run() == 0
    assert not catalogue.available("a@0")
    assert run("--recheck", "0") == 0
    assert catalogue.available("a@0")


@pytest.mark.parametrize("status", [403, 404, 400])
def test_a_host_that_refuses_us_marks_nothing(
    run: Run,
    catalogue: ListedCatalogue,
    server: MediaServer,
    capsys: pytest.CaptureFixture[str],
    status: int,
) -> None:
    for i in range(30):
        catalogue.add(f"{i:02}@0", f"{i:02}aaaaaaaAA")
        server.script[f"{i:02}aaaaaaaAA"] = [status]
    assert run() == 0
    assert catalogue.reported == []
    assert len(server.requests) == 20
    assert (
        "says of 20 in a row that they are gone, which is rather a refusal; left alone"
        in capsys.readouterr().out
    )
    assert run("--max-gone-in-a-row", "0") == 0
    assert not any(map(catalogue.available, catalogue.clips["own"]))


def test_an_outage_marks_nothing(run: Run, catalogue: ListedCatalogue, server: MediaServer) -> None:
    for i, kind in enumerate([500, 503, (429, "0"), "reset", "junk", "slow", 502, 504]):
        catalogue.add(f"{i}@0", f"{i}aaaaaaaaAA")
        server.script[f"{i}aaaaaaaaAA"] = [kind]
    assert run() == 0
    assert catalogue.reported == []


def test_marks_are_sent_in_batches_and_noted_after_they_are_told(
    run: Run,
    catalogue: ListedCatalogue,
    server: MediaServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ambiance.media.checking.FLUSH_COUNT", 4)
    monkeypatch.setattr("ambiance.media.checking.MAX_WRITTEN_CLIPS", 3)
    for i in range(10):
        catalogue.add(f"{i}@0", f"{i}aaaaaaaaAA")
        server.script[f"{i}aaaaaaaaAA"] = [404 if i % 2 else 200]
    noted: list[int] = []

    def before(_: Any) -> None:
        path = tmp_path / STATE
        noted.append(path.read_text().count("\n") if path.exists() else 0)

    catalogue.before = before
    assert run() == 0
    assert [len(ids) for ids, _ in catalogue.reported] == [2, 2, 1]
    assert noted == [0, 5, 9]
    assert sum(not catalogue.available(clip_id) for clip_id in catalogue.clips["own"]) == 5


def test_an_interruption_loses_nothing_that_is_known(
    run: Run, catalogue: ListedCatalogue, server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(6):
        catalogue.add(f"{i}@0", f"{i}aaaaaaaaAA")
        server.script[f"{i}aaaaaaaaAA"] = [404 if i % 2 else 200]
    from ambiance.media.asking import Asker

    ask, asked = Asker.ask, threading.Semaphore(5)

    def interrupted(self: Asker, medium: Any) -> Any:
        if not asked.acquire(blocking=False):
            raise KeyboardInterrupt
        return ask(self, medium)

    monkeypatch.setattr(Asker, "ask", interrupted)
    assert run() == 130
    assert [clip_id for clip_id in catalogue.clips["own"] if not catalogue.available(clip_id)] == [
        "1@0",
        "3@0",
    ]
    monkeypatch.setattr(Asker, "ask", ask)
    server.requests.clear()
    assert run() == 0
    assert server.requests == [("GET", "5aaaaaaaaAA")]


def test_the_rate_is_kept(run: Run, catalogue: ListedCatalogue, server: MediaServer) -> None:
    for i in range(5):
        catalogue.add(f"{i}@0", f"{i}aaaaaaaaAA")
        server.script[f"{i}aaaaaaaaAA"] = [200]
    assert run("--rate", "10/s") == 0
    gaps = [later - earlier for earlier, later in zip(server.times, server.times[1:], strict=False)]
    assert sum(gaps) > 0.35
    assert min(gaps) > 0.05


@pytest.mark.parametrize(
    ("flags", "status", "said"),
    [
        (["--rate", "fast"], 2, "--rate: above 0"),
        (["--endpoint", "file:///x"], 2, "--endpoint: a URL of http or https"),
        (["--timeout", "0"], 2, "--timeout: above 0"),
        (["--recheck", "-1"], 2, "--recheck: 0 to"),
        (["--max-gone-in-a-row", "-1"], 2, "--max-gone-in-a-row: at least 0"),
        (["--state", "/"], 2, "--state: /: Is a directory"),
        (["--index", "none"], 2, "no index 'none'"),
        (["--target", "127.0.0.1:1"], 69, "music index service"),
    ],
)
def test_bad_flags_are_named(
    run: Run,
    catalogue: ListedCatalogue,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    status: int,
    said: str,
) -> None:
    catalogue.add("a@0")
    assert run(*flags) == status
    assert said in capsys.readouterr().err
