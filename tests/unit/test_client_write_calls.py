"""Writes that both clients build: what is refused before any call, and what goes out."""

from typing import Any

import numpy as np
import pytest

from ambiance import ClipInput, Vad, Violation
from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.errors import InvalidInputError
from ambiance.limits import (
    MAX_CLIP_BYTES,
    MAX_CLIP_FRAMES,
    MAX_MUSIC_REQUEST_BYTES,
    MAX_WRITTEN_CLIPS,
    VGGISH_FEATURES,
)
from ambiance.music.v1 import clip_pb2
from ambiance.music.v1 import music_index_service_pb2 as pb
from ambiance.results import ClipMetadata
from ambiance.wire import replies, write_calls
from ambiance.write_results import WriteOutcome, WriteResult

FRAMES = np.arange(2 * VGGISH_FEATURES, dtype=np.uint8).reshape(2, VGGISH_FEATURES)


def sent(*clips: Any) -> Any:
    """The clips of the only request."""
    [call] = write_calls.upsert_clips(clips, "songs").calls
    return call.request.clips  # type: ignore[attr-defined]


def offence(*clips: Any) -> Violation:
    [refused] = write_calls.upsert_clips(clips, "songs").refused.values()
    assert refused.outcome is WriteOutcome.REFUSED
    [only] = refused.violations
    return only


def test_every_field_goes_out() -> None:
    clip = ClipInput(
        "a",
        youtube_id="abcdefghijk",
        start_seconds=1.5,
        end_seconds=np.float32(9.5),
        labels=("Jazz", "Music"),
        frames=FRAMES,
        facets=dict.fromkeys(FACETS, 0.5),
        moods=dict.fromkeys(MOODS.names, 0.25),
        traits=dict.fromkeys(TRAITS, 1),
        vad=Vad(0.25, 0.5, 0.75),
        listenable=False,
        available=np.bool_(True),
        title="Für Elise",
        artist="b",
        album="c",
        track_id="d",
        uri="https://e",
        thumbnail_uri="https://f",
        duration_seconds=180,
        attributes={"year": 1810, "key": "a minor", "live": False, "bpm": np.float64(72.5)},
    )
    [message] = sent(clip)
    assert {field.name for field, _ in message.ListFields()} == {
        field.name for field in message.DESCRIPTOR.fields
    } - {"vggish_embedding"}
    assert message.vggish_frames == FRAMES.tobytes()
    assert {score.facet: score.score for score in message.facets} == dict.fromkeys(FACETS, 0.5)
    assert [score.mood for score in message.moods] == list(MOODS.names)
    assert (message.vad.valence, message.vad.dominance) == (0.25, 0.75)
    assert (message.listenable, message.available) == (False, True)
    assert {field.name for field, _ in message.metadata.ListFields()} == {
        field.name for field in message.metadata.DESCRIPTOR.fields
    }
    attributes = message.metadata.attributes
    assert (attributes["year"].number, attributes["bpm"].number) == (1810, 72.5)
    assert attributes["key"].text == "a minor"
    assert attributes["live"].WhichOneof("value") == "flag"


def test_what_is_not_given_is_not_sent() -> None:
    [message] = sent(ClipInput("a"))
    assert [field.name for field, _ in message.ListFields()] == ["id"]


def test_frames_are_bytes_or_numbers() -> None:
    numbers = np.linspace(-2, 2, VGGISH_FEATURES, dtype=np.float32)[None]
    given = (FRAMES.tobytes(), FRAMES, numbers, numbers.astype(np.float16))
    as_bytes, as_array, floats, halves = sent(*(ClipInput("a", frames=frames) for frames in given))
    assert as_bytes.vggish_frames == as_array.vggish_frames == FRAMES.tobytes()
    assert np.array_equal(floats.vggish_embedding, numbers[0])
    assert len(halves.vggish_embedding) == VGGISH_FEATURES


