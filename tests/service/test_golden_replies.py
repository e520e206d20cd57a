"""What the released artifacts answer to requests of every kind, as it was recorded.

Rebuilding the services may change how an answer is made, never what is answered. After a release, delete the
record: the test then writes it anew, and fails that once.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from ambiance.match.v1 import match_service_pb2 as match_pb
from ambiance.music.v1 import music_index_service_pb2 as music_pb
from ambiance.text.v1 import text_service_pb2 as text_pb
from standalone.application import load
from standalone.settings import StandaloneSettings
from support import Serve
from text_encoders import RELEASED

RECORD = Path(__file__).with_name("golden_replies.json")
TOLERANCE = 2e-3  # of numbers: kernels of another processor round otherwise

_SERVICES = {
    "ambiance.match.v1.MatchService": match_pb,
    "ambiance.text.v1.TextService": text_pb,
    "ambiance.music.v1.MusicIndexService": music_pb,
}
_LONG = "The rain had stopped. She packed the last box and looked once more at the empty room. " * 12
_VAD = {"space": "vad", "values": [0.9, 0.7, 0.6]}
_EVERYTHING = {"includeUnlistenable": True}
_NARROW = {"clipIds": ["nosuchvideo@30"], "labels": ["Rock music"]}
_CALM = {"minFacetScores": {"calm": 0.5}, "maxFacetScores": {"vocal": 0.5}}

# Name -> service, method and request.
REQUESTS: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    **{
        f"match: {text[:40]}": (
            "ambiance.match.v1.MatchService",
            "MatchText",
            {"text": text, "options": {"k": 5}},
        )
        for text in (
            "My father died yesterday",
            "I love you",
            "He slipped on a banana peel and everyone burst out laughing",
            "Great, another Monday without hot water",
            "I want to kill myself",
            "asdf qwer zxcv",
            "Ich bin heute so traurig, meine Frau hat mich verlassen",
            "I am SOOO happy 😂😂",
            _LONG,
        )
    },
    "match, explained": (
        "ambiance.match.v1.MatchService",
        "MatchText",
        {"text": "I am not sad, I miss her", "options": {"k": 3}, "explain": True},
    ),
    "match, drawn and filtered": (
        "ambiance.match.v1.MatchService",
        "MatchTexts",
        {"texts": ["We won!", "Snow fell softly"], "options": {"k": 4, "seed": 7, "filter": _CALM}},
    ),
    "match, everything, in vad": (
        "ambiance.match.v1.MatchService",
        "MatchText",
        {"text": "Charge! The army stormed the gates.", "space": "vad", "options": _EVERYTHING},
    ),
    "match, too narrow": (
        "ambiance.match.v1.MatchService",
        "MatchText",
        {"text": "I love you", "options": {"filter": _NARROW}},
    ),
    "match, too many": (
        "ambiance.match.v1.MatchService",
        "MatchText",
        {"text": "I love you", "options": {"k": 1001}},
    ),
    "match, no text": ("ambiance.match.v1.MatchService", "MatchText", {"text": " "}),
    "match, unknown label": (
        "ambiance.match.v1.MatchService",
        "MatchText",
        {"text": "I love you", "options": {"filter": {"labels": ["Rock musik"]}}},
    ),
    "encode": (
        "ambiance.text.v1.TextService",
        "EncodeTexts",
        {"texts": ["The monster crept closer in the dark", "..."]},
    ),
    "neighbors": (
        "ambiance.music.v1.MusicIndexService",
        "FindNeighbors",
        {"queries": [_VAD], "options": {"k": 30}},
    ),
    "neighbors, filtered": (
        "ambiance.music.v1.MusicIndexService",
        "FindNeighbors",
        {"queries": [_VAD], "options": {"filter": {"moods": ["sad"], "withoutLabels": ["Vocal music"]}}},
    ),
    "neighbors, no space": (
        "ambiance.music.v1.MusicIndexService",
        "FindNeighbors",
        {"queries": [{"space": "colour", "values": [1]}]},
    ),
    "clip": (
        "ambiance.music.v1.MusicIndexService",
        "BatchGetClips",
        {"clipIds": ["ndjLkbP6Y9Y@30", "--aE2O5G5WE@0"]},
    ),
    "clips": ("ambiance.music.v1.MusicIndexService", "ListClips", {"pageSize": 3}),
    "indexes": ("ambiance.music.v1.MusicIndexService", "ListIndexes", {}),
}


def ask(channel: grpc.Channel, service: str, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The reply as JSON has it, or the code and message of the error."""
    messages = _SERVICES[service]
    kind, reply = (getattr(messages, f"{method}{suffix}") for suffix in ("Request", "Response"))
    call = channel.unary_unary(
        f"/{service}/{method}",
        request_serializer=kind.SerializeToString,
        response_deserializer=reply.FromString,
    )
    try:
        return {"reply": _brief(MessageToDict(call(ParseDict(request, kind()), timeout=10)))}
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details()}


def _brief(value: Any) -> Any:
    """The same without what is told of each hit's clip but its id: other requests ask for whole clips."""
    if isinstance(value, dict):
        return {
            key: each["id"] if key == "clip" and "distance" in value else _brief(each)
            for key, each in value.items()
        }
    return [_brief(each) for each in value] if isinstance(value, list) else value


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two answers differ, numbers by more than TOLERANCE."""
    if isinstance(one, dict) and isinstance(other, dict) and set(one) == set(other):
        return [each for key in one for each in differences(one[key], other[key], f"{path}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [each for i, (a, b) in pairs for each in differences(a, b, f"{path}[{i}]")]
    if isinstance(one, float) and isinstance(other, float):
        same = one == pytest.approx(other, abs=TOLERANCE, rel=TOLERANCE)
    else:
        same = one == other
    return [] if same else [f"{path}: {one!r}, not {other!r}"]


def test_every_answer_is_the_recorded_one(serve: Serve) -> None:
    channel = serve(load(StandaloneSettings(artifacts=RELEASED)))
    answers = {name: ask(channel, *request) for name, request in REQUESTS.items()}
    if not RECORD.exists():
        text = json.dumps(answers, indent=0, ensure_ascii=False, sort_keys=True)
        RECORD.write_text(text + "\n", encoding="utf-8")
        pytest.fail(f"{RECORD.name} was missing and is recorded now; read it, and run this again")
    assert differences(answers, json.loads(RECORD.read_text(encoding="utf-8"))) == []


def test_a_difference_is_named() -> None:
    recorded, nearly, other = (
        {"reply": {"neighbors": [{"distance": distance, "clip": clip}]}}
        for distance, clip in ((1.0, "a"), (1.0001, "a"), (1.0, "b"))
    )
    assert differences(nearly, recorded) == []
    assert differences(other, recorded) == [".reply.neighbors[0].clip: 'b', not 'a'"]
    assert differences({"reply": {}}, recorded) == [f".reply: {{}}, not {recorded['reply']!r}"]
