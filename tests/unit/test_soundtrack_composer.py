"""A whole soundtrack out of scripted services: its passages, its clips, what was decided before."""

import tracemalloc
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ambiance.errors import DeadlineError, InvalidInputError, OverloadedError
from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.music.v1.music_index_service_pb2 import SHORTFALL_REASON_FILTER_TOO_NARROW
from gateway.soundtrack.composer import Composer
from gateway.soundtrack.services import Clock
from gateway.soundtrack.settings import brief_of
from scripted_services import MOODS, Call, FakeMusic, FakeText, clip, compose, cues_of, point, sentence

WORDS_PER_MINUTE = 230
SCENE = 12  # sentences of ten words: some half a minute
STORY = "".join(sentence(word) * SCENE for word in ("wept", "laughed", "trembled", "wept"))


def library(each: int = 20) -> FakeMusic:
    """So many clips of each mood, none just like another."""
    return FakeMusic(
        [
            clip(f"{facet}-{i:02}", **{facet: 1 - i / 100}, spiritual=0.02 * i)
            for facet, _ in MOODS.values()
            for i in range(each)
        ]
    )


def moods(cues: list[pb.Cue]) -> list[str]:
    return [cue.clip.clip.id.partition("-")[0] for cue in cues]


def test_music_follows_the_story() -> None:
    cues = cues_of(compose(library(), STORY))
    scene = len(STORY) // 4  # about: the words differ in length by a few characters
    assert moods(cues) == ["sad", "happy", "eerie", "sad"]
    assert [STORY[: cue.passage.start].count(". ") for cue in cues] == [0, SCENE, 2 * SCENE, 3 * SCENE]
    assert all(abs(cue.passage.start - i * scene) < scene / 4 for i, cue in enumerate(cues))


def test_cues_cover_the_text_and_its_time() -> None:
    text = "Früh am Morgen 我们 " + STORY + "“Ende.” 😀"
    parts = compose(library(), text)
    cues, start, end = cues_of(parts), parts[0].start, parts[-1].end
    data = text.encode()
    assert cues[0].passage.start == cues[0].passage.start_byte == 0
    assert (cues[-1].passage.end, cues[-1].passage.end_byte) == (len(text), len(data))
    for before, after in pairwise(cues):
        assert before.passage.end == after.passage.start
        assert before.passage.end_byte == after.passage.start_byte
        assert before.start_seconds + before.duration_seconds == pytest.approx(after.start_seconds)
    for number, cue in enumerate(cues):
        passage = cue.passage
        assert cue.number == number
        assert text[passage.start : passage.end] == data[passage.start_byte : passage.end_byte].decode()
        assert passage.curve[0].start == passage.start
        assert cue.duration_seconds == pytest.approx(passage.word_count * 60 / WORDS_PER_MINUTE)
    assert sum(cue.passage.word_count for cue in cues) == start.word_count
    assert (start.character_count, end.cue_count) == (len(text), len(cues))
    assert start.duration_seconds == end.duration_seconds
    assert (start.model.version, start.index.version, start.space.name) == (2, 5, "mood")


def test_the_same_request_is_answered_with_the_same_soundtrack() -> None:
    assert compose(library(), STORY, options={"seed": 3}) == compose(library(), STORY, options={"seed": 3})
    ids = {
        tuple(cue.clip.clip.id for cue in cues_of(compose(library(), STORY, options={"seed": i})))
        for i in range(5)
    }
    assert len(ids) == 5


def test_a_text_of_one_mood_has_passages_within_the_limits_and_one_clip_stays() -> None:
    cues = cues_of(compose(library(), sentence("wept") * 100, max_passage_seconds=60, min_passage_seconds=20))
    assert all(20 <= cue.duration_seconds <= 60 for cue in cues[:-1])
    assert [cue.reason for cue in cues[:4]] == [pb.CUE_REASON_NEAREST] + [pb.CUE_REASON_HELD] * 3
    assert {cue.transition for cue in cues[1:4]} == {pb.TRANSITION_HOLD}
    assert cues[1].why == "The mood stays sad, and so does the music."
    held_s = Counter[str]()
    for cue in cues:
        held_s[cue.clip.clip.id] += round(cue.duration_seconds)
    assert len(held_s) > 1
    assert max(held_s.values()) <= 240


