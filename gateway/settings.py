"""Settings of the gateway process."""

from pydantic import BaseModel, Field
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


class GatewaySettings(MatchPolicy, ServerSettings):
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
