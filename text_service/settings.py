"""Settings of the text service: what it reads, and what runs the model."""

from typing import Literal

from pydantic import BaseModel, Field
from pydantic_settings import SettingsConfigDict

from ambiance.artifacts import TEXT_ENCODER
from ambiance.channel import TEXT_SERVICE_PORT
from ambiance.fixed_queries import DISTRESS_THRESHOLD, MIN_EVIDENCE
from ambiance.server.artifact_settings import ArtifactPolicy
from ambiance.server.settings import ServerSettings, Target

Backend = Literal["litert", "tf-serving"]


class AnswerPolicy(BaseModel):
    """Which texts aren't answered by what was read in them; of whatever process reads texts."""

    min_evidence: float = Field(
        MIN_EVIDENCE,
        ge=0,
        le=1,
        description="probability of telling something felt, below which a text gets the fallback",
    )
    distress_threshold: float = Field(
        DISTRESS_THRESHOLD,
        gt=0,
        description="least probability of distress that gets gentle music and a notice; above 1: never",
    )
    distress_notice: str = Field(
        "If you are thinking about harming yourself, you are not alone: please talk to someone you trust or "
        "call your local emergency number or a crisis line now.",
        min_length=1,
        description="what to show beside the answer to a text that seems to speak of self-harm or suicide",
    )


class TextServiceSettings(AnswerPolicy, ArtifactPolicy, ServerSettings):
    """Reads the emotion in texts."""

    model_config = SettingsConfigDict(env_prefix="AMBIANCE_TEXT_")

    port: int = Field(TEXT_SERVICE_PORT, ge=0, le=65535, description="gRPC port; 0 lets the system choose")
    metrics_port: int = Field(
        9052, ge=0, le=65535, description="HTTP port of /metrics; 0 lets the system choose"
    )
    # not `version`: every process has a flag --version that prints its own
    artifact_version: int | None = Field(
        None,
        ge=1,
        description="version of the text encoder to stay at; unless set, the newest is followed",
    )
    backend: Backend = Field("litert", description="what runs the model: this process, or a TF Serving")
    # Each takes 12 MB. About half of a call is Python, which runs on one thread at a time: two keep it busy.
    interpreters: int = Field(2, ge=1, le=64, description="blocks of windows that litert runs at once")
    tf_serving_target: Target = Field(
        "127.0.0.1:8500", description="host:port of TF Serving's gRPC, for backend tf-serving"
    )
    tf_serving_model: str = Field(
        TEXT_ENCODER, min_length=1, description="model's name at TF Serving, and to TF Serving's clients here"
    )
