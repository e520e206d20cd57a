"""`ambiance soundtrack` against a real server: what it prints and writes, and how it ends."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ambiance import cli
from ambiance.errors import InvalidInputError, PeerError, Violation
from ambiance.match.v1 import soundtrack_pb2 as pb
from books import archive, book
from soundtracks import TEXT, WAIT_S, FakeComposer

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def fake() -> FakeComposer:
    return FakeComposer()


@pytest.fixture
def target(fake: FakeComposer, serve: Callable[..., Any]) -> str:
    address: str = serve(fake.application()).target
    return address


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "A story.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def soundtrack(
    target: str, story: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command on the story, or on another file; returns exit status, output and errors."""

    def run(*flags: str, file: str = str(story)) -> tuple[int, str, str]:
        status = cli.main(["soundtrack", file, "--target", target, *flags])
        output = capsys.readouterr()
        return status, output.out, output.err

    return run


def test_people_get_each_cue_with_its_time_words_mood_clip_and_why(soundtrack: Any) -> None:
    status, output, errors = soundtrack()
    assert (status, errors) == (0, "")
    head, valence, arousal, *cues = [line for line in output.splitlines() if line.strip()]
    assert head == "A story  16 words, 0:45 of reading, 3 cues"
    assert valence.startswith("valence  ▁")
    assert valence.endswith("█ 0.20–0.80")
    assert "█" in arousal
    assert (
        "\n".join(cues[1:])
        == """\
     0:00  It rained <all> night & nobody came.
           grief 75%
           https://youtu.be/ndjLkbP6Y9Y?t=30     30–40 s
           Piano
           reason <0>
     0:15  Then the door flew open, and she ran.
           action 75%
           https://example.org/storm.ogg
           A & B – Storm, <no. 1>
           reason <1>
     0:30  The end.
           calm 75%
           silence
           reason <2>
model text_encoder 5, index music_index 7"""
    )


def test_json_is_one_object_with_the_words_of_each_passage(soundtrack: Any) -> None:
    _, output, _ = soundtrack("--json")
    told = json.loads(output)
    assert (told["title"], told["cue_count"], told["duration_seconds"]) == ("A story", 3, 45.0)
    assert "".join(cue["passage"]["content"] for cue in told["cues"]) == TEXT
    first, second, third = told["cues"]
    assert (first["clip"]["id"], len(first["alternates"])) == ("ndjLkbP6Y9Y@30", 2)
    assert (second["transition"], second["reason"]) == ("cut", "sequence")
    assert third["clip"] is None
    assert first["passage"]["curve"] == [
        {"start": 0, "vad": {"valence": 0.2, "arousal": 0.3, "dominance": 0.0}}
    ]


def test_a_playlist_plays_a_clip_as_often_as_its_passage_lasts(soundtrack: Any) -> None:
    _, output, _ = soundtrack("--m3u")
    assert (
        output
        == """\
#EXTM3U
#PLAYLIST:A story
#EXTINF:10,Piano
#EXTVLCOPT:start-time=30
#EXTVLCOPT:stop-time=40
https://youtu.be/ndjLkbP6Y9Y?t=30
#EXTINF:5,Piano
#EXTVLCOPT:start-time=30
#EXTVLCOPT:stop-time=35
https://youtu.be/ndjLkbP6Y9Y?t=30
#EXTINF:15,A & B - Storm, <no. 1>
#EXTVLCOPT:start-time=0
#EXTVLCOPT:stop-time=15
https://example.org/storm.ogg
# silence at 0:30 for 0:15
"""
    )


def test_a_clip_that_is_held_goes_on_in_the_playlist(soundtrack: Any, fake: FakeComposer) -> None:
    held = fake.parts[2].cue
    held.clip.CopyFrom(fake.parts[1].cue.clip)
    held.transition = pb.TRANSITION_HOLD
    _, output, _ = soundtrack("--m3u")
    assert output.count("#EXTINF:10,Piano") == 3
    assert "goes on: https://youtu.be/ndjLkbP6Y9Y?t=30" in soundtrack()[1]


