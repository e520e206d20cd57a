"""Settings that every process has, each with a flag, an environment variable, a default and a unit."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, CliApp, CliSettingsSource, SettingsConfigDict


class ServerSettings(BaseSettings):
    """Base of a process's settings. A subclass sets `env_prefix` and the default ports."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", cli_kebab_case=True, cli_avoid_json=True, cli_hide_none_type=True
    )

    host: str = Field("127.0.0.1", description="address to listen on; there is no authentication yet")
    port: int = Field(0, ge=0, le=65535, description="gRPC port; 0 lets the system choose")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="HTTP port of /metrics; 0 lets the system choose"
    )
    # Under overload a call takes about as long as all permits together, whatever a call costs: few permits
    # keep that short, and a batch needs no more of them than a single text. A burst wants many.
    permits: int = Field(
        64, ge=1, le=4096, description="calls let in, being answered or waiting for it; the next is refused"
    )
    # Python runs one of them at a time. A few keep it busy; more compete with the thread that lets calls in,
    # and behind that calls wait where no permit counts them: at three times the capacity and 32 permits, 4
    # threads answered half the calls within 0.08 s, 8 within 0.14 s and 32 within 1.5 s. Where calls wait for
    # others, a far-off TF Serving say, more are needed.
    threads: int = Field(
        4,
        ge=1,
        le=1024,
        description="calls answered at the same time, those not counted that take over 0.1 s",
    )
    workers: int = Field(
        1, ge=1, le=64, description="processes that share the port; a connection stays with one of them"
    )
    drain_seconds: float = Field(
        10.0,
        ge=0,
        le=600,
        description="seconds that running calls may take after SIGTERM, once no more are accepted",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level logged")
    log_format: Literal["json", "text"] = Field("json", description="a JSON object or plain text a line")


S = TypeVar("S", bound=ServerSettings)


def load_settings(settings_type: type[S], program: str, argv: Sequence[str] | None = None) -> S:
    """Read flags (they win), environment and defaults. Exits 2 with one sentence on anything out of place."""
    parser = argparse.ArgumentParser(prog=program, description=settings_type.__doc__, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"{program} {version('ambiance')}")
    arguments = list(argv if argv is not None else sys.argv[1:])
    try:
        source: CliSettingsSource[S] = CliSettingsSource(
            settings_type, cli_parse_args=arguments, root_parser=parser
        )
        return CliApp.run(settings_type, cli_args=arguments, cli_settings_source=source)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        flag = f"--{name.replace('_', '-')} ({settings_type.model_config['env_prefix']}{name.upper()})"
        parser.error(f"{flag}: {first['msg']}, got {first['input']!r}")
