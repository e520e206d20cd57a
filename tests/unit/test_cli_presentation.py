"""What the command line prints."""

import json

import pytest

from ambiance.documents import match_as_json, text_as_json
from ambiance.presentation import WIDTH, Style, match_for_people, text_for_people
from ambiance.results import (
    ArtifactVersion,
    Clip,
    EncodedText,
    FilterEffect,
    MatchResult,
    Metric,
    Neighbor,
    Score,
    ShortfallReason,
    Space,
    Vad,
    VadDifference,
    Vector,
    WordInfluence,
)

PLAIN = Style(colour=False)


def text(unknown: int = 0, influences: tuple[WordInfluence, ...] = ()) -> EncodedText:
    return EncodedText(
        emotions=(Score("grief", 0.412), Score("sadness", 0.3), Score("fear", 0.2), Score("joy", 0.088)),
        vad=Vad(0.1, 0.40000001, 0.3),
        vectors={"vad": Vector("vad", (0.1, 0.4, 0.3), "vad-1")},
        token_count=6,
        unknown_token_count=unknown,
        window_count=1,
        model=ArtifactVersion("text_encoder", 2),
        moods=(Score("sad", 0.7), Score("scary", 0.2), Score("tender", 0.1)),
        embedding=(0.5, -0.25000001),
        word_influences=influences,
    )


def clip(labels: tuple[str, ...] = ("Music", "Cello"), mood_labels: tuple[str, ...] = ()) -> Clip:
    return Clip(
        id="abcdefghijk@30",
        youtube_id="abcdefghijk",
        start_seconds=30.0,
        end_seconds=40.0,
        labels=labels,
        mood_labels=mood_labels,
        moods=(Score("sad", 0.6), Score("tender", 0.3), Score("scary", 0.1)),
        vad=Vad(0.2, 0.3, 0.1),
    )


CLOSE = VadDifference(0.04, -0.04, 0)


def result(
    *clips: Clip,
    unknown: int = 0,
    influences: tuple[WordInfluence, ...] = (),
    shortfall: ShortfallReason | None = None,
    effect: FilterEffect | None = None,
    probability: float | None = 0.734,
    difference: VadDifference | None = CLOSE,
) -> MatchResult:
    return MatchResult(
        text=text(unknown, influences),
        neighbors=tuple(Neighbor(clip, 0.00123456, probability, difference) for clip in clips),
        shortfall_reason=shortfall,
        space=Space("vad", 3, Metric.SQUARED_L2, "vad-1"),
        index=ArtifactVersion("music_index", 5),
        filter_effect=effect,
    )


def test_a_match_for_people() -> None:
    assert match_for_people(result(clip()), PLAIN) == "\n".join(
        [
            "grief 41%, sadness 30%, fear 20%",
            "as music: sad 70%, scary 20%",
            "valence 0.10, arousal 0.40, dominance 0.30",
            "",
            "   1  https://youtu.be/abcdefghijk?t=30     30–40 s       distance 0.00123",
            "      Music, Cello",
            "      sad 60%, tender 30%",
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
    assert "      sad 60%, tender 30%\n\nspace vad" in nothing


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


def test_moods_of_annotators_are_marked_wherever_they_rank() -> None:
    shown = match_for_people(result(clip(mood_labels=("sad", "scary"))), PLAIN)
    assert "sad 60% (annotated), tender 30%, scary 10% (annotated)" in shown


def test_a_shortfall_is_told() -> None:
    reason = ShortfallReason.CATALOG_SMALLER_THAN_K
    assert "found 1: the index holds no more" in match_for_people(result(clip(), shortfall=reason), PLAIN)


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
    assert document["text"]["moods"][0] == {"mood": "sad", "score": 0.7}
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
        }
    ]
    assert document["shortfall_reason"] is None
    assert document["space"] == {"name": "vad", "dimension": 3, "metric": "squared_l2", "lineage": "vad-1"}
    assert document["model"] == {"kind": "text_encoder", "version": 2}
    assert document["index"] == {"kind": "music_index", "version": 5}


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
