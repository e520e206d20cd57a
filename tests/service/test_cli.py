"""The command line against a real server: exit status, standard output, standard error."""

import io
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from ambiance import cli
from ambiance.errors import AmbianceError, DeadlineError, InvalidInputError, NotFoundError
from ambiance.match.v1 import match_service_pb2 as pb
from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.server.lifecycle import Application, HealthReporter, Servicer
from ambiance.text.v1 import text_service_pb2 as text_pb
from ambiance.text.v1 import text_service_pb2_grpc as text_grpc

NOBODY = "127.0.0.1:1"
SERVICE = "ambiance.match.v1.MatchService"
SURROGATE = "lone surrogate U+DCFF at character 2; it has no UTF-8 encoding"


class Fake(match_service_pb2_grpc.MatchServiceServicer, text_grpc.TextServiceServicer):
    """Gateway and text service; one clip whose label is the text."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.error: AmbianceError | None = None

    def MatchText(self, request: Any, context: grpc.ServicerContext) -> pb.MatchTextResponse:  # noqa: N802
        self._play(request)
        response = pb.MatchTextResponse()
        response.match.neighbors.add(distance=0.5).clip.labels.append(request.text)
        return response

    def EncodeTexts(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> text_pb.EncodeTextsResponse:
        self._play(request)
        return text_pb.EncodeTextsResponse(results=[{"token_count": 3}])

    def _play(self, request: Any) -> None:
        self.requests.append(request)
        if self.error is not None:
            raise self.error


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def reporters() -> list[HealthReporter]:
    """The health of the server, as its first element once it runs."""
    return []


@pytest.fixture
def target(fake: Fake, reporters: list[HealthReporter], serve: Callable[..., Any]) -> str:
    """Address of a server of the fake whose health a test sets."""
    servicers = [
        Servicer(SERVICE, lambda s: match_service_pb2_grpc.add_MatchServiceServicer_to_server(fake, s)),
        Servicer("text", lambda s: text_grpc.add_TextServiceServicer_to_server(fake, s)),
    ]
    address: str = serve(Application(servicers, watch_health=reporters.append)).target
    return address


def test_match_prints_clips(fake: Fake, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["match", "joy", "-k", "3", "--index", "small", "--target", target]) == 0
    output = capsys.readouterr()
    assert "distance 0.5" in output.out
    assert "\x1b" not in output.out  # not a terminal
    assert output.err == ""
    assert fake.requests == [pb.MatchTextRequest(text="joy", options={"k": 3, "index": "small"})]


def test_a_seed_and_explain_are_passed_on(fake: Fake, target: str) -> None:
    assert cli.main(["match", "joy", "--seed", "7", "--explain", "--target", target]) == 0
    assert cli.main(["encode", "joy", "--explain", "--target", target]) == 0
    assert fake.requests == [
        pb.MatchTextRequest(text="joy", options={"k": 10, "seed": 7}, explain=True),
        text_pb.EncodeTextsRequest(texts=["joy"], explain=True),
    ]


def test_flags_make_a_filter(fake: Fake, target: str) -> None:
    flags = ["--label", "Rock music", "--label=Jazz", "--without-label", "Singing", "--mood", "sad"]
    flags += ["--min-mood", " Sad =0.5", "--min-mood=tender=1e-1", "--clip=-bcdefghijk@1"]
    flags += ["--without-clip", "abcdefghijk@2", "--video", "abcdefghijk", "--without-video=-----------"]
    assert cli.main(["match", "joy", *flags, "--target", target]) == 0
    conditions = {
        "labels": ["Rock music", "Jazz"],
        "without_labels": ["Singing"],
        "moods": ["sad"],
        "min_mood_scores": {"sad": 0.5, "tender": 0.1},
        "clip_ids": ["-bcdefghijk@1"],
        "without_clip_ids": ["abcdefghijk@2"],
        "youtube_ids": ["abcdefghijk"],
        "without_youtube_ids": ["-----------"],
    }
    assert fake.requests == [pb.MatchTextRequest(text="joy", options={"k": 10, "filter": conditions})]


def test_facet_flags_bound_scores_on_either_side(fake: Fake, target: str) -> None:
    flags = ["--facet", "calm>=0.5", "--facet=sad=.25", "--facet", " Low_quality < 0.75", "--facet", "calm<1"]
    flags += ["--facet", "vocal<0.5", "--instrumental", "--no-speech", "--all-clips"]
    assert cli.main(["match", "joy", *flags, "--target", target]) == 0
    options = SearchOptions(k=10, include_unlistenable=True)
    options.filter.min_facet_scores.update({"calm": 0.5, "sad": 0.25})
    options.filter.max_facet_scores.update({"low_quality": 0.75, "calm": 1, "vocal": 0.5, "speech": 0.2})
    assert fake.requests == [pb.MatchTextRequest(text="joy", options=options)]


def test_all_clips_alone_is_no_filter(fake: Fake, target: str) -> None:
    assert cli.main(["match", "joy", "--all-clips", "--target", target]) == 0
    options = SearchOptions(k=10, include_unlistenable=True)
    assert fake.requests == [pb.MatchTextRequest(text="joy", options=options)]


@pytest.mark.parametrize(
    "bound",
    [
        "",
        "calm",
        "calm>=",
        ">=0.5",
        "calm>=much",
        "calm=0",
        "calm=1.5",
        "calm>=nan",
        "calm=-0.1",
        "calm>0.5",
        "calm<=0.5",
        "calm==0.5",
        "0.5<calm<0.7",
        "calm>=0.5,sad=0.5",
    ],
)
def test_a_facet_without_a_proper_score_is_bad_usage(bound: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["match", "joy", "--facet", bound])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "argument --facet: a facet and a score above 0, at most 1, such as" in error
    assert error.endswith(f"got '{bound}'\n")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            ["--facet", "vocal>=0.5", "--instrumental"],
            "no clip meets both --facet (vocal>=0.5) and --instrumental (vocal<0.5)",
        ),
        (
            ["--facet=sad<0.2", "--facet=sad=0.6"],
            "no clip meets both --facet (sad>=0.6) and --facet (sad<0.2)",
        ),
        (
            ["--facet=calm=0.5", "--facet=calm>=0.6"],
            "one score of a kind for each facet, got --facet (calm>=0.5) and --facet (calm>=0.6)",
        ),
        (
            ["--no-speech", "--facet=speech<0.5"],
            "one score of a kind for each facet, got --no-speech (speech<0.2) and --facet (speech<0.5)",
        ),
    ],
)
def test_facet_flags_that_contradict_each_other_are_bad_input(
    flags: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["match", "joy", *flags, "--target", NOBODY]) == 2
    assert capsys.readouterr().err == f"ambiance: --facet: {sentence}\n"


@pytest.mark.parametrize("share", ["sad", "sad=", "sad=much", "=", "0.5"])
def test_a_mood_without_a_share_is_bad_usage(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["match", "joy", "--min-mood", share])
    assert caught.value.code == 2
    assert f"a mood and its share, such as sad=0.5, got '{share}'" in capsys.readouterr().err


def test_two_shares_of_one_mood_are_bad_input(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--min-mood", "sad=0.5", "--min-mood", "Sad=0.6"]
    assert cli.main(["match", "joy", *flags, "--target", target]) == 2
    assert capsys.readouterr().err == "ambiance: --min-mood: one share for each mood, got two for one\n"


def test_a_seed_that_is_none_is_bad_input(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["match", "joy", "--seed", "-1", "--target", target]) == 2
    assert capsys.readouterr().err == "ambiance: seed: 0 to 18,446,744,073,709,551,615, got -1\n"


def test_match_as_json_is_one_document(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["match", "joy", "--json", "--target", target]) == 0
    assert json.loads(capsys.readouterr().out)["clips"][0]["labels"] == ["joy"]


def test_encode(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["encode", "joy", "--json", "--target", target]) == 0
    assert json.loads(capsys.readouterr().out)["text"]["token_count"] == 3


def test_a_text_from_standard_input(fake: Fake, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("two\nlínes\n".encode())))
    assert cli.main(["match", "-", "--target", target]) == 0
    assert fake.requests[0].text == "two\nlínes"


def test_standard_input_that_is_not_utf8(
    target: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ab\xff")))
    assert cli.main(["match", "-", "--target", target]) == 2
    assert capsys.readouterr().err == (
        "ambiance: text: byte 0xFF at position 2 of standard input isn't UTF-8\n"
    )


@pytest.mark.parametrize(
    ("raised", "status", "sentence"),
    [
        (
            InvalidInputError.of("k", "1 to 1,000, or 0 for 10, got -1"),
            2,
            "k: 1 to 1,000, or 0 for 10, got -1",
        ),
        (NotFoundError("index: no 'x'"), 2, "index: no 'x'"),
        (DeadlineError("text service: late"), 1, "gateway at {target}: text service: late"),
    ],
)
def test_an_error_is_one_sentence(
    fake: Fake,
    target: str,
    capsys: pytest.CaptureFixture[str],
    *,
    raised: AmbianceError,
    status: int,
    sentence: str,
) -> None:
    fake.error = raised
    assert cli.main(["match", "joy", "--target", target]) == status
    output = capsys.readouterr()
    assert output.err == f"ambiance: {sentence.format(target=target)}\n"
    assert output.out == ""


def test_a_cluster_that_is_down_is_69(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["match", "joy", "--target", NOBODY]) == 69
    told = capsys.readouterr().err
    assert told.startswith(f"ambiance: gateway at {NOBODY}: ")
    assert told.endswith(
        "; is it up? (`make up` starts a cluster, `ambiance serve` one process for all services)\n"
    )


@pytest.mark.parametrize(
    "arguments", [[], ["match"], ["match", "joy", "-k", "many"], ["match", "joy", "--kk", "3"]]
)
def test_bad_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def in_shell(arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command line, redirections and all."""
    command = f"{shlex.quote(sys.executable)} -m ambiance.cli {arguments}"
    # Python's own default, whatever the tests run with: output waits in a buffer
    variables = {**os.environ, "PYTHONUNBUFFERED": "", **environment}
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=False, env=variables, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