def test_every_clip_stands_at_its_distance_from_the_passage() -> None:
    music = library()
    places = {each.id: values for each, values in music.clips}
    weights = {"staying": 100, "fit": 0.1}
    cues = cues_of(compose(music, STORY, options={"k": 3}, intensity=0.3, weights=weights))
    assert pb.CUE_REASON_HELD in {cue.reason for cue in cues}  # of which some are among no candidates
    for cue in cues:
        asked = cue.passage.text.vectors[0].values
        for each in (cue.clip, *cue.alternates):
            distance = sum((a - b) ** 2 for a, b in zip(asked, places[each.clip.id], strict=True))
            assert each.distance == pytest.approx(distance, abs=1e-6)


def test_no_clip_returns_too_soon_and_no_video_plays_too_much() -> None:
    clips = [clip(f"sad-{i:02}", f"video-{i // 4}", sad=1 - i / 100) for i in range(40)]
    cues = cues_of(
        compose(
            FakeMusic(clips),
            sentence("wept") * 400,
            max_passage_seconds=20,
            min_passage_seconds=10,
            weights={"staying": 0, "variety": 0},
            no_repeat_cues=9,
            max_clips_per_video=2,
        )
    )
    ids = [cue.clip.clip.id for cue in cues]
    assert len(ids) > 40
    last: dict[str, int] = {}
    for number, each in enumerate(ids):
        if number and each != ids[number - 1]:
            assert number - last.get(each, -10) > 9
        last[each] = number
    videos = Counter(video for video, _ in {(cue.clip.clip.youtube_id, cue.clip.clip.id) for cue in cues})
    assert max(videos.values()) == 2


def test_alternates_are_of_other_videos() -> None:
    clips = [clip(f"sad-{i}", "one" if i < 3 else f"v{i}", sad=1 - i / 50) for i in range(9)]
    [cue] = cues_of(compose(FakeMusic(clips), sentence("wept")))
    assert [cue.clip.clip.id, *(each.clip.id for each in cue.alternates)] == ["sad-0", "sad-3", "sad-4"]


def test_alternates_havent_just_played() -> None:
    clips = [clip(f"sad-{i}", sad=1 - i / 50) for i in range(9)] + [clip("happy-0", happy=1.0)]
    story = "".join(sentence(word) * SCENE for word in ("wept", "laughed", "wept"))
    weights = {"smoothness": 0, "variety": 0}
    cues = cues_of(compose(FakeMusic(clips), story, weights=weights))
    assert [cue.clip.clip.id for cue in cues] == ["sad-0", "happy-0", "sad-1"]
    assert [each.clip.id for each in cues[2].alternates] == ["sad-2", "sad-3"]


def test_what_says_nothing_keeps_the_mood_of_the_scene() -> None:
    plain = "The committee met at nine and the minutes were read. "
    cues = cues_of(compose(library(), sentence("wept") * SCENE + plain * 60))
    assert len(cues) > 1
    assert set(moods(cues)) == {"sad"}
    assert cues[-1].passage.text.evidence.fallback


def test_a_text_of_single_words_takes_no_more_memory_than_others() -> None:
    text = "wept\n\n" * 3_000
    tracemalloc.start()
    cues = cues_of(compose(library(), text, words_per_minute=1_000, max_passage_seconds=3_600))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert cues[-1].passage.end == len(text)
    assert most < 200e6


@pytest.mark.parametrize("text", [".", "… 12 34", "?! " * 5_000])
def test_a_text_without_a_word_has_a_soundtrack(text: str) -> None:
    cues = cues_of(compose(library(), text))
    assert cues[-1].passage.end == len(text)
    assert all(cue.clip.clip.id for cue in cues)


def test_sentences_that_the_text_service_refuses_are_left_out() -> None:
    text = FakeText()
    cues = cues_of(compose(library(), f"{sentence('wept')}\n\n1 2 3 4 5 6 7 8 9 10 11.\n\n" * 9, text))
    assert set(moods(cues)) == {"sad"}