def test_what_a_catalogue_says_steers_neither_terminal_nor_player(
    soundtrack: Any, fake: FakeComposer, tmp_path: Path
) -> None:
    known = fake.parts[2].cue.clip.clip.metadata
    known.title, known.uri = "\x1b[2Ja\n#EXTM3U", "https://x.org/a\nhttps://y.org"
    fake.parts[2].cue.why = "\x1b[2Jb"
    (tmp_path / "a.html").write_text(f"<title>&#27;[2J\nc</title><p>{escape(TEXT)}")
    file = str(tmp_path / "a.html")
    assert "\x1b" not in soundtrack(file=file)[1]
    playlist = soundtrack("--m3u", file=file)[1].splitlines()
    assert all(line.startswith(("#EXT", "# ", "#PLAYLIST:", "https://")) for line in playlist)
    assert (playlist.count("#EXTM3U"), playlist[-2]) == (1, "https://x.org/a https://y.org")


class _Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_holds_the_text_and_nothing_that_runs_or_is_loaded(
    soundtrack: Any, fake: FakeComposer, tmp_path: Path
) -> None:
    evil = '"><script>alert(1)</script>'
    fake.parts[2].cue.clip.clip.metadata.uri = "javascript:alert(1)"
    fake.parts[2].cue.clip.clip.metadata.artist = evil
    fake.parts[1].cue.passage.text.scenes[0].scene = evil
    fake.parts[1].cue.why = evil
    page = tmp_path / "page.html"
    (tmp_path / "evil.html").write_text(
        f"<title>{evil.replace('<', '&lt;')}</title><p>{TEXT.replace('<', '&lt;')}"
    )
    status, output, _ = soundtrack("--html", str(page), file=str(tmp_path / "evil.html"))
    assert (status, output) == (0, f"{page}: 3 cues\n")
    read = _Page(page.read_text(encoding="utf-8"))
    assert "It rained <all> night & nobody came." in read.text
    assert {"script", "iframe", "img", "link", "object", "form", "all"}.isdisjoint(
        tag for tag, _ in read.tags
    )
    assert all(
        not name.startswith("on") and name not in ("src", "srcset") for _, kept in read.tags for name in kept
    )
    links = [kept["href"] for tag, kept in read.tags if tag == "a"]
    assert links[:3] == ["#cue-0", "#cue-1", "#cue-2"]
    assert all((link or "").startswith(("#", "https://")) for link in links)
    assert read.text.count(evil) >= 3
    assert "default-src 'none'" in str(read.tags)
    assert ("main", {"class": "lines"}) in read.tags  # as the text has them
    [valence, arousal] = [kept["points"] for tag, kept in read.tags if tag == "polyline"]
    assert valence is not None
    assert arousal is not None
    assert len(valence.split()) == len(arousal.split()) == 3


