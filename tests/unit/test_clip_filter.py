"""ambiance.clip_filter: a filter is refused by its field, limit and offence before any index is asked."""

from dataclasses import fields

import pytest

from ambiance import ClipFilter
from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.attribute_conditions import AttributeCondition, type_of
from ambiance.clip_filter import check_filter
from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_CONDITIONS, MAX_FILTER_IDS, MAX_FILTER_LABELS, MAX_LABEL_CHARACTERS
from ambiance.music.v1 import clip_filter_pb2
from ambiance.music.v1.clip_pb2 import AttributeValue
from ambiance.validation import shown

CLIP = "-0CamVQdP_Y@30"
NAMES = ", ".join(MOODS.names)
FACET_NAMES = ", ".join(FACETS + TRAITS)
LABEL = "1 to 100 characters, not white space alone"
CLIP_ID = "1 to 128 characters, no white space or control characters among them"
YOUTUBE_ID = "11 characters of A-Z, a-z, 0-9, - and _"


def violations(conditions: ClipFilter) -> dict[str, str]:
    """What is wrong with a filter, and the same with its message."""
    messages = []
    for form in (conditions, as_message(conditions)):
        with pytest.raises(InvalidInputError) as caught:
            check_filter(form, MOODS.names)
        messages.append({violation.field: violation.description for violation in caught.value.violations})
    assert messages[0] == messages[1]
    return messages[0]


def as_message(conditions: ClipFilter) -> clip_filter_pb2.ClipFilter:
    values = {field.name: getattr(conditions, field.name) for field in fields(conditions)}
    return clip_filter_pb2.ClipFilter(
        **values | {"attributes": map(condition_message, conditions.attributes)}
    )


def condition_message(condition: AttributeCondition) -> clip_filter_pb2.AttributeCondition:
    bounds = clip_filter_pb2.NumberRange(least=condition.least, most=condition.most)
    return clip_filter_pb2.AttributeCondition(
        name=condition.name,
        values=[AttributeValue(**{type_of(value): value}) for value in condition.values],
        range=bounds if condition.is_range else None,
    )


@pytest.mark.parametrize(
    "conditions",
    [
        ClipFilter(),
        ClipFilter(labels=["x" * MAX_LABEL_CHARACTERS] * MAX_FILTER_LABELS, without_labels=["é"]),
        ClipFilter(moods=MOODS.names, min_mood_scores={"sad": 1.0, "tender": 1e-30}),
        ClipFilter(
            min_facet_scores=dict.fromkeys(FACETS + TRAITS, 1.0),
            max_facet_scores={"vocal": 0.5, "calm": 1e-30},
        ),
        ClipFilter(moods=["Sad", " HAPPY\n"], min_mood_scores={"Tender ": 0.5}),
        ClipFilter(min_facet_scores={" CALM": 0.5}, max_facet_scores={"Low_Quality": 0.5}),
        ClipFilter(
            clip_ids=[CLIP] * MAX_FILTER_IDS, without_clip_ids=["é" * 128, "band/album#3", f"{CLIP}.125"]
        ),
        ClipFilter(youtube_ids=["-----------"], without_youtube_ids=["abcdefghijk"] * MAX_FILTER_IDS),
        ClipFilter(attributes=[AttributeCondition("a.B_9-" * 10, ["x" * 1_000] * 100)] * MAX_CONDITIONS),
        ClipFilter(
            attributes=[AttributeCondition("year", least=0, most=0), AttributeCondition("n", [True, 1])]
        ),
    ],
)
def test_filters_within_the_limits_pass(conditions: ClipFilter) -> None:
    check_filter(conditions, MOODS.names)
    check_filter(as_message(conditions), MOODS.names)


def test_the_filter_of_the_client_has_the_fields_of_the_message() -> None:
    wire = [field.name for field in clip_filter_pb2.ClipFilter.DESCRIPTOR.fields]
    assert [field.name for field in fields(ClipFilter)] == wire


@pytest.mark.parametrize("field", ["labels", "without_labels"])
def test_labels_are_counted_and_measured(field: str) -> None:
    assert violations(ClipFilter(**{field: ["Jazz"] * 101})) == {
        f"options.filter.{field}": "at most 100, got 101"
    }
    assert violations(ClipFilter(**{field: ["Jazz", "", "x" * 101, " \n"]})) == {
        f"options.filter.{field}[1]": f"{LABEL}, got ''",
        f"options.filter.{field}[2]": f"{LABEL}, got '{'x' * 64}…'",
        f"options.filter.{field}[3]": f"{LABEL}, got ' \\n'",
    }


@pytest.mark.parametrize("field", ["clip_ids", "without_clip_ids", "youtube_ids", "without_youtube_ids"])
def test_ids_are_counted(field: str) -> None:
    found = violations(ClipFilter(**{field: [CLIP] * 1_001}))
    assert found == {f"options.filter.{field}": "at most 1,000, got 1,001"}