@pytest.mark.parametrize(
    ("fields", "field", "description"),
    [
        ({"id": 3}, ".id", "a text, got int"),
        ({"youtube_id": None}, ".youtube_id", "a text, got NoneType"),
        ({"start_seconds": "1"}, ".start_seconds", "a number, got str"),
        ({"end_seconds": True}, ".end_seconds", "a number, got bool"),
        ({"labels": "Jazz"}, ".labels", "a list of texts, got str"),
        ({"labels": ["Jazz", 3]}, ".labels[1]", "a text, got int"),
        ({"facets": [0.5]}, ".facets", "a mapping of names to numbers, got list"),
        ({"facets": {"calm": "x"}}, ".facets['calm']", "a number, got str"),
        ({"moods": {3: 0.5}}, ".moods[3]", "a text, got int"),
        ({"traits": {"vocal": None}}, ".traits['vocal']", "a number, got NoneType"),
        ({"vad": (0.5, 0.5)}, ".vad", "valence, arousal and dominance, got 2 numbers"),
        ({"vad": (0.5, 0.5, "x")}, ".vad[2]", "a number, got str"),
        ({"vad": 0.5}, ".vad", "a list of numbers, got float"),
        ({"listenable": 1}, ".listenable", "True or False, got int"),
        ({"available": "no"}, ".available", "True or False, got str"),
        ({"title": b"a"}, ".title", "a text, got bytes"),
        ({"uri": "ab\ud800"}, ".uri", "lone surrogate U+D800 at character 2; it has no UTF-8 encoding"),
        ({"duration_seconds": None}, ".duration_seconds", "a number, got NoneType"),
        ({"attributes": ["a"]}, ".attributes", "a mapping of names to values, got list"),
        ({"attributes": {"a": None}}, ".attributes['a']", "a text, a number or a truth value, got NoneType"),
        ({"attributes": {"a": [1]}}, ".attributes['a']", "a text, a number or a truth value, got list"),
        ({"attributes": {1: "a"}}, ".attributes[1]", "a text, got int"),
        (
            {"frames": [[0] * 128]},
            ".frames",
            "bytes, or an array of shape [n, 128] of uint8 or floats, got list",
        ),
        (
            {"frames": np.zeros(128, np.uint8)},
            ".frames",
            "bytes, or an array of shape [n, 128] of uint8 or floats, got [128] of uint8",
        ),
        (
            {"frames": np.zeros((1, 128), np.int64)},
            ".frames",
            "bytes, or an array of shape [n, 128] of uint8 or floats, got [1, 128] of int64",
        ),
        ({"title": "a" * 2_000_000}, "", f"at most {MAX_CLIP_BYTES:,} bytes, got 2,000,011"),
    ],
)
def test_a_field_of_another_type_is_named(fields: dict[str, Any], field: str, description: str) -> None:
    clips = [ClipInput("good"), ClipInput(**{"id": "a", **fields})]
    assert offence(*clips) == Violation(f"clips[1]{field}", description)


@pytest.mark.parametrize(
    ("clips", "violation"),
    [
        (ClipInput("a"), Violation("clips", "a list of clips, got a single clip")),
        (None, Violation("clips", "a list of clips, got NoneType")),
        ([{"id": "a"}], Violation("clips[0]", "a ClipInput, got dict")),
        ([], Violation("clips", "at least 1, at most 1,000, got none")),
        ([ClipInput("a")] * 1_001, Violation("clips", "at most 1,000, got 1,001")),
    ],
)
def test_clips_are_a_list_of_clips(clips: Any, violation: Violation) -> None:
    with pytest.raises(InvalidInputError) as caught:
        write_calls.upsert_clips(clips, "songs")
    assert caught.value.violations == (violation,)


@pytest.mark.parametrize("build", [write_calls.delete_clips, write_calls.report_unavailable])
@pytest.mark.parametrize(
    ("ids", "violation"),
    [
        ("a", Violation("clip_ids", "a list of texts, got a single text")),
        (None, Violation("clip_ids", "a list of texts, got NoneType")),
        (["a", 3], Violation("clip_ids[1]", "a text, got int")),
    ],
)
def test_ids_are_a_list_of_texts(build: Any, ids: Any, violation: Violation) -> None:
    more = {"available": False} if build is write_calls.report_unavailable else {}
    with pytest.raises(InvalidInputError) as caught:
        build(ids, "", **more)
    assert caught.value.violations == (violation,)


