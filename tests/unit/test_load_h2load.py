"""What h2load is given, and what is read off its words."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from load import h2load
from load.errors import LoadError
from load.fleet import Fleet
from load.h2load import flood, framed, lines, parse
from load.jobs import Work
from load.target import Target

OUTPUT = """starting benchmark...
finished in 1.43s, 349.63 req/s, 1.08MB/s
requests: 500 total, 500 started, 500 done, 500 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 500 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 1.55MB (1622499) total, 1.76KB (1800) headers (space savings 95.56%), 1.52MB (1593500) data
                     min         max         mean         sd        +/- sd
time for request:     2.99ms    151.54ms     22.18ms     20.57ms    92.80%
time for connect:      129us       329us       212us        84us    75.00%
"""


def test_a_message_is_framed_as_grpc_has_it() -> None:
    assert framed(b"abc") == b"\x00\x00\x00\x00\x03abc"


def test_its_figures() -> None:
    found = parse(OUTPUT, 100)
    assert found == {"calls_per_s": 349.63, "mean_ms": 22.18, "reply_bytes": 3187.0}
    assert parse(OUTPUT.replace("22.18ms", "871us"), 100)["mean_ms"] == pytest.approx(0.871)
    assert parse(OUTPUT.replace("22.18ms", "1.50s"), 100)["mean_ms"] == 1500


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("connection refused", "says what can't be read: connection refused"),
        (OUTPUT.replace("0 failed", "3 failed"), "weren't answered well"),
        (OUTPUT.replace("(1593500) data", "(2500) data"), "5 bytes each"),
    ],
)
def test_a_run_that_shows_nothing_is_refused(output: str, sentence: str) -> None:
    with pytest.raises(LoadError, match="h2load") as raised:
        parse(output, 100)
    assert sentence in str(raised.value)


def test_the_table_checks_both_by_littles_law() -> None:
    row = {"calls_per_s": 400.0, "mean_ms": 40.0}
    table = lines({"load": row, "h2load": {**row, "mean_ms": 20.0}, "in_flight": 16, "connections": 4})
    assert table[1].split() == ["load", "400.0", "40.00", "16.0"]
    assert "1.00 of the calls/s, 2.00 of the mean, 16 in flight over 4 connections" in table[-1]


def test_where_it_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet.__new__(Fleet)  # is not asked for anything
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(LoadError, match="isn't installed"):
        h2load.cross_check(fleet, Work(Target("127.0.0.1:1"), "/a/b", (b"",)), 4, 1)
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/false")
    with pytest.raises(LoadError, match="takes a token only where every user"):
        h2load.cross_check(fleet, Work(Target("127.0.0.1:1", token="t"), "/a/b", (b"",)), 4, 1)


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts an h2load first on the path that says what it is given; returns where it notes its flags."""

    def install(output: str) -> Path:
        (tmp_path / "output").write_text(output)
        program = tmp_path / "h2load"
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/flags\ncat {tmp_path}/output\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return tmp_path / "flags"

    return install


def test_of_a_flood_it_counts_the_answers_by_their_bytes(say: Callable[[str], Path]) -> None:
    flags = say(OUTPUT)  # 500 calls with 1,593,500 bytes, as 100 answers and 400 refusals would have
    work = Work(Target("127.0.0.1:1"), "/a/b", (b"",))
    assert flood(work, 4, 1000, 2, 15_935) == {"offered_per_s": 250, "answered_per_s": 50}
    assert {"-c4", "--rps=250.00", "-D2", "http://127.0.0.1:1/a/b"} <= set(flags.read_text().split())
    say("no such host")
    with pytest.raises(LoadError, match="says what can't be read: no such host"):
        flood(work, 4, 1000, 2, 15_935)
