"""What the command line prints."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ambiance.commands.output.json_output import match_as_json, text_as_json
from ambiance.commands.output.presentation import WIDTH, Style, match_for_people, text_for_people
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
    MatchResult,
    Metric,
    MoodScore,
    Neighbor,
    Notice,
    NoticeKind,
    SceneScore,
    ShortfallReason,
    Space,
    Vad,
    VadDifference,
    Vector,
    WordInfluence,
)

PLAIN = Style(colour=False)
DISTRESS = Notice(NoticeKind.DISTRESS, "You are not alone: please talk to someone you trust. " * 3)


def text(unknown: int = 0, influences: tuple[WordInfluence, ...] = ()) -> EncodedText:
    return EncodedText(
        emotions=(
            EmotionScore("grief", 0.412),
            EmotionScore("sadness", 0.3),
            EmotionScore("fear", 0.2),
            EmotionScore("joy", 0.088),
        ),
        vad=Vad(0.1, 0.40000001, 0.3),
        vectors={"vad": Vector("vad", (0.1, 0.4, 0.3), "vad-1")},
        token_count=6,
        unknown_token_count=unknown,
        window_count=1,
        model=ArtifactVersion("text_encoder", 2),
        evidence=Evidence(0.97, fallback=False),
        scenes=(
            SceneScore("grief", 0.62),
            SceneScore("longing", 0.2),
            SceneScore("fear", 0.1),
            SceneScore("none", 0.08),
        ),
        facets=(
            FacetWeight("sad", 0.9),
            FacetWeight("tender", 0.6),
            FacetWeight("calm", 0.3),
            FacetWeight("nostalgic", 0.25),
            FacetWeight("epic", 0.0),
            FacetWeight("energetic", -0.80000001),
            FacetWeight("happy", -1.2),
        ),
        embedding=(0.5, -0.25000001),
        word_influences=influences,
    )


def clip(
    labels: tuple[str, ...] = ("Music", "Cello"),
    mood_labels: tuple[str, ...] = (),
    vocal: float = 0.4,
    listenable: bool = True,
) -> Clip:
    return Clip(
        id="abcdefghijk@30",
        youtube_id="abcdefghijk",
        start_seconds=30.0,
        end_seconds=40.0,
        labels=labels,
        mood_labels=mood_labels,
        moods=(MoodScore("sad", 0.6), MoodScore("tender", 0.3), MoodScore("scary", 0.1)),
        vad=Vad(0.2, 0.3, 0.1),
        facets=(FacetScore("calm", 0.8), FacetScore("sad", 0.61), FacetScore("tender", 0.4)),
        traits=(FacetScore("vocal", vocal), FacetScore("speech", 0.01), FacetScore("low_quality", 0.2)),
        listenable=listenable,
    )


CLOSE = VadDifference(0.04, -0.04, 0)
WHY = (FacetScore("sad", 0.61), FacetScore("tender", 0.4))


def result(
    *clips: Clip,
    unknown: int = 0,
    influences: tuple[WordInfluence, ...] = (),
    shortfall: ShortfallReason | None = None,
    effect: FilterEffect | None = None,
    probability: float | None = 0.734,
    difference: VadDifference | None = CLOSE,
    why: tuple[FacetScore, ...] = WHY,
    left_out: int = 0,
    **of_text: Any,
) -> MatchResult:
    return MatchResult(
        text=replace(text(unknown, influences), **of_text),
        neighbors=tuple(Neighbor(clip, 0.00123456, probability, difference, why) for clip in clips),
        shortfall_reason=shortfall,
        space=Space("vad", 3, Metric.SQUARED_L2, "vad-1"),
        index=ArtifactVersion("music_index", 5),
        filter_effect=effect,
        left_out_clip_count=left_out,
    )


def test_a_match_for_people() -> None:
    assert match_for_people(result(clip()), PLAIN) == "\n".join(
        [
            "grief 62%, longing 20%, fear 10%",
            "as music: sad, tender, calm; not happy, energetic",
            "emotions: grief 41%, sadness 30%, fear 20%",
            "valence 0.10, arousal 0.40, dominance 0.30",
            "",
            "   1  https://youtu.be/abcdefghijk?t=30     30–40 s       distance 0.00123",
            "      Music, Cello",
            "      because: sad 61%, tender 40%; instrumental",
            "      match 73%: as pleasant, excited and in control as the text",
            "",
            "space vad: squared Euclidean distance, smaller is nearer",
            "model text_encoder 2, index music_index 5",
        ]
    )


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (VadDifference(0.06, 0.2, 0.5), "slightly more pleasant, more excited, much more in control"),
        (VadDifference(-0.06, -0.2, -0.5), "slightly less pleasant, calmer, much less in control"),
        (VadDifference(0, -0.3, 0.049), "much calmer"),
    ],
)
def test_a_difference_is_told_in_words(difference: VadDifference, told: str) -> None:
    assert f"      match 73%: {told}" in match_for_people(result(clip(), difference=difference), PLAIN)


def test_what_is_not_known_of_a_clip_is_not_told() -> None:
    lines = match_for_people(result(clip(), probability=None), PLAIN).splitlines()
    assert "      as pleasant, excited and in control as the text" in lines
    nothing = match_for_people(result(clip(), probability=None, difference=None), PLAIN)
    assert "      because: sad 61%, tender 40%; instrumental\n\nspace vad" in nothing
    bare = replace(clip(), facets=(), traits=())
    assert "      Music, Cello\n      match 73%" in match_for_people(result(bare, why=()), PLAIN)


def test_a_clip_that_was_written_without_traits_is_told_neither_vocal_nor_instrumental() -> None:
    silent = replace(
        clip(), traits=tuple(FacetScore(trait, 0.0) for trait in ("vocal", "speech", "low_quality"))
    )
    assert "      because: sad 61%, tender 40%" in match_for_people(result(silent), PLAIN).splitlines()


def test_an_address_of_ones_own_is_followed_by_no_empty_time() -> None:
    known = ClipMetadata(uri="https://music.example/a/rather/long/address/of/a/tide")
    own = replace(clip(), youtube_id="", start_seconds=0.0, end_seconds=0.0, metadata=known)
    assert f"   1  {known.uri}  distance 0.00123" in match_for_people(result(own), PLAIN).splitlines()


def test_a_clip_of_ones_own_shows_what_people_know_it_by() -> None:
    known = ClipMetadata("Tide", "Ada\x1b[2J", "Coast", uri="https://music.example/tide")
    own = replace(clip(), id="tide", youtube_id="", end_seconds=0.0, available=False, metadata=known)
    lines = match_for_people(result(own), PLAIN).splitlines()
    assert "   1  https://music.example/tide            30– s         distance 0.00123" in lines
    assert "      Ada [2J – Tide; Coast; can't be played" in lines
    bare = replace(own, metadata=ClipMetadata(), available=True, start_seconds=0.0)
    shown = match_for_people(result(bare), PLAIN)
    assert f"   1  {'tide':<36}  {'':<12}  distance 0.00123\n      Music, Cello" in shown


def test_a_clip_of_which_nobody_knows_why_shows_its_strongest_facets() -> None:
    shown = match_for_people(result(clip(vocal=0.5), why=()), PLAIN)
    assert "      calm 80%, sad 61%; vocal" in shown.splitlines()


def test_a_clip_that_is_there_only_because_it_was_asked_for_says_so() -> None:
    lines = match_for_people(result(clip(listenable=False)), PLAIN).splitlines()
    assert "      because: sad 61%, tender 40%; instrumental; left out by default" in lines


@pytest.mark.parametrize(
    ("scenes", "line"),
    [
        ((("calm", 0.5), ("none", 0.3), ("joy", 0.099)), "calm 50%, nothing felt 30%"),
        ((("calm", 0.4), ("awe", 0.3), ("hope", 0.2), ("joy", 0.1)), "calm 40%, awe 30%, hope 20%"),
        ((("calm", 0.09), ("awe", 0.08)), "calm 9%"),
    ],
)
def test_scenes_that_are_likely_are_told(scenes: tuple[tuple[str, float], ...], line: str) -> None:
    shown = match_for_people(result(scenes=tuple(SceneScore(*scene) for scene in scenes)), PLAIN)
    assert shown.splitlines()[0] == line


@pytest.mark.parametrize(
    ("weights", "line"),
    [
        ({"calm": 0.21, "sad": 0.2, "epic": -0.2}, "as music: calm"),
        ({"calm": 0.2, "epic": -0.3, "happy": -0.4, "playful": -2.0}, "as music: not playful, happy"),
        ({"calm": 0.9, "epic": -0.3}, "as music: calm; not epic"),
    ],
)
def test_what_a_text_hardly_asks_for_is_not_told(weights: dict[str, float], line: str) -> None:
    facets = tuple(FacetWeight(*item) for item in weights.items())
    assert match_for_people(result(facets=facets), PLAIN).splitlines()[1] == line


def test_a_text_that_is_set_on_no_music_has_no_such_line() -> None:
    for facets in ((), (FacetWeight("calm", 0.1), FacetWeight("sad", -0.1))):
        assert "as music" not in match_for_people(result(facets=facets), PLAIN)


def test_notices_come_first_and_whole() -> None:
    for shown in (
        match_for_people(result(clip(), notices=(DISTRESS,)), PLAIN),
        text_for_people(replace(text(), notices=(DISTRESS,)), PLAIN),
    ):
        notice, rest = shown.split("\n\n", 1)
        assert notice.split() == DISTRESS.text.split()
        assert max(map(len, notice.splitlines())) <= WIDTH
        assert rest.startswith("grief 62%")
    bold = match_for_people(result(notices=(DISTRESS,)), Style(colour=True)).split("\n\n", 1)[0]
    assert all(line.startswith("\x1b[1m") for line in bold.splitlines())


@pytest.mark.parametrize(
    ("reason", "language", "why"),
    [
        (EvidenceReason.NO_WORDS, None, ": the text holds no words."),
        (EvidenceReason.UNKNOWN_WORDS, None, ": the model knows hardly any of the words."),
        (EvidenceReason.NOTHING_FELT, None, ": the text tells of nothing felt."),
        (
            EvidenceReason.OTHER_LANGUAGE,
            "de",
            ": the text seems to be in German (de); it is read in English only.",
        ),
        (
            EvidenceReason.OTHER_LANGUAGE,
            "xx",
            ": the text seems to be in another language (xx); it is read in English only.",
        ),
        (
            EvidenceReason.OTHER_LANGUAGE,
            None,
            ": the text seems to be in another language; it is read in English only.",
        ),
        (EvidenceReason.UNKNOWN, None, ", for a reason that this client doesn't know."),
        (None, None, "."),
    ],
)
def test_a_fallback_is_told_with_its_reason_and_nothing_else_of_the_text(
    reason: EvidenceReason | None, language: str | None, why: str
) -> None:
    influences = (WordInfluence("traurig", 0, 0.4, "grief", 0.3),)
    evidence = Evidence(0.0, True, reason, language)
    shown = match_for_people(result(clip(), influences=influences, unknown=2, evidence=evidence), PLAIN)
    told, clips = shown.split("\n\n", 1)
    assert " ".join(told.splitlines()) == (
        f"too little to go by{why} Calm music as a fallback 2 of 6 tokens unknown to the model"
    )
    assert "because: sad 61%, tender 40%; instrumental" in clips
    assert "match 73%" not in clips  # nothing was read that a clip could match
    assert max(map(len, shown.splitlines())) <= WIDTH


def test_clips_that_were_left_out_are_counted() -> None:
    def lines(count: int) -> list[str]:
        return match_for_people(result(clip(), left_out=count), PLAIN).splitlines()

    assert lines(2_997)[-3] == (
        "left out 2,997 clips that are mainly speech, effects or bad recordings (--all-clips includes them)"
    )
    assert lines(1)[-3] == (
        "left out 1 clip that is mainly speech, effects or a bad recording (--all-clips includes it)"
    )
    assert max(map(len, lines(1_234_567))) <= WIDTH
    assert "left out" not in "\n".join(lines(0))


def test_words_that_moved_the_emotion_are_told_if_asked_for() -> None:
    influences = (
        WordInfluence('"gone."', 22, 0.4, "grief", 0.312),
        WordInfluence("!!!", 30, 0.2, "anger", 0.1),
        WordInfluence("a" * 30, 0, 0.1, "joy", -0.05),
    )
    shown = match_for_people(result(influences=influences), PLAIN)
    assert f"moved most by gone (grief +31%), !!! (anger +10%), {'a' * 23}… (joy -5%)" in shown.splitlines()
    assert "moved most by" not in match_for_people(result(), PLAIN)


def test_unknown_words_are_told_if_there_are_any() -> None:
    assert "2 of 6 tokens unknown to the model" in match_for_people(result(unknown=2), PLAIN).splitlines()
    assert "unknown" not in match_for_people(result(), PLAIN)


def test_a_shortfall_is_told() -> None:
    reason = ShortfallReason.CATALOG_SMALLER_THAN_K
    assert "found 1: the index holds no more" in match_for_people(result(clip(), shortfall=reason), PLAIN)


@pytest.mark.parametrize("reason", ShortfallReason)
def test_every_shortfall_has_words(reason: ShortfallReason) -> None:
    assert "found 1: " in match_for_people(result(clip(), shortfall=reason), PLAIN)


def test_what_a_filter_did_is_told() -> None:
    narrow = result(clip(), shortfall=ShortfallReason.FILTER_TOO_NARROW, effect=FilterEffect(1))
    shown = match_for_people(narrow, PLAIN)
    assert "\nfound 1: the filter lets no more through\nthe filter lets 1 clip through\n" in shown
    unknown = FilterEffect(12_345, ("aaaaaaaaaaa@1", "bbbbbbbbbbb@2"), ("ccccccccccc",))
    lines = match_for_people(result(clip(), effect=unknown), PLAIN).splitlines()
    assert lines[-5:-2] == [
        "the filter lets 12,345 clips through",
        "the index holds no such clips: aaaaaaaaaaa@1, bbbbbbbbbbb@2",
        "the index holds no such videos: ccccccccccc",
    ]
    assert "filter" not in match_for_people(result(clip()), PLAIN)


def test_what_a_filter_did_for_machines() -> None:
    effect = FilterEffect(0, ("aaaaaaaaaaa@1",))
    narrow = result(shortfall=ShortfallReason.FILTER_TOO_NARROW, effect=effect)
    document = json.loads(match_as_json(narrow))
    assert document["shortfall_reason"] == "filter_too_narrow"
    assert document["filter_effect"] == {
        "clip_count": 0,
        "unknown_clip_ids": ["aaaaaaaaaaa@1"],
        "unknown_youtube_ids": [],
    }
    assert json.loads(match_as_json(result()))["filter_effect"] is None


def test_no_line_is_wider_than_the_terminal() -> None:
    labels = tuple(f"Traditional instrument number {i}" for i in range(20))
    lines = match_for_people(
        result(clip(labels=labels, mood_labels=("sad", "tender", "scary"))), PLAIN
    ).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert all(label in " ".join(line.strip() for line in lines) for label in labels)


def test_emphasis_only_in_colour() -> None:
    assert "\x1b[1m" in match_for_people(result(clip()), Style(colour=True))
    assert "\x1b" not in match_for_people(result(clip()), PLAIN)


def test_a_match_for_machines() -> None:
    document = json.loads(match_as_json(result(clip(mood_labels=("sad",)))))
    assert document["text"]["emotions"][0] == {"emotion": "grief", "score": 0.412}
    assert document["text"]["vad"] == {"valence": 0.1, "arousal": 0.4, "dominance": 0.3}
    assert document["text"]["vectors"] == {"vad": {"values": [0.1, 0.4, 0.3], "lineage": "vad-1"}}
    assert document["text"]["evidence"] == {
        "score": 0.97,
        "fallback": False,
        "reason": None,
        "language": None,
    }
    assert document["text"]["scenes"][0] == {"scene": "grief", "score": 0.62}
    assert document["text"]["facets"][0] == {"facet": "sad", "weight": 0.9}
    assert document["text"]["facets"][-2] == {"facet": "energetic", "weight": -0.8}
    assert document["text"]["notices"] == []
    assert document["text"]["embedding"] == [0.5, -0.25]
    assert document["text"]["word_influences"] == []
    assert document["clips"] == [
        {
            "rank": 1,
            "id": "abcdefghijk@30",
            "youtube_id": "abcdefghijk",
            "url": "https://youtu.be/abcdefghijk?t=30",
            "start_seconds": 30.0,
            "end_seconds": 40.0,
            "distance": 0.00123456,
            "match_probability": 0.734,
            "vad_difference": {"valence": 0.04, "arousal": -0.04, "dominance": 0.0},
            "labels": ["Music", "Cello"],
            "mood_labels": ["sad"],
            "moods": [
                {"mood": "sad", "score": 0.6},
                {"mood": "tender", "score": 0.3},
                {"mood": "scary", "score": 0.1},
            ],
            "vad": {"valence": 0.2, "arousal": 0.3, "dominance": 0.1},
            "why": [{"facet": "sad", "score": 0.61}, {"facet": "tender", "score": 0.4}],
            "facets": [
                {"facet": "calm", "score": 0.8},
                {"facet": "sad", "score": 0.61},
                {"facet": "tender", "score": 0.4},
            ],
            "traits": [
                {"facet": "vocal", "score": 0.4},
                {"facet": "speech", "score": 0.01},
                {"facet": "low_quality", "score": 0.2},
            ],
            "listenable": True,
            "available": True,
            "metadata": {
                "title": "",
                "artist": "",
                "album": "",
                "track_id": "",
                "uri": "",
                "thumbnail_uri": "",
                "duration_seconds": 0.0,
                "attributes": {},
            },
        }
    ]
    assert document["left_out_clip_count"] == 0
    assert document["shortfall_reason"] is None
    assert document["space"] == {"name": "vad", "dimension": 3, "metric": "squared_l2", "lineage": "vad-1"}
    assert document["model"] == {"kind": "text_encoder", "version": 2}
    assert document["index"] == {"kind": "music_index", "version": 5}


def test_a_fallback_and_a_notice_for_machines() -> None:
    evidence = Evidence(0.12345678, True, EvidenceReason.OTHER_LANGUAGE, "de")
    document = json.loads(match_as_json(result(evidence=evidence, notices=(DISTRESS,), left_out=2_997)))
    assert document["text"]["evidence"] == {
        "score": 0.1234568,
        "fallback": True,
        "reason": "other_language",
        "language": "de",
    }
    assert document["text"]["notices"] == [{"kind": "distress", "text": DISTRESS.text}]
    assert document["left_out_clip_count"] == 2_997


def test_explanations_for_machines() -> None:
    influences = (WordInfluence("gone", 22, 0.4, "grief", 0.30000001),)
    document = json.loads(match_as_json(result(influences=influences)))
    assert document["text"]["word_influences"] == [
        {"word": "gone", "start": 22, "shift": 0.4, "emotion": "grief", "share_change": 0.3}
    ]


def test_what_is_not_known_is_null_for_machines() -> None:
    [shown] = json.loads(match_as_json(result(clip(), probability=None, difference=None)))["clips"]
    assert (shown["match_probability"], shown["vad_difference"]) == (None, None)


def test_a_shortfall_for_machines() -> None:
    reason = ShortfallReason.CATALOG_SMALLER_THAN_K
    assert json.loads(match_as_json(result(shortfall=reason)))["shortfall_reason"] == "catalog_smaller_than_k"


@pytest.mark.parametrize("form", [text_as_json, lambda value: text_for_people(value, PLAIN)])
def test_an_encoded_text_names_its_model(form: "type[text_as_json]") -> None:
    shown = form(text())
    assert "grief" in shown
    assert "text_encoder" in shown
