"""Soundtracks through the whole of Ambiance in one process, on the released artifacts."""

import time
from itertools import pairwise
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from ambiance.limits import DEFAULT_CANDIDATES
from ambiance.match.v1 import match_service_pb2, match_service_pb2_grpc
from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.music.v1 import music_index_service_pb2 as music_pb
from standalone.application import load
from standalone.settings import StandaloneSettings
from support import Serve
from text_encoders import RELEASED

# Five scenes of our own, none of them of a text that a model was trained with.
FUNERAL = (
    "The bells had stopped by the time we reached the church. Six of us carried the coffin, and none of "
    "us spoke. My mother stood by the open grave in her grey coat, and she did not weep; she only held "
    "the little wooden horse he had carved for her when they were young. Rain ran down the brims of our "
    "hats. When the earth fell on the lid she made one small sound, and I understood that I would never "
    "hear my father laugh again. I sat on the bottom stair where he used to tie my shoes and cried until "
    "there was nothing left in me.\n\n"
)
CHASE = (
    "A man burst out past me with the strongbox under his arm and I went after him, over the wall, down "
    "the lane, through the market where the stalls crashed over behind us. \u201cStop him!\u201d I "
    "shouted. He vaulted a cart. I was faster. A horse reared, a woman screamed, and still we ran, my "
    "lungs on fire, his boots hammering the stones ahead of me. He turned at the bridge and swung the box"
    " at my head. I ducked, drove my shoulder into his ribs, and we both went over the rail into the "
    "black water.\n\n"
)
COMEDY = (
    "The constable had come out in his wife\u2019s slippers. They were pink. He had also, in his hurry, "
    "put his helmet on back to front, and he arrested first a lamp post and then the baker. The baker, "
    "who was covered in flour, was accused of being a ghost. The whole street was in its nightshirts and "
    "howling with laughter by then, and even the thief began to giggle, sitting there in a puddle with a "
    "duck on his knee. Tom laughed so hard that he fell off the wall and milk came out of his nose.\n\n"
)
LOVE = (
    "And Alice was there. She had brought a blanket, and she put it around my shoulders and did not take "
    "her hands away. Her hair was loose. There were tears in her eyes, and I kissed her, and she kissed "
    "me back. We walked home slowly by the river with our fingers laced together. She told me she had "
    "loved me since the summer of the fair. I told her that I wanted no other hand in mine for as long as"
    " I lived.\n\n"
)
CALM = (
    "Towards morning the wind dropped. The clouds drew off to the east and a pale light came over the "
    "water, and the water was flat and quiet as milk. A gull sat upon the rail. Somewhere a long way off "
    "there was a bell, and the smell of grass. I listened to the small waves lapping at the planks, and I"
    " did not want anything in the world. The sun came up, slowly, and warmed our hands.\n"
)
SCENES = (FUNERAL, CHASE, COMEDY, LOVE, CALM)
STORY = "".join(SCENES)


@pytest.fixture(scope="module")
def application() -> Any:
    return load(StandaloneSettings(artifacts=RELEASED))


@pytest.fixture
def stub(serve: Serve, application: Any) -> match_service_pb2_grpc.MatchServiceStub:
    return match_service_pb2_grpc.MatchServiceStub(serve(application))


def cues(stub: Any, text: str = STORY, **fields: Any) -> list[pb.Cue]:
    parts = list(stub.ComposeSoundtrack(pb.ComposeSoundtrackRequest(text=text, **fields), timeout=60))
    return [part.cue for part in parts if part.HasField("cue")]


def has(cue: pb.Cue) -> dict[str, float]:
    """Facets of a cue's clip."""
    return {facet.facet: facet.score for facet in cue.clip.clip.facets}


def refusal(stub: Any, **fields: Any) -> tuple[grpc.StatusCode, list[str]]:
    """The code of an error, and the fields that it names."""
    with pytest.raises(grpc.RpcError) as refused:
        cues(stub, **fields)
    bad_request = error_details_pb2.BadRequest()
    status = rpc_status.from_call(refused.value)
    named = [each for each in (status.details if status else []) if each.Unpack(bad_request)]
    return refused.value.code(), [each.field for each in bad_request.field_violations] if named else []


def test_each_scene_has_its_music(stub: Any) -> None:
    found = cues(stub)
    starts = [sum(map(len, SCENES[:i])) for i in range(len(SCENES))]
    assert [cue.passage.start for cue in found] == starts
    funeral, chase, comedy, love, calm = map(has, found)
    assert funeral["sad"] > 0.2
    assert chase["energetic"] > 0.5
    assert comedy["playful"] + comedy["happy"] > 0.6
    assert love["tender"] > 0.4
    assert calm["calm"] > 0.6
    assert all(cue.clip.clip.traits[0].score < 0.5 for cue in found)
    assert all(len(cue.alternates) == 2 for cue in found)


def test_the_curve_follows_the_story(stub: Any) -> None:
    funeral, chase, comedy, love, calm = (
        sum(point.vad.arousal for point in cue.passage.curve) / len(cue.passage.curve) for cue in cues(stub)
    )
    assert chase > max(funeral, love, calm)
    assert min(funeral, chase, comedy, love) > calm


def test_the_same_text_has_the_same_soundtrack_and_another_seed_another(stub: Any) -> None:
    first, again, other = cues(stub), cues(stub), cues(stub, options={"seed": 8})
    assert first == again
    assert [cue.passage.start for cue in other] == [cue.passage.start for cue in first]
    assert [cue.clip.clip.id for cue in other] != [cue.clip.clip.id for cue in first]


