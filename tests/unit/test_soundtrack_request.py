"""What a request for a soundtrack may ask for, and what it is told otherwise."""

import math
from typing import Any

import pytest

from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_PASSAGE_DECISIONS, MAX_SOUNDTRACK_CHARACTERS
from ambiance.match.v1 import soundtrack_pb2 as pb
from gateway.soundtrack.decisions import Decision, Stretch, stretches
from gateway.soundtrack.settings import Weights, brief_of


def refusal(**fields: Any) -> str:
    with pytest.raises(InvalidInputError) as refused:
        brief_of(pb.ComposeSoundtrackRequest(**{"text": "Once upon a time.", **fields}))
    return str(refused.value)


def test_defaults_are_filled_in() -> None:
    brief = brief_of(pb.ComposeSoundtrackRequest(text="Once."))
    assert brief.options.k == 64
    assert (brief.words_per_minute, brief.intensity) == (230, 1.0)
    assert (brief.min_passage_s, brief.max_passage_s) == (20.0, 120.0)
    assert (brief.no_repeat_cues, brief.clips_per_video, brief.weights) == (12, 3, Weights())


def test_what_is_set_is_kept() -> None:
    request = pb.ComposeSoundtrackRequest(
        text="Once.",
        intensity=0.0,
        min_passage_seconds=90,
        weights={"fit": 0.0, "staying": 2.5},
        options={"seed": 9, "k": 3},
    )
    brief = brief_of(request)
    assert (brief.intensity, brief.max_passage_s, brief.seed) == (0.0, 180.0, 9)
    assert brief.options.seed == 0  # the search draws nothing: what seed changes is the choice
    assert brief.weights == Weights(fit=0.0, staying=2.5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": ""}, "text: is empty"),
        ({"text": " \n\u3000"}, "text: holds nothing but white space"),
        (
            {"text": "a\x00b"},
            "text: control character U+0000 at character 1; only white space is allowed among these",
        ),
        ({"options": {"k": 2}}, "options.k: 3 to 100, or 0 for 64, got 2"),
        ({"options": {"k": 101}}, "options.k: 3 to 100, or 0 for 64, got 101"),
        ({"options": {"filter": {"moods": ["gay"]}}}, "options.filter.moods[0]: one of"),
        ({"words_per_minute": 59}, "words_per_minute: 60 to 1,000, or 0 for 230, got 59"),
        ({"words_per_minute": -1}, "words_per_minute: 60 to 1,000, or 0 for 230, got -1"),
        ({"intensity": 2.5}, "intensity: 0 to 2, got 2.5"),
        ({"intensity": math.nan}, "intensity: 0 to 2, got nan"),
        (
            {"first_mood": "blue"},
            "first_mood: one of happy, funny, sad, tender, exciting, angry, scary, got 'blue'",
        ),
        (
            {"last_mood": "sad", "options": {"filter": {"moods": ["happy"]}}},
            "last_mood: one of options.filter.moods, got 'sad'",
        ),
        ({"min_passage_seconds": 4}, "min_passage_seconds: 5 to 600, or 0 for 20, got 4"),
        ({"min_passage_seconds": math.nan}, "min_passage_seconds: 5 to 600, or 0 for 20, got nan"),
        ({"max_passage_seconds": 39}, "max_passage_seconds: 40 to 3,600, or 0 for a default, got 39"),
        (
            {"min_passage_seconds": 100, "max_passage_seconds": math.inf},
            "max_passage_seconds: 200 to 3,600, or 0 for a default, got inf",
        ),
        ({"no_repeat_cues": 101}, "no_repeat_cues: 1 to 100, or 0 for 12, got 101"),
        ({"max_clips_per_video": -1}, "max_clips_per_video: 1 to 100, or 0 for 3, got -1"),
        ({"weights": {"variety": 101}}, "weights.variety: 0 to 100, got 101"),
        ({"weights": {"fit": math.nan}}, "weights.fit: 0 to 100, got nan"),
    ],
)
def test_what_is_out_of_its_limits_is_named(fields: dict[str, Any], message: str) -> None:
    assert refusal(**fields).startswith(message)


def test_a_text_that_is_too_long_is_refused() -> None:
    message = "text: at most 4,000,000 characters, got 4,000,001"
    assert refusal(text="a" * (MAX_SOUNDTRACK_CHARACTERS + 1)) == message


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ([{"start": 0, "end": 5}], "decisions[0]: clip_id or silent is required, got neither"),
        ([{"start": 0, "end": 5, "silent": False}], "decisions[0].silent: must be true, got false"),
        ([{"start": 17, "end": 18, "silent": True}], "decisions[0].start: 0 to 16, got 17"),
        ([{"start": -1, "end": 5, "silent": True}], "decisions[0].start: 0 to 16, got -1"),
        ([{"start": 3, "end": 3, "silent": True}], "decisions[0].end: after its start, 3, at most 17, got 3"),
        (
            [{"start": 3, "end": 18, "silent": True}],
            "decisions[0].end: after its start, 3, at most 17, got 18",
        ),
        ([{"start": 3, "end": 9, "clip_id": "a b"}], "decisions[0].clip_id: 1 to 128 characters, no white"),
        (
            [{"start": 3, "end": 9, "silent": True}, {"start": 8, "end": 12, "clip_id": "x"}],
            "decisions[1].start: not before the end of the one before, 9, got 8",
        ),
        ([{"silent": True}] * (MAX_PASSAGE_DECISIONS + 1), "decisions: at most 5,000, got 5,001"),
    ],
)
def test_a_decision_that_fits_no_passage_is_named(decisions: list[dict[str, Any]], message: str) -> None:
    assert refusal(decisions=decisions).startswith(message)


def test_decisions_part_the_text() -> None:
    first, second = Decision(0, 4, "x"), Decision(9, 12, "")
    assert list(stretches([first, second], 20)) == [
        Stretch(0, 4, first),
        Stretch(4, 9, None),
        Stretch(9, 12, second),
        Stretch(12, 20, None),
    ]
    assert list(stretches([], 3)) == [Stretch(0, 3, None)]