def largest(i: int) -> ClipInput:
    """A clip with everything at its limit."""
    texts = dict.fromkeys(("title", "artist", "album", "track_id"), "🎵" * 1000)
    return ClipInput(
        f"{i:0128}",
        labels=["l" * 100] * 100,
        frames=np.ones((MAX_CLIP_FRAMES, VGGISH_FEATURES), np.float32),
        facets=dict.fromkeys(FACETS, 0.5),
        moods=dict.fromkeys(MOODS.names, 0.5),
        traits=dict.fromkeys(TRAITS, 0.5),
        vad=(0.5, 0.5, 0.5),
        listenable=True,
        available=True,
        uri="\U0001f3b5" * 2_000,
        thumbnail_uri="\U0001f3b5" * 2_000,
        duration_seconds=1.0,
        attributes={f"{j:064}": "\U0001f3b5" * 1_000 for j in range(32)},
        **texts,
    )


def test_the_largest_clip_is_not_too_large() -> None:
    [message] = sent(largest(0))
    assert MAX_CLIP_BYTES / 3 < message.ByteSize() < MAX_CLIP_BYTES


def test_clips_beyond_what_a_request_holds_go_out_in_several_in_order() -> None:
    built = write_calls.upsert_clips(map(largest, range(100)), "i" * 64).calls
    sizes = [call.request.ByteSize() for call in built]
    assert len(built) > 1
    assert max(sizes) <= MAX_MUSIC_REQUEST_BYTES
    assert min(sizes[:-1]) > MAX_MUSIC_REQUEST_BYTES - MAX_CLIP_BYTES
    ids = [clip.id for call in built for clip in call.request.clips]  # type: ignore[attr-defined]
    assert ids == [f"{i:0128}" for i in range(100)]


def test_usual_clips_go_out_in_one_request() -> None:
    clips = [ClipInput(f"{i}", frames=bytes(1_280), title="t" * 100) for i in range(MAX_WRITTEN_CLIPS)]
    assert len(sent(*clips)) == MAX_WRITTEN_CLIPS


def test_a_refusal_names_the_clip_by_its_place_among_all() -> None:
    call = write_calls.upsert_messages([], "", range(40, 50))
    violation = {"field": "clips[3].labels[0]", "description": "unknown, got 'Jass'"}
    refused: Any = {"clip_id": "a", "outcome": "WRITE_OUTCOME_REFUSED", "violations": [violation]}
    assert call.parse(pb.UpsertClipsResponse(results=[refused])) == [
        WriteResult("a", WriteOutcome.REFUSED, (Violation("clips[43].labels[0]", "unknown, got 'Jass'"),))
    ]


def test_every_outcome_of_the_contract_has_a_name() -> None:
    for outcome in pb.WriteOutcome.values():
        [result] = replies.write_results(pb.DeleteClipsResponse(results=[{"outcome": outcome}]))
        assert (result.outcome is WriteOutcome.UNKNOWN) == (outcome == pb.WRITE_OUTCOME_UNSPECIFIED)


def test_what_is_known_of_a_clip_comes_back() -> None:
    metadata = clip_pb2.ClipMetadata(title="a", uri="https://a", duration_seconds=2)
    metadata.attributes["year"].number = 1999
    metadata.attributes["live"].flag = False
    [own, bare] = replies.clips(
        pb.BatchGetClipsResponse(
            clips=[clip_pb2.Clip(id="a", available=True, metadata=metadata), clip_pb2.Clip(id="b")]
        )
    )
    attributes = {"live": False, "year": 1999.0}
    assert own.metadata == ClipMetadata("a", uri="https://a", duration_seconds=2, attributes=attributes)
    assert (own.url, own.available) == ("https://a", True)
    assert (bare.url, bare.available, bare.metadata) == ("", False, ClipMetadata())