def test_a_picture_of_the_curve_is_written_beside_what_is_printed(soundtrack: Any, tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    status, output, _ = soundtrack("--json", "--curve", str(path))
    assert (status, json.loads(output)["cue_count"]) == (0, 3)
    assert path.read_bytes().startswith(PNG)


def test_flags_are_what_is_asked_for(soundtrack: Any, fake: FakeComposer) -> None:
    flags = "--wpm 300 --intensity 0 --first-mood sad --last-mood happy --allow-vocals --min-passage 30 "
    flags += (
        "--max-passage 90 --no-repeat 4 --clips-per-video 1 --candidates 12 --seed 3 --index own --space vad "
    )
    flags += "--weight fit=2 --weight staying=0 --skip 20-30 --pin 0-20=-a@1 --label Piano --max-per artist=2"
    soundtrack(*flags.split())
    assert fake.requests == [
        pb.ComposeSoundtrackRequest(
            text=TEXT,
            options={
                "k": 12,
                "seed": 3,
                "index": "own",
                "filter": {"labels": ["Piano"]},
                "max_per_artist": 2,
            },
            space="vad",
            words_per_minute=300,
            allow_vocals=True,
            intensity=0.0,
            first_mood="sad",
            last_mood="happy",
            min_passage_seconds=30,
            max_passage_seconds=90,
            no_repeat_cues=4,
            max_clips_per_video=1,
            weights={"fit": 2, "staying": 0},
            decisions=[{"start": 0, "end": 20, "clip_id": "-a@1"}, {"start": 20, "end": 30, "silent": True}],
        )
    ]


@pytest.mark.parametrize(
    "flags", ["--weight loud=1", "--weight fit=x", "--pin 0-20", "--pin a-b=c", "--skip 3", "--json --m3u"]
)
def test_flags_that_say_nothing_are_bad_usage(soundtrack: Any, fake: FakeComposer, flags: str) -> None:
    with pytest.raises(SystemExit) as caught:
        soundtrack(*flags.split())
    assert caught.value.code == 2
    assert not fake.requests


def test_an_epub_is_read_and_what_of_it_is_broken_is_told(
    soundtrack: Any, fake: FakeComposer, tmp_path: Path
) -> None:
    path = tmp_path / "b.epub"
    files = book({"one.xhtml": TEXT.replace("<all>", "all"), "gone.xhtml": ""})
    del files["OEBPS/gone.xhtml"]
    path.write_bytes(archive(files))
    status, output, errors = soundtrack(file=str(path))
    assert status == 0
    assert output.startswith("A Book  16 words")
    assert errors == "ambiance: left out OEBPS/gone.xhtml: it isn't in the archive\n"
    assert fake.requests[0].text == TEXT.replace("<all>", "all")


def test_standard_input_is_a_file_as_well(
    soundtrack: Any, fake: FakeComposer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("Größe".encode("utf-16"))))
    status, output, _ = soundtrack(file="-")
    assert (status, fake.requests[0].text) == (0, "Größe")
    assert output.startswith("16 words, ")


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--html", "{folder}"], "--html: {folder}: is a folder"),
        (["--curve", "{folder}/no/x.png"], "--curve: {folder}/no/x.png: no such folder"),
    ],
)
def test_what_cant_be_written_is_told_before_anything_is_composed(
    soundtrack: Any, fake: FakeComposer, tmp_path: Path, flags: list[str], complaint: str
) -> None:
    status, output, errors = soundtrack(*(flag.format(folder=tmp_path) for flag in flags))
    assert (status, output, errors) == (2, "", f"ambiance: {complaint.format(folder=tmp_path)}\n")
    assert not fake.requests


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "file: {file}: No such file or directory"),
        (b"", "file: holds no text"),
        (b"\0\1\2", "file: is binary, not a text; plain text, HTML and EPUB can be read"),
    ],
)
def test_a_file_that_cant_be_read_is_bad_input(
    soundtrack: Any, fake: FakeComposer, tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    status, output, errors = soundtrack(file=str(file))
    assert (status, output, errors) == (2, "", f"ambiance: {complaint.format(file=file)}\n")
    assert not fake.requests


@pytest.mark.parametrize(
    ("error", "after", "status", "complaint"),
    [
        (InvalidInputError([Violation("first_mood", "unknown")]), 0, 2, "ambiance: first_mood: unknown\n"),
        (
            PeerError("oh"),
            3,
            1,
            "ambiance: gateway at {target}: INTERNAL: internal error; the server's log has",
        ),
    ],
)
def test_an_error_of_the_gateway_ends_it_without_half_an_answer(
    soundtrack: Any,
    fake: FakeComposer,
    target: str,
    error: Exception,
    after: int,
    status: int,
    complaint: str,
) -> None:
    fake.errors, fake.errors_after = [error], after
    ended, output, errors = soundtrack()
    assert (ended, output) == (status, "")
    assert errors.startswith(complaint.format(target=target))


def test_nobody_there_is_told_by_its_exit_status(story: Path) -> None:
    assert cli.main(["soundtrack", str(story), "--target", "127.0.0.1:1"]) == 69


def _process(target: str, story: Path, **streams: Any) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "ambiance.cli", "soundtrack", str(story), "--target", target, "--json"]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, **streams)


def test_ctrl_c_ends_it_quietly_and_the_work_with_it(target: str, story: Path, fake: FakeComposer) -> None:
    begun = threading.Event()

    def hold(i: int) -> None:
        if i == 2:
            begun.set()
            fake.ended.wait(WAIT_S)

    fake.before_part = hold
    with _process(target, story, stdout=subprocess.DEVNULL) as process:
        assert begun.wait(WAIT_S)
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=WAIT_S)[1]
    assert (process.returncode, errors) == (130, b"")
    assert fake.ended.wait(WAIT_S)


def test_a_pipe_that_is_closed_ends_it_quietly(target: str, story: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with _process(target, story, stdout=writing) as process:
        os.close(writing)
        errors = process.communicate(timeout=WAIT_S)[1]
    assert (process.returncode, errors) == (1, b"")
