"""Settings come from flags, then environment, then defaults, and nothing out of place is let through."""

import re

import pytest
from pydantic_settings import SettingsConfigDict

from ambiance.rpc.settings import ServerSettings, load_settings


class ExampleSettings(ServerSettings):
    """An example process."""

    model_config = SettingsConfigDict(env_prefix="AMBIANCE_EXAMPLE_")


def load(*argv: str) -> ExampleSettings:
    return load_settings(ExampleSettings, "ambiance-example", argv)


def test_flags_win_over_the_environment_and_that_over_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().permits == 64
    monkeypatch.setenv("AMBIANCE_EXAMPLE_PERMITS", "5")
    assert load().permits == 5
    assert load("--permits", "6").permits == 6


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--prots", "1"], "unrecognized arguments: --prots 1"),
        (["--permit", "1"], "unrecognized arguments: --permit 1"),  # no guessing at abbreviations
        (["--port", "70000"], r"--port \(AMBIANCE_EXAMPLE_PORT\): .*65535, got '70000'"),
        (
            ["--drain-seconds", "soon"],
            r"--drain-seconds \(AMBIANCE_EXAMPLE_DRAIN_SECONDS\): .*number.*'soon'",
        ),
    ],
)
def test_what_is_out_of_place_ends_the_program(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        load(*argv)
    assert raised.value.code == 2
    assert re.search(message, capsys.readouterr().err)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        load("--version")
    assert raised.value.code == 0
    assert capsys.readouterr().out.startswith("ambiance-example 0.")
