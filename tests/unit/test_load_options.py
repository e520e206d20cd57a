"""The flags of a load test, and what is refused."""

import pytest

from load.options import MAX_CALLS, PHASES, TOKEN_VARIABLE, parse
from load.target import is_loopback


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--rate 1e9", "--rate: 1 to 20,000 calls/s, got 1e9"),
        ("--rate -5", "--rate: 1 to 20,000 calls/s, got -5"),
        ("--rate nan", "--rate: 1 to 20,000 calls/s, got nan"),
        ("--start-rate fast", "--start-rate: 1 to 20,000 calls/s, got fast"),
        ("--duration 86400", "--duration: 0.5 to 600 seconds, got 86400"),
        ("--warm-up 1000", "--warm-up: 0 to 60 seconds, got 1000"),
        ("--deadline 0", "--deadline: 0.01 to 60 seconds, got 0"),
        ("--concurrency 100000", "--concurrency: 1 to 512 calls, got 100000"),
        ("--senders 0", "--senders: 1 to 64 processes, got 0"),
        ("--connections 65", "--connections: 1 to 64 connections, got 65"),
        ("-k 1001", "-k: 1 to 1,000 clips, got 1001"),
        ("-k 157", "-k: at most 156 with the phase throughput, got 157"),
        ("-k 2.5", "-k: 1 to 1,000 clips, got 2.5"),
        ("--tolerance -0.1", "--tolerance: 0 to 10, got -0.1"),
        ("--rate 20000 --duration 600", f"({MAX_CALLS:,} calls a step), got 20,000"),
        ("--ca x.pem", "--ca and --server-name: need --tls"),
        ("--server-name x", "--ca and --server-name: need --tls"),
        ("--tls --ca /nowhere/x.pem", "--ca: /nowhere/x.pem: No such file"),
        (
            "--target example.org:443 --token t",
            "--token: without --tls it would cross the network in the clear",
        ),
        ("--target=", "--target: is empty; a host:port is needed"),
        ("--token tökén", "--token: printable ASCII only"),
        ("--save-baseline /", "--save-baseline: /: is a folder"),
        ("--baseline x --only h2load", "--baseline: with this --only or --rate there is no figure"),
        ("--baseline x --only rates --rate 9", "--baseline: with this --only or --rate there is no figure"),
        ("--only everything", "--only: invalid choice"),
        ("--speed 3", "unrecognized arguments: --speed"),
    ],
)
def test_what_no_load_test_needs_is_refused_with_a_sentence(
    flags: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(flags.split())
    assert ended.value.code == 2
    said = capsys.readouterr().err.replace("argument ", "")
    assert sentence in said


def test_a_sweep_stays_within_the_calls_that_a_step_may_have() -> None:
    options = parse(["--duration", "600", "--warm-up", "0"])
    assert options.plan(options.max_rate, times=3).total_s * options.max_rate <= MAX_CALLS


def test_phases_keep_their_order() -> None:
    assert parse([]).phases == PHASES
    assert parse(["--only", "rates", "--only", "unloaded"]).phases == ("unloaded", "rates")


def test_which_phases_end_in_figures() -> None:
    assert parse(["--baseline", "x"]).figured_phases == ("unloaded", "throughput", "rates")
    assert parse(["--baseline", "x", "--rate", "9"]).figured_phases == ("unloaded", "throughput")


def test_quick_is_shorter_but_keeps_what_was_asked_for() -> None:
    quick, full = parse(["--quick"]), parse([])
    assert quick.duration_s < full.duration_s
    assert quick.rounds < full.rounds
    asked = parse(["--quick", "--duration", "30", "--warm-up", "0"])
    assert (asked.duration_s, asked.warm_up_s) == (30, 0)


def test_the_token_may_come_from_the_environment_and_is_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "s3cret")
    options = parse([])
    assert options.target.metadata == (("authorization", "Bearer s3cret"),)
    assert "s3cret" not in repr(options)
    assert parse(["--tls", "--target", "example.org:443"]).target.token == "s3cret"


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("localhost:50051", True),
        ("127.0.0.1:50051", True),
        ("127.8.8.8:1", True),
        ("[::1]:50051", True),
        ("dns:///localhost:1", True),
        ("unix:/tmp/socket", True),
        ("10.0.0.1:50051", False),
        ("localhost.example.org:443", False),
        ("127.0.0.1.example.org:443", False),
        ("example.org", False),
    ],
)
def test_which_addresses_are_surely_here(address: str, local: bool) -> None:
    assert is_loopback(address) == local
