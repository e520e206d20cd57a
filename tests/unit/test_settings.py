"""Settings come from flags, then environment, then defaults, and nothing out of place is let through."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from ambiance.extras import installed_version
from ambiance.server.settings import ServerSettings, load_settings
from gateway.settings import GatewaySettings
from music_index_service.settings import MusicIndexSettings
from standalone.settings import StandaloneSettings
from text_service.settings import TextServiceSettings

PROCESSES = [GatewaySettings, MusicIndexSettings, StandaloneSettings, TextServiceSettings]


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
    assert capsys.readouterr().out == f"ambiance-example {installed_version()}\n"


@pytest.mark.parametrize("field", ["port", "metrics_port"])
@pytest.mark.parametrize("settings_type", PROCESSES)
def test_what_kubernetes_tells_of_a_service_is_no_port(
    settings_type: type[ServerSettings], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = settings_type.variable(field)
    monkeypatch.setenv(variable, "tcp://10.0.0.1:50051")
    settings = load_settings(settings_type, "ambiance-example", [])
    assert getattr(settings, field) == settings_type.model_fields[field].default
    [warning] = settings.warnings()
    assert warning == (
        f"{variable}=tcp://10.0.0.1:50051 is what Kubernetes tells of a Service of that name and no port; "
        "it is ignored"
    )
    assert load_settings(settings_type, "ambiance-example", ["--port", "7"]).port == 7


def test_any_other_port_that_is_none_is_refused_still(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMBIANCE_EXAMPLE_PORT", "http://10.0.0.1:50051")
    with pytest.raises(SystemExit):
        load()
    assert "--port (AMBIANCE_EXAMPLE_PORT): " in capsys.readouterr().err


def test_a_mistyped_variable_is_warned_of_with_what_was_meant() -> None:
    warnings = ExampleSettings.warnings(
        {
            "AMBIANCE_EXAMPLE_PRT": "1",
            "AMBIANCE_EXAMPLE_METRIC_PORT": "1",
            "AMBIANCE_EXAMPLE_ZZZ": "1",
            "AMBIANCE_EXAMPLE_PORT": "1",
            "AMBIANCE_OTHER_PRT": "1",
        }
    )
    assert warnings == [
        "AMBIANCE_EXAMPLE_METRIC_PORT is set and no setting of this process; "
        "did you mean AMBIANCE_EXAMPLE_METRICS_PORT?",
        "AMBIANCE_EXAMPLE_PRT is set and no setting of this process; did you mean AMBIANCE_EXAMPLE_PORT?",
        "AMBIANCE_EXAMPLE_ZZZ is set and no setting of this process",
    ]


def test_what_kubernetes_tells_of_services_is_not_warned_of() -> None:
    names = ["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_GRPC", "PORT_50051_TCP", "PORT_50051_TCP_PROTO"]
    names += ["PORT_50051_TCP_PORT", "PORT_50051_TCP_ADDR", "SERVICE_SERVICE_HOST", "A_PORT_53_UDP"]
    told = {f"AMBIANCE_EXAMPLE_{name}": "10.0.0.1" for name in names}
    assert ExampleSettings.warnings({**told, "AMBIANCE_EXAMPLE_SERVICE_PORT": "tcp://10.0.0.1:1"}) == []


@pytest.mark.parametrize("settings_type", PROCESSES)
def test_help_names_the_environment_variable_of_each_flag(
    settings_type: type[ServerSettings], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        load_settings(settings_type, "ambiance-example", ["--help"])
    told = "".join(capsys.readouterr().out.split())  # a long name may be broken in two
    assert all(f"[{settings_type.variable(field)}]" in told for field in settings_type.model_fields)


def test_the_environment_of_whoever_runs_the_tests_changes_none() -> None:
    test = f"{__file__}::test_flags_win_over_the_environment_and_that_over_defaults"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "AMBIANCE_EXAMPLE_PERMITS": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("settings", "flag", "variable"),
    [
        (GatewaySettings, "--text-target", "AMBIANCE_GATEWAY_TEXT_TARGET"),
        (GatewaySettings, "--music-target", "AMBIANCE_GATEWAY_MUSIC_TARGET"),
        (TextServiceSettings, "--tf-serving-target", "AMBIANCE_TEXT_TF_SERVING_TARGET"),
    ],
)
def test_a_service_that_cannot_be_called_ends_the_program(
    settings: type[ServerSettings], flag: str, variable: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        load_settings(settings, "ambiance-example", [flag, "127.0.0.1:99999"])
    assert raised.value.code == 2
    sentence = f"error: {flag} ({variable}): the port is 1 to 65,535, got '127.0.0.1:99999'\n"
    assert capsys.readouterr().err.endswith(sentence)