@pytest.mark.parametrize("field", ["clip_ids", "without_clip_ids"])
@pytest.mark.parametrize("bad", ["", f"{CLIP} ", f"{CLIP}\n", "a b", "a\x00b", "a\x85b", "\u2003", "é" * 129])
def test_a_malformed_clip_id_is_named(field: str, bad: str) -> None:
    found = violations(ClipFilter(**{field: [CLIP, bad]}))
    assert found == {f"options.filter.{field}[1]": f"{CLIP_ID}, got {shown(bad)}"}


@pytest.mark.parametrize("field", ["youtube_ids", "without_youtube_ids"])
@pytest.mark.parametrize("bad", ["", CLIP, "abcdefghij", "abcdefghij é", "abcdefghijé", "abcdefghijk\n"])
def test_a_malformed_video_id_is_named(field: str, bad: str) -> None:
    found = violations(ClipFilter(**{field: ["abcdefghijk", bad]}))
    assert found == {f"options.filter.{field}[1]": f"{YOUTUBE_ID}, got {bad!a}"}


def test_an_unknown_mood_is_named_with_those_there_are() -> None:
    assert violations(ClipFilter(moods=["sad", "sat"])) == {
        "options.filter.moods[1]": f"one of {NAMES}, got 'sat'"
    }
    assert violations(ClipFilter(moods=["sad"] * 8)) == {"options.filter.moods": "at most 7, got 8"}
    assert violations(ClipFilter(min_mood_scores={"gloomy": 0.5})) == {
        "options.filter.min_mood_scores['gloomy']": f"one of {NAMES}, got 'gloomy'"
    }


@pytest.mark.parametrize("field", ["min_facet_scores", "max_facet_scores"])
def test_an_unknown_facet_is_named_with_those_there_are(field: str) -> None:
    found = violations(
        ClipFilter(**{field: {"calm": 0.5, "Calmer": 0.5, "funny": 0.5, "vocal": 0, "sad": 1.5}})
    )
    assert found == {
        f"options.filter.{field}['Calmer']": f"one of {FACET_NAMES}, got 'Calmer'",
        f"options.filter.{field}['funny']": f"one of {FACET_NAMES}, got 'funny'",
        f"options.filter.{field}['sad']": "above 0, at most 1, got 1.5",
        f"options.filter.{field}['vocal']": "above 0, at most 1, got 0",
    }


@pytest.mark.parametrize("field", ["min_mood_scores", "min_facet_scores", "max_facet_scores"])
@pytest.mark.parametrize(
    ("score", "shown"), [(0, "0"), (-0.5, "-0.5"), (1.5, "1.5"), (float("nan"), "nan"), (1e300, "1e+300")]
)
def test_a_score_out_of_range_is_named(field: str, score: float, shown: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_filter(ClipFilter(**{field: {"happy": 0.5, "sad": score}}), MOODS.names)
    [violation] = caught.value.violations
    assert violation.field == f"options.filter.{field}['sad']"
    assert violation.description == f"above 0, at most 1, got {shown}"


@pytest.mark.parametrize(
    ("condition", "where", "what"),
    [
        (AttributeCondition("", ["x"]), ".name", "1 to 64 letters, digits, _, - and ., got ''"),
        (AttributeCondition("a b", ["x"]), ".name", "1 to 64 letters, digits, _, - and ., got 'a b'"),
        (AttributeCondition("é", ["x"]), ".name", "1 to 64 letters, digits, _, - and ., got '\\xe9'"),
        (AttributeCondition("artist"), "", "values, or a range with a least or a most, got neither"),
        (AttributeCondition("n", [1], least=1), "", "values, or a range with a least or a most, got both"),
        (AttributeCondition("n", [1] * 101), ".values", "at most 100, got 101"),
        (AttributeCondition("n", ["", "x" * 1_001]), ".values[1]", "at most 1,000 characters, got 1,001"),
        (AttributeCondition("n", [float("nan")]), ".values[0]", "a finite number, got nan"),
        (AttributeCondition("n", [1, float("-inf")]), ".values[1]", "a finite number, got -inf"),
        (AttributeCondition("n", least=float("nan"), most=1), ".range.least", "a finite number, got nan"),
        (AttributeCondition("n", most=float("inf")), ".range.most", "a finite number, got inf"),
        (AttributeCondition("n", least=2, most=1), ".range", "a least that isn't above the most, got 2 to 1"),
    ],
)
def test_a_condition_on_an_attribute_is_checked(condition: AttributeCondition, where: str, what: str) -> None:
    fine = AttributeCondition("artist", ["Nina Simone"])
    found = violations(ClipFilter(attributes=[fine, condition]))
    assert found == {f"options.filter.attributes[1]{where}": what}


def test_conditions_on_attributes_are_counted() -> None:
    found = violations(ClipFilter(attributes=[AttributeCondition("artist", ["x"])] * 33))
    assert found == {"options.filter.attributes": "at most 32, got 33"}
    nothing = clip_filter_pb2.AttributeCondition(name="artist", values=[AttributeValue()])
    with pytest.raises(InvalidInputError, match=r"values\[0\]: one of text, number and flag must be set"):
        check_filter(clip_filter_pb2.ClipFilter(attributes=[nothing]), MOODS.names)
