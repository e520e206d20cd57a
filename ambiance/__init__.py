"""What every part of Ambiance shares, and the Python clients for callers of its services.

    from ambiance import Client

    with Client("localhost:50051") as client:
        print(client.match("What a lovely day").neighbors[0].clip.url)

`ambiance.aio.Client` is the same for asyncio.
"""

from typing import TYPE_CHECKING, Any

from ambiance.attribute_conditions import AttributeCondition
from ambiance.clip_filter import ClipFilter
from ambiance.clip_input import ClipInput
from ambiance.errors import (
    AmbianceError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    PeerError,
    PreconditionError,
    UnavailableError,
    Violation,
)
from ambiance.results import (
    ArtifactVersion,
    Clip,
    ClipMetadata,
    EmotionScore,
    EncodedText,
    Evidence,
    EvidenceReason,
    FacetScore,
    FacetWeight,
    FilterEffect,
    Index,
    Label,
    MatchResult,
    Metric,
    MoodScore,
    Neighbor,
    Notice,
    NoticeKind,
    SceneScore,
    SearchResult,
    ShortfallReason,
    Space,
    Vad,
    VadDifference,
    Vector,
    VersionStatus,
    WordInfluence,
)
from ambiance.soundtrack_arguments import PassageDecision, SoundtrackWeights
from ambiance.soundtrack_results import (
    Cue,
    CueReason,
    MoodPoint,
    Passage,
    SoundtrackEnd,
    SoundtrackPart,
    SoundtrackStart,
    Transition,
)
from ambiance.write_results import IndexCreation, WriteOutcome, WriteResult

if TYPE_CHECKING:
    from ambiance.client import Client

__all__ = [
    "AmbianceError",
    "ArtifactVersion",
    "AttributeCondition",
    "Client",
    "Clip",
    "ClipFilter",
    "ClipInput",
    "ClipMetadata",
    "Cue",
    "CueReason",
    "DeadlineError",
    "EmotionScore",
    "EncodedText",
    "Evidence",
    "EvidenceReason",
    "FacetScore",
    "FacetWeight",
    "FilterEffect",
    "Index",
    "IndexCreation",
    "InvalidInputError",
    "Label",
    "MatchResult",
    "Metric",
    "MoodPoint",
    "MoodScore",
    "Neighbor",
    "NotFoundError",
    "Notice",
    "NoticeKind",
    "OverloadedError",
    "Passage",
    "PassageDecision",
    "PeerError",
    "PreconditionError",
    "SceneScore",
    "SearchResult",
    "ShortfallReason",
    "SoundtrackEnd",
    "SoundtrackPart",
    "SoundtrackStart",
    "SoundtrackWeights",
    "Space",
    "Transition",
    "UnavailableError",
    "Vad",
    "VadDifference",
    "Vector",
    "VersionStatus",
    "Violation",
    "WordInfluence",
    "WriteOutcome",
    "WriteResult",
]


def __getattr__(name: str) -> Any:
    """Import the client on first use, so that what needs no gRPC (training, `ambiance.errors`) loads none."""
    if name != "Client":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ambiance.client import Client  # noqa: PLC0415

    return Client
