"""Settings that every process has, each with a flag, an environment variable, a default and a unit."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    CliSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ambiance.extras import installed_version
from ambiance.server.environment import is_service_link, unknown_names
from ambiance.targets import target_offence

PORTS = ("port", "metrics_port", "http_port", "text_port", "music_port")


def _checked_target(target: str) -> str:
    if offence := target_offence(target):
        raise PydanticCustomError("target", "{offence}", {"offence": offence})
    return target


# The address of another process, in any form that `ambiance.targets` accepts.
Target = Annotated[str, Field(min_length=1), AfterValidator(_checked_target)]


class ServerSettings(BaseSettings):
    """Base of a process's settings. A subclass sets `env_prefix` and the default ports."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", cli_kebab_case=True, cli_avoid_json=True, cli_hide_none_type=True
    )

    host: str = Field(
        "127.0.0.1",
        description="address to listen on (0.0.0.0: every IPv4 address, `::`: every IPv6 address as well); "
        "there is no authentication yet",
    )
    port: int = Field(0, ge=0, le=65535, description="gRPC port; 0 lets the system choose")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="HTTP port of /metrics; 0 lets the system choose"
    )
    # Under overload a call takes about as long as all permits together, whatever a call costs: few permits
    # keep that short, and a batch needs no more of them than a single text. A burst wants many: the queue.
    permits: int = Field(
        64, ge=1, le=4096, description="calls let in, being answered or waiting for it; more queue in a burst"
    )
    # A fan-out of 500 fits. Single texts are answered within a second or so, a fifth of the clients' default
    # deadline; where it takes longer, the deadline is the bound. Unread requests cost up to 64 KiB each.
    queue: int = Field(
        512, ge=0, le=65_536, description="calls that may queue for a permit in a burst; the next is refused"
    )
    # Longer than a burst takes to arrive, or it would be refused in part: while a training took both cores,
    # 500 calls at once arrived within 0.5 s, and not within 0.25 s. No longer: that is how long an overload
    # goes on before it is taken for one, and all who come meanwhile wait.
    queue_seconds: float = Field(
        0.5,
        ge=0,
        le=60,
        description="seconds that calls may keep queueing; then they are refused until none was for as long",
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

    def further_ports(self) -> dict[str, int]:
        """Ports that answer the same as `port`, by the names of their settings."""
        return {}

    def shared_ports(self) -> dict[str, int]:
        """Ports that workers listen on together, by the names of their settings."""
        return {"port": self.port, **self.further_ports()}

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable of a setting."""
        return f"{cls.model_config['env_prefix']}{field.upper()}"

    @classmethod
    def warnings(cls, environment: Mapping[str, str] = os.environ) -> list[str]:
        """What in the environment looks like a setting and isn't read, a sentence each."""
        sentences = [
            f"{name}={value} is what Kubernetes tells of a Service of that name and no port; it is ignored"
            for name in map(cls.variable, PORTS)
            if is_service_link(value := environment.get(name, ""))
        ]
        known = [field.upper() for field in cls.model_fields]
        for name, near in unknown_names(environment, cls.model_config["env_prefix"], known).items():
            meant = f"; did you mean {near}?" if near else ""
            sentences.append(f"{name} is set and no setting of this process{meant}")
        return sentences

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the usual sources, but skip port variables that Kubernetes set for a Service."""
        return init_settings, _Environment(settings_cls), dotenv_settings, file_secret_settings


class _Environment(EnvSettingsSource):
    def __call__(self) -> dict[str, Any]:
        """The values, without port variables that hold a Service's address."""
        values = super().__call__()
        return {
            name: value
            for name, value in values.items()
            if not (name in PORTS and isinstance(value, str) and is_service_link(value))
        }


def _formatter(settings_type: type[ServerSettings]) -> type[argparse.HelpFormatter]:
    """Formats help in which each flag names its environment variable."""

    class Formatter(argparse.HelpFormatter):
        def _get_help_string(self, action: argparse.Action) -> str | None:  # as argparse's own formatters do
            for flag in action.option_strings:
                field = flag.removeprefix("--").replace("-", "_")
                if field in settings_type.model_fields:
                    # of a default that hangs on other settings the description tells, not a function's name
                    about = (action.help or "").partition(" (default factory: ")[0]
                    return f"{about} [{settings_type.variable(field)}]"
            return action.help

    return Formatter


S = TypeVar("S", bound=ServerSettings)


def load_settings(settings_type: type[S], program: str, argv: Sequence[str] | None = None) -> S:
    """Read flags (they win), environment and defaults. Exits 2 with one sentence on anything out of place."""
    parser = argparse.ArgumentParser(
        prog=program,
        description=f"{settings_type.__doc__} A flag wins over its environment variable, which stands in [].",
        allow_abbrev=False,
        formatter_class=_formatter(settings_type),
    )
    parser.add_argument("--version", action="version", version=f"{program} {installed_version()}")
    arguments = list(argv if argv is not None else sys.argv[1:])
    try:
        source: CliSettingsSource[S] = CliSettingsSource(
            settings_type, cli_parse_args=arguments, root_parser=parser
        )
        return CliApp.run(settings_type, cli_args=arguments, cli_settings_source=source)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        flag = f"--{name.replace('_', '-')} ({settings_type.variable(name)})"
        parser.error(f"{flag}: {first['msg']}, got {first['input']!r}")