FULL = "ambiance: standard output: No space left on device\n"
CLOSED = "ambiance: standard output is closed\n"


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("match joy --target {target} >/dev/full", (1, "", FULL)),
        ("encode joy --json --target {target} >/dev/full", (1, "", FULL)),
        ("health -v --target {target} >/dev/full", (1, "", FULL)),
        ("match --help >/dev/full", (1, "", FULL)),
        ("--version >/dev/full", (1, "", FULL)),
        ("match joy --target {target} >&-", (1, "", CLOSED)),
        ("encode joy --target {target} >&-", (1, "", CLOSED)),
        ("health -v --target {target} >&-", (1, "", CLOSED)),
        ("--help >&-", (1, "", CLOSED)),
        ("--version >&-", (1, "", CLOSED)),
        ("match - --target {target} <&-", (2, "", "ambiance: text: standard input is closed\n")),
        (
            "encode - --target {target} 0>/dev/null",
            (2, "", "ambiance: text: standard input can't be read: Bad file descriptor\n"),
        ),
        ("match joy -k -1 --target '' 2>&-", (2, "", "")),
        ("match --unknown 2>&-", (2, "", "")),
        ("match joy --target '' 2>/dev/full", (2, "", "")),
        ("match joy --target {target} >&- 2>&-", (1, "", "")),
    ],
)
def test_streams_that_are_closed_or_full(target: str, arguments: str, answer: tuple[int, str, str]) -> None:
    assert in_shell(arguments.format(target=target)) == answer


