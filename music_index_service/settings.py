"""Settings of the process, read once by `__main__`."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from ambiance.channel import MUSIC_INDEX_SERVICE_PORT
from ambiance.server.artifact_settings import ArtifactPolicy
from ambiance.server.settings import ServerSettings
from music_index_service.live.keeper import LEAST_AT_ONCE
from music_index_service.succession import PREVIOUS_S


class MusicIndexSettings(ArtifactPolicy, ServerSettings):
    """Finds music clips near a vector."""

    model_config = SettingsConfigDict(env_prefix="AMBIANCE_MUSIC_")

    port: int = Field(
        MUSIC_INDEX_SERVICE_PORT, ge=0, le=65535, description="gRPC port; 0 lets the system choose"
    )
    metrics_port: int = Field(
        9053, ge=0, le=65535, description="HTTP port of /metrics; 0 lets the system choose"
    )
    # not `version`: that flag prints the program's own
    data: Path | None = Field(
        None,
        description="folder of the clips that are written to the service; nothing can be written without",
    )
    compaction_clips: int = Field(
        LEAST_AT_ONCE,
        ge=1,
        description="clips that change before they are compacted in the midst of writing; a pause is enough "
        "for fewer",
    )
    engine: Literal["faiss", "milvus"] = Field(
        "faiss", description="what finds the nearest clips: faiss in this process, or milvus at milvus_uri"
    )
    milvus_uri: str = Field(
        "http://127.0.0.1:19530", description="address of Milvus, which then keeps all clips"
    )
    milvus_token: str = Field("", description="token of Milvus, user:password say; none if empty")
    milvus_index: Literal["FLAT", "IVF_FLAT"] = Field(
        "FLAT", description="how Milvus finds clips in indexes made from now on: FLAT is exact"
    )
    milvus_lists: int = Field(1_024, ge=1, le=65_536, description="lists of an IVF_FLAT")
    milvus_probes: int = Field(
        64, ge=1, le=65_536, description="lists of an IVF_FLAT that a search looks through"
    )
    artifact_version: int | None = Field(
        None,
        ge=1,
        description="version of the music index to stay at; unless set, the newest is followed",
    )
    previous_seconds: float = Field(
        PREVIOUS_S,
        ge=0,
        le=86_400,
        description="seconds without queries after which the version before one of another lineage is let go",
    )
