"""Settings of the standalone process: those of the gateway and of both services that make sense in one."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from ambiance.channel import GATEWAY_PORT, HTTP_PORT, MUSIC_INDEX_SERVICE_PORT, TEXT_SERVICE_PORT
from ambiance.server.artifact_settings import ArtifactPolicy
from gateway.settings import HttpServerSettings, MatchPolicy, OptionalPort
from text_service.settings import AnswerPolicy


def _of_a_cluster(port: int) -> Callable[[dict[str, Any]], int | None]:
    """Makes the default of a further port: a cluster's, as long as `port` is a cluster's too.

    Whoever moves that one starts a second process, and the first holds the others.
    """
    return lambda settings: port if settings.get("port") == GATEWAY_PORT else None


class StandaloneSettings(AnswerPolicy, MatchPolicy, ArtifactPolicy, HttpServerSettings):
    """Answers texts with music, in one process: gateway, text service and music index service."""

    model_config = SettingsConfigDict(env_prefix="AMBIANCE_SERVE_")

    port: int = Field(GATEWAY_PORT, ge=0, le=65535, description="gRPC port; 0 lets the system choose")
    # The client and the command line look for each service at a port of its own.
    text_port: OptionalPort = Field(
        default_factory=_of_a_cluster(TEXT_SERVICE_PORT),
        description="a further gRPC port, the text service's of a cluster: 50052 unless --port is another "
        "than 50051; none for none",
    )
    music_port: OptionalPort = Field(
        default_factory=_of_a_cluster(MUSIC_INDEX_SERVICE_PORT),
        description="a further gRPC port, the music index service's of a cluster: 50053 unless --port is "
        "another than 50051; none for none",
    )
    metrics_port: int = Field(
        9051, ge=0, le=65535, description="HTTP port of /metrics; 0 lets the system choose"
    )
    http_port: OptionalPort = Field(
        HTTP_PORT,
        description="port of HTTP/JSON and the reader's page; 0 lets the system choose, none for none",
    )
    # Fewer than a service by itself lets in, as in the gateway's settings.
    permits: int = Field(
        24, ge=1, le=4096, description="calls let in, being answered or waiting for it; more queue in a burst"
    )
    # A match here only computes, it never waits for another process, and Python runs one thread at a time:
    # 2 threads answered a fifth more calls than 4.
    threads: int = Field(
        2,
        ge=1,
        le=1024,
        description="calls answered at the same time, those not counted that take over 0.1 s",
    )
    text_version: int | None = Field(
        None,
        ge=1,
        description="version of the text encoder to stay at; unless set, the newest is followed",
    )
    music_version: int | None = Field(
        None,
        ge=1,
        description="version of the music index to stay at; unless set, the newest is followed",
    )
    data: Path | None = Field(
        None, description="folder of the clips that are written; nothing can be written without"
    )
    log_format: Literal["json", "text"] = Field(
        default_factory=lambda: "text" if sys.stderr is not None and sys.stderr.isatty() else "json",
        description="a JSON object or plain text a line; unless set, text at a terminal",
    )
    interpreters: int = Field(2, ge=1, le=64, description="blocks of windows that the model reads at once")

    def further_ports(self) -> dict[str, int]:
        """As the base class: those of a cluster's services, so that what finds them there finds them here."""
        ports = {"text_port": self.text_port, "music_port": self.music_port}
        return {name: port for name, port in ports.items() if port is not None}