def test_intensity_makes_the_music_more_or_less() -> None:
    def query(intensity: float) -> list[float]:
        [cue] = cues_of(compose(library(), sentence("wept"), intensity=intensity))
        return list(cue.passage.text.vectors[0].values)

    assert query(0.0) == point(calm=0.5)  # what a text that says nothing is answered with
    assert query(1.0) == point(sad=1.0)
    assert query(2.0) == point(sad=2.0, calm=-0.5)


def test_what_was_decided_stands_and_the_rest_is_composed_around_it() -> None:
    first = cues_of(compose(library(), STORY))
    kept, silent = first[1].passage, first[3].passage
    decisions = [
        {"start": kept.start, "end": kept.end, "clip_id": "eerie-19"},
        {"start": silent.start, "end": silent.end, "silent": True},
    ]
    cues = cues_of(compose(library(), STORY, decisions=decisions))
    assert [(cue.passage.start, cue.passage.end) for cue in cues] == [
        (cue.passage.start, cue.passage.end) for cue in first
    ]
    assert moods(cues) == ["sad", "eerie", "eerie", ""]
    assert [cue.reason for cue in cues[1::2]] == [pb.CUE_REASON_DECIDED, pb.CUE_REASON_SILENT]
    assert cues[1].clip.clip.id == "eerie-19" != cues[2].clip.clip.id
    assert cues[1].clip.distance > 1
    assert [each.clip.id for each in cues[1].alternates] == ["happy-00", "happy-01"]
    assert not cues[3].HasField("clip")
    assert not cues[3].alternates
    assert cues[3].transition == pb.TRANSITION_FADE


