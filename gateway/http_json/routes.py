"""The one table of what is called over HTTP, and by which method of gRPC it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.http_json.calls import Rpc

MATCH, MUSIC = "MatchService", "MusicIndexService"

# Bytes of the largest bodies. A single text with its filter, in JSON's longest way of writing it, is far less
# than the first; the second holds a novel of four million characters, or 256 texts at their limit.
SMALL_BODY_BYTES = 2 * 1024 * 1024
LARGE_BODY_BYTES = 24 * 1024 * 1024


@dataclass(frozen=True)
class Route:
    """A path, its method and the rpc behind it.

    What stands in the path, `{clipId}`, and in a GET's query are fields of the request, by their JSON names.
    """

    verb: str
    path: str
    rpc: Rpc
    max_body_bytes: int = SMALL_BODY_BYTES
    example: Mapping[str, object] = field(default_factory=dict)  # a request to try first


SOUNDTRACK = Route(
    "POST",
    "/v1/soundtrack",
    Rpc(MATCH, "ComposeSoundtrack"),
    LARGE_BODY_BYTES,
    {
        "text": "The sun rose over a quiet sea. Then the storm broke, and they were afraid.",
        "allowVocals": True,
    },
)

_A_CLIP: Mapping[str, object] = {"clipIds": ["--aE2O5G5WE@0"]}
_NO_CLIP: Mapping[str, object] = {"clipIds": ["AAAAAAAAAAA@0"]}  # who only tries it loses no clip

UNARY = (
    Route(
        "POST", "/v1/match", Rpc(MATCH, "MatchText"), example={"text": "I am so happy", "options": {"k": 5}}
    ),
    Route(
        "POST",
        "/v1/match:batch",
        Rpc(MATCH, "MatchTexts"),
        LARGE_BODY_BYTES,
        {"texts": ["I am so happy", "I miss her so much"], "options": {"k": 5}},
    ),
    Route("GET", "/v1/indexes", Rpc(MUSIC, "ListIndexes")),
    Route("GET", "/v1/labels", Rpc(MUSIC, "ListLabels")),
    Route("GET", "/v1/clips", Rpc(MUSIC, "ListClips")),
    Route("GET", "/v1/clips/{clipId}", Rpc(MUSIC, "GetClip")),
    Route("POST", "/v1/clips:batchGet", Rpc(MUSIC, "BatchGetClips"), example=_A_CLIP),
    Route("POST", "/v1/clips:similar", Rpc(MUSIC, "FindSimilar"), example=_A_CLIP),
    Route("POST", "/v1/clips:reportUnavailable", Rpc(MUSIC, "ReportUnavailable"), example=_NO_CLIP),
)