def test_a_soundtrack_is_recomposed_around_what_was_accepted(stub: Any) -> None:
    first = cues(stub, options={"seed": 8})
    decisions = [
        {"start": cue.passage.start, "end": cue.passage.end, "clip_id": cue.clip.clip.id}
        for cue in first[1:4]
    ]
    decisions[1].pop("clip_id")
    decisions[1]["silent"] = True
    again = cues(stub, decisions=decisions)
    assert [cue.passage.start for cue in again] == [cue.passage.start for cue in first]
    assert [cue.clip.clip.id for cue in again[1:4]] == [first[1].clip.clip.id, "", first[3].clip.clip.id]
    assert again[1].clip.distance == pytest.approx(first[1].clip.distance)
    assert [cue.reason for cue in again[1:4]] == [
        pb.CUE_REASON_DECIDED,
        pb.CUE_REASON_SILENT,
        pb.CUE_REASON_DECIDED,
    ]


def test_a_narrow_filter_is_told(stub: Any) -> None:
    parts = list(
        stub.ComposeSoundtrack(
            pb.ComposeSoundtrackRequest(text=STORY, options={"filter": {"clip_ids": ["zrrM6Qg2Dwg@30"]}}),
            timeout=60,
        )
    )
    found = [part.cue for part in parts if part.HasField("cue")]
    assert {cue.shortfall_reason for cue in found} == {music_pb.SHORTFALL_REASON_FILTER_TOO_NARROW}
    assert {cue.clip.clip.id for cue in found} == {"zrrM6Qg2Dwg@30"}
    assert parts[-1].end.filter_effect.clip_count == 1
    assert cues(stub, options={"filter": {"clip_ids": ["AAAAAAAAAAA@0"]}})[0].reason == pb.CUE_REASON_NO_CLIP


def test_a_cue_is_what_a_match_of_its_passage_finds(stub: Any) -> None:
    cue = cues(stub)[0]
    request = match_service_pb2.MatchTextRequest(
        text=STORY[cue.passage.start : cue.passage.end],
        options={"k": DEFAULT_CANDIDATES, "filter": {"max_facet_scores": {"vocal": 0.5}}},
    )
    match = stub.MatchText(request).match
    assert cue.clip in match.neighbors
    assert (cue.reason == pb.CUE_REASON_NEAREST) == (cue.clip == match.neighbors[0])
    assert all(each in match.neighbors for each in cue.alternates)
    match.text.ClearField("embedding")
    assert list(cue.passage.text.scenes) == list(match.text.scenes)
    assert cue.passage.text.vad == match.text.vad


def test_first_and_last_mood(stub: Any) -> None:
    found = cues(stub, first_mood="angry", last_mood="happy")
    assert found[0].clip.clip.moods[0].mood == "angry"
    assert found[-1].clip.clip.moods[0].mood == "happy"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"options": {"filter": {"labels": ["Rok music"]}}}, "options.filter.labels[0]"),
        ({"space": "colour"}, "space"),
        ({"decisions": [{"start": 0, "end": 9, "clip_id": "nobody"}]}, "decisions[0].clip_id"),
    ],
)
def test_bad_input_is_named(stub: Any, fields: dict[str, Any], field: str) -> None:
    assert refusal(stub, **fields) == (grpc.StatusCode.INVALID_ARGUMENT, [field])


def test_an_unknown_index_is_not_found(stub: Any) -> None:
    assert refusal(stub, options={"index": "nowhere"})[0] == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    "text",
    [
        "a" * 50_000,
        "no stop ever comes and so it goes " * 400,
        "我爱你。今天天气很好，我们去公园吧！" * 40,
        "كان الليل طويلا. هل تسمعني؟ אהבתי אותה. " * 60,
        "<div class='a'><p>He was <b>dead</b>.</p></div>\n" * 60,
        "… 12 — 34 !!! " * 50,
    ],
    ids=["one word", "no stop", "Chinese", "right to left", "HTML", "no word"],
)
def test_any_text_has_a_soundtrack(stub: Any, text: str) -> None:
    found = cues(stub, text)
    data = text.encode()
    assert (found[0].passage.start, found[-1].passage.end, found[-1].passage.end_byte) == (
        0,
        len(text),
        len(data),
    )
    for before, after in pairwise(found):
        assert before.passage.end == after.passage.start
    for cue in found:
        passage = cue.passage
        assert data[passage.start_byte : passage.end_byte].decode() == text[passage.start : passage.end]
        assert cue.HasField("clip")


def test_the_deadline_ends_a_long_soundtrack(stub: Any) -> None:
    stream = stub.ComposeSoundtrack(pb.ComposeSoundtrackRequest(text=STORY * 1_000), timeout=0.5)
    with pytest.raises(grpc.RpcError) as late:
        list(stream)
    assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_the_first_cue_of_the_longest_text_takes_little(stub: Any) -> None:
    text = (STORY * 2_000)[:4_000_000]
    list(stub.ComposeSoundtrack(pb.ComposeSoundtrackRequest(text=STORY), timeout=60))
    spent = time.process_time()
    stream = stub.ComposeSoundtrack(pb.ComposeSoundtrackRequest(text=text), timeout=60)
    assert next(stream).start.character_count == len(text)
    assert next(stream).HasField("cue")
    spent = time.process_time() - spent
    stream.cancel()
    assert spent < 1.0  # of computing, on any machine; 0.15 s on ours