def test_output_that_is_not_buffered_is_missed_as_well(target: str) -> None:
    for arguments in (f"match joy --target {target}", "match --help"):
        assert in_shell(f"{arguments} >/dev/full", PYTHONUNBUFFERED="1") == (1, "", FULL)


def test_a_health_check_that_is_silent_needs_no_streams(target: str, reporters: list[HealthReporter]) -> None:
    reporters[0].report(serving=True)
    assert in_shell(f"health --target {target} <&- >&- 2>&-") == (0, "", "")


@pytest.mark.parametrize("text", ["-sad", "-k", "--help", "-1"])
def test_a_text_that_begins_with_a_dash_stands_behind_two(fake: Fake, target: str, text: str) -> None:
    assert cli.main(["match", "--target", target, "--", text]) == 0
    assert [request.text for request in fake.requests] == [text]


def test_a_text_that_was_taken_for_a_flag_is_told_where_to_stand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["match", "-sad"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(
        "required: TEXT (one that begins with a dash stands last, behind two: -- -sad)\n"
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
    ],
)
def test_what_is_not_ascii_in_a_locale_that_is(
    fake: Fake, target: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    text = tmp_path / "text"
    text.write_text("línes", encoding="utf-8")
    for arguments in ("match línes", f"match - <{text}", "match línes --label línes"):
        status, output, error = in_shell(f"{arguments} --target {target}", **environment)
        assert (status, error) == (0, "")
        assert "nes" in output
    assert [request.text for request in fake.requests] == ["línes"] * 3
    assert list(fake.requests[-1].options.filter.labels) == ["línes"]


def test_bytes_in_an_argument_that_are_not_utf8(target: str) -> None:
    command = [sys.executable, "-m", "ambiance.cli", "match", b"ab\xff", "--target", target]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"ambiance: text: {SURROGATE}\n"


def test_a_terminal_that_cannot_show_every_character(target: str) -> None:
    command = [sys.executable, "-m", "ambiance.cli", "match", "línes", "--target", target]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "l?nes" in done.stdout


def test_a_reader_that_leaves_early_sees_no_traceback(target: str) -> None:
    command = [sys.executable, "-m", "ambiance.cli", "match", "joy", "--target", target]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_health(target: str, reporters: list[HealthReporter], capsys: pytest.CaptureFixture[str]) -> None:
    reporters[0].report(serving=True)
    assert cli.main(["health", "--target", target]) == 0
    assert cli.main(["health", "--target", target, "--service", SERVICE]) == 0
    reporters[0].report(serving=False)
    assert cli.main(["health", "--target", target]) == 1
    assert cli.main(["health", "--target", target, "--service", "unknown.Service"]) == 1
    assert cli.main(["health", "--target", NOBODY]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--target", ""], "target: is empty; a host:port is needed"),
        (["--target", "ab\udcff"], f"target: {SURROGATE}"),
        (["--service", "ab\udcff"], f"service: {SURROGATE}"),
        (["--deadline", "0"], "deadline_s: a number of seconds above 0, at most 86,400, got 0.0"),
        (["--deadline", "1e9"], "deadline_s: a number of seconds above 0, at most 86,400, got 1000000000.0"),
    ],
)
def test_a_health_check_of_nothing_is_bad_usage(
    flags: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["health", *flags]) == 2
    assert capsys.readouterr().err == f"ambiance: {sentence}\n"


@pytest.mark.parametrize("arguments", [["match", "joy"], ["encode", "joy"], ["health"]])
@pytest.mark.parametrize(
    ("target", "offence"),
    [
        ("", "is empty; a host:port is needed"),
        ("127.0.0.1:99999", "the port is 1 to 65,535, got '127.0.0.1:99999'"),
    ],
)
def test_a_target_that_cannot_be_called_is_bad_usage(
    arguments: list[str], target: str, offence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*arguments, "--target", target]) == 2
    assert capsys.readouterr().err == f"ambiance: target: {offence}\n"


def test_health_says_the_status_when_asked(
    target: str, reporters: list[HealthReporter], capsys: pytest.CaptureFixture[str]
) -> None:
    reporters[0].report(serving=True)
    cli.main(["health", "-v", "--target", target])
    cli.main(["health", "-v", "--target", NOBODY])
    serving, nobody = capsys.readouterr().out.splitlines()
    assert serving == f"{target} server: SERVING"
    assert nobody.startswith(f"{NOBODY} server: UNAVAILABLE: ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("ambiance ")


def test_version_of_a_checkout_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ambiance.extras.DISTRIBUTION", "ambiance-that-nobody-installs")
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == "ambiance (not installed)\n"