@settings(max_examples=40)
@given(
    st.sets(st.integers(0, len(STORY)), min_size=2, max_size=9),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_decided_passages_stand_wherever_they_are(places: set[int], silent: list[bool]) -> None:
    parts = list(pairwise(sorted(places)))[::2] + list(pairwise(sorted(places)))[1::4]
    parts.sort()
    decisions = [
        {"start": start, "end": end, **({"silent": True} if quiet else {"clip_id": f"sad-{i:02}"})}
        for i, ((start, end), quiet) in enumerate(zip(parts, silent, strict=False))
    ]
    cues = cues_of(compose(library(), STORY, decisions=decisions))
    assert [cues[0].passage.start, *(cue.passage.end for cue in cues)] == [
        *(cue.passage.start for cue in cues),
        len(STORY),
    ]
    stand = {(cue.passage.start, cue.passage.end): cue for cue in cues}
    for each in decisions:
        cue = stand[each["start"], each["end"]]
        assert cue.clip.clip.id == each.get("clip_id", "")
    for number, cue in enumerate(cues):
        if cue.reason in (pb.CUE_REASON_NEAREST, pb.CUE_REASON_SEQUENCE):
            around = cues[max(0, number - 12) : number] + cues[number + 1 : number + 13]
            held = [each for each in around if each.reason == pb.CUE_REASON_HELD]
            assert cue.clip.clip.id not in {each.clip.clip.id for each in around if each not in held}


def test_a_decided_passage_may_be_longer_than_what_is_read_at_once() -> None:
    said, plain = sentence("wept"), "The committee met at nine and the minutes were read. "
    text = said * 600 + plain * 300
    [cue] = cues_of(compose(library(), text, decisions=[{"start": 0, "end": len(text), "silent": True}]))
    passage = cue.passage
    assert (passage.start, passage.end, len(passage.curve)) == (0, len(text), 900)
    assert passage.text.token_count == pytest.approx(
        len(text.split()), abs=5
    )  # words that parts cut count twice
    assert passage.text.scenes[0].scene == "grief"
    assert list(passage.text.vectors[0].values) == point(sad=1.0)
    assert not passage.text.evidence.fallback


def test_a_clip_that_is_decided_for_doesnt_play_just_before() -> None:
    first = cues_of(compose(library(), STORY))
    last = first[3].passage
    decisions = [{"start": last.start, "end": last.end, "clip_id": first[0].clip.clip.id}]
    cues = cues_of(compose(library(), STORY, decisions=decisions))
    assert cues[0].clip.clip.id != cues[3].clip.clip.id == first[0].clip.clip.id


def test_an_unknown_clip_is_refused_before_the_first_cue() -> None:
    decisions = [{"start": 0, "end": 5, "silent": True}, {"start": 5, "end": 9, "clip_id": "none"}]
    music = library()
    with pytest.raises(
        InvalidInputError, match=r"decisions\[1\].clip_id: no such clip in index default: 'none'"
    ):
        compose(music, STORY, decisions=decisions)
    assert len(music.asked) == 2


def test_first_and_last_mood_are_filters_of_those_passages_alone() -> None:
    music = library()
    compose(
        music, STORY, first_mood=" Happy", last_mood="sad", options={"filter": {"moods": ["happy", "sad"]}}
    )
    asked = [(list(each.options.filter.moods), len(each.queries)) for each in music.asked]
    assert [count for moods, count in asked if moods == ["happy"]] == [1]
    assert [count for moods, count in asked if moods == ["sad"]] == [1]


def test_music_is_instrumental_unless_told_otherwise() -> None:
    def below(**fields: Any) -> set[float]:
        music = library()
        compose(music, STORY, **fields)
        return {each.options.filter.max_facet_scores["vocal"] for each in music.asked}

    assert below() == {0.5}
    assert below(allow_vocals=True) == {0.0}
    for asked, bound in ((0.75, 0.5), (0.25, 0.25)):
        assert below(options={"filter": {"max_facet_scores": {"Vocal": asked}}}) == {bound}


def test_a_filter_that_leaves_nothing_is_told() -> None:
    cues = cues_of(compose(FakeMusic([]), STORY))
    assert {cue.reason for cue in cues} == {pb.CUE_REASON_NO_CLIP}
    assert {cue.shortfall_reason for cue in cues} == {SHORTFALL_REASON_FILTER_TOO_NARROW}
    assert cues[0].why == "Nothing plays: the filter lets no clip through."


def test_one_clip_is_held_where_no_other_may_play() -> None:
    cues = cues_of(compose(FakeMusic([clip("sad-0", sad=1.0)]), sentence("wept") * 200))
    assert [cue.reason for cue in cues] == [pb.CUE_REASON_NEAREST] + [pb.CUE_REASON_HELD] * (len(cues) - 1)


def test_the_first_cue_comes_before_most_of_the_text_is_read() -> None:
    text = FakeText()
    request = pb.ComposeSoundtrackRequest(text=STORY * 200)
    parts = Composer(text, library(), "mood").compose(brief_of(request), "", Clock(Call(), 60.0))
    assert next(parts).HasField("start")
    assert next(parts).HasField("cue")
    assert sum(map(len, (each for texts in text.asked for each in texts))) < 0.05 * len(request.text)


def test_a_caller_who_leaves_stops_the_work() -> None:
    call, text = Call(), FakeText()
    encode = text.encode

    def leave(request: object, timeout_s: float) -> object:
        call.active = len(text.asked) < 3
        return encode(request, timeout_s)

    text.encode = leave  # type: ignore[assignment,method-assign]
    with pytest.raises(DeadlineError):
        compose(library(), STORY * 50, text, call)
    assert len(text.asked) == 4


def test_the_time_is_bounded() -> None:
    seconds = iter(range(1_000))
    with pytest.raises(DeadlineError, match="the deadline passed before the"):
        compose(library(), STORY, seconds=3.0, now=lambda: next(seconds))


def test_a_service_without_a_free_permit_is_asked_again() -> None:
    text, refusals = FakeText(), [0.01, 0.01]
    encode = text.encode

    def refuse(request: object, timeout_s: float) -> object:
        if refusals:
            raise OverloadedError("all permits are taken", refusals.pop())
        return encode(request, timeout_s)

    text.encode = refuse  # type: ignore[assignment,method-assign]
    assert cues_of(compose(library(), STORY, text))
    assert not refusals
