"""Settings of the gateway process."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from pydantic_settings import SettingsConfigDict

from ambiance.affect import MOOD_SPACE
from ambiance.channel import (
    DEFAULT_DEADLINE_S,
    GATEWAY_PORT,
    MUSIC_INDEX_SERVICE_PORT,
    TEXT_SERVICE_PORT,
)
from ambiance.server.settings import ServerSettings, Target

METRICS_PORT = 9051


class MatchPolicy(BaseModel):
    """What a match does where its caller says nothing, and how long it may take."""

    default_space: str = Field(
        MOOD_SPACE, min_length=1, description="space of a match that names none; both services must hold it"
    )
    default_deadline_seconds: float = Field(
        DEFAULT_DEADLINE_S, gt=0, le=600, description="seconds that a match may take if its caller sets none"
    )
    max_deadline_seconds: float = Field(
        30.0, gt=0, le=600, description="seconds that a match may take whatever its caller sets"
    )
    max_soundtrack_seconds: float = Field(
        600.0, gt=0, le=3600, description="seconds that a soundtrack may take whatever its caller sets"
    )


def _port_or_none(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def _checked_origins(value: str) -> str:
    for origin in listed(value):
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise PydanticCustomError("origin", "an origin is a scheme, a host and perhaps a port, or *")
    return value


def _checked_hosts(value: str) -> str:
    for name in listed(value):
        if name != "*" and not _HOST_NAME.fullmatch(name):
            raise PydanticCustomError("host", "a host is a name without scheme and port, *.name, or *")
    return value


# A port, or None for the word "none".
OptionalPort = Annotated[Annotated[int, Field(ge=0, le=65535)] | None, BeforeValidator(_port_or_none)]

_ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]+")
_HOST_NAME = re.compile(r"(\*\.)?[\w.-]+")


def listed(value: str) -> list[str]:
    """What stands in a list with commas between."""
    return [each for part in value.split(",") if (each := part.strip())]


class HttpServerSettings(ServerSettings):
    """Base of the settings of a process that also answers HTTP."""

    http_port: OptionalPort = Field(
        None, description="port of HTTP/JSON and the reader's page; 0 lets the system choose, none for none"
    )
    http_allowed_hosts: Annotated[str, AfterValidator(_checked_hosts)] = Field(
        "",
        description="names under which HTTP is answered, as reader.example.org or *.example.org, with commas "
        "between, * for any; addresses, localhost and what --host says always are",
    )
    http_cors_origin: Annotated[str, AfterValidator(_checked_origins)] = Field(
        "",
        description="sites whose pages may call over HTTP, as https://example.org, with commas between; none "
        "unless set",
    )

    def shared_ports(self) -> dict[str, int]:
        """Ports that workers listen on together, by the names of their settings."""
        return super().shared_ports() | ({} if self.http_port is None else {"http_port": self.http_port})


class GatewaySettings(MatchPolicy, HttpServerSettings):
    """Answers texts with music by asking the text service and the music index service."""

    model_config = SettingsConfigDict(env_prefix="AMBIANCE_GATEWAY_")

    port: int = Field(GATEWAY_PORT, ge=0, le=65535, description="gRPC port; 0 lets the system choose")
    metrics_port: int = Field(
        METRICS_PORT, ge=0, le=65535, description="HTTP port of /metrics; 0 lets the system choose"
    )
    # Overload is refused here first: fewer than either service behind lets in.
    permits: int = Field(
        24, ge=1, le=4096, description="calls let in, being answered or waiting for it; more queue in a burst"
    )
    # A match takes about as long as two calls of a service: half as many queue as long.
    queue: int = Field(
        256, ge=0, le=65_536, description="calls that may queue for a permit in a burst; the next is refused"
    )
    text_target: Target = Field(f"localhost:{TEXT_SERVICE_PORT}", description="host:port of the text service")
    music_target: Target = Field(
        f"localhost:{MUSIC_INDEX_SERVICE_PORT}", description="host:port of the music index service"
    )
    health_seconds: float = Field(
        1.0, gt=0, le=60, description="seconds between two looks at the health of both services"
    )
