"""Any JSON is a message, or is refused in words; and what a message says survives the way there and back."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ambiance.errors import InvalidInputError
from ambiance.match.v1.soundtrack_pb2 import ComposeSoundtrackRequest
from gateway.http_json.problems import json_path
from gateway.http_json.transcoding import MAX_VALUES, parsed, to_json, to_message
from support import within_cpu_seconds

FIELDS = [
    "text",
    "options",
    "k",
    "filter",
    "labels",
    "minMoodScores",
    "min_mood_scores",
    "attributes",
    "values",
]
PARTS = ["intensity", "decisions", "start", "clipId", "silent", "weights", "fit", "seed", "sad", "ö", ""]
NAMES = st.sampled_from([*FIELDS, *PARTS])
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -(2**63), 2**64, 1e39])
WORDS = st.text(max_size=5) | st.sampled_from(["1", "NaN", "-Infinity", "1e999", "\ud800", "CUE_REASON_HELD"])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def outcome(read: Callable[[], Any]) -> tuple[Any, InvalidInputError | None]:
    """What was read, or why it wasn't."""
    try:
        return read(), None
    except InvalidInputError as error:
        return None, error


@given(st.dictionaries(NAMES, VALUES, max_size=4) | VALUES)
@settings(max_examples=300)
def test_any_json_is_a_message_or_is_refused_in_words(value: Any) -> None:
    body = json.dumps(value).encode()
    message, error = outcome(lambda: to_message(parsed(body), ComposeSoundtrackRequest))
    if error is None:
        assert to_message(parsed(to_json(message)), ComposeSoundtrackRequest) == message
    else:
        assert all(each.field and each.description for each in error.violations)
        assert str(error).encode()  # what can't be written can't be told


@given(st.binary(max_size=40) | st.text(alphabet='{}[]",:\\u0129ntf.e-', max_size=40).map(str.encode))
@settings(max_examples=300)
def test_any_bytes_are_json_or_are_refused_in_words(body: bytes) -> None:
    found, error = outcome(lambda: parsed(body))
    if error is None:
        assert repr(found) == repr(json.loads(body))
    else:
        assert error.violations[0].field == "request" or b'"' in body  # a member that stands there twice


def test_paths_are_named_as_in_json_but_for_keys() -> None:
    assert json_path("clips[3].values['my_own'].number_value") == "clips[3].values['my_own'].numberValue"
    assert json_path("options.filter.min_mood_scores") == "options.filter.minMoodScores"


def test_a_string_that_never_ends_costs_no_more_than_its_length() -> None:
    with within_cpu_seconds(20):  # an hour where each of its quotes is tried anew
        _, error = outcome(lambda: parsed(b'"' + b'\\"' * 1_000_000))
    assert "isn't JSON: Unterminated string" in str(error)


@pytest.mark.parametrize("values", [MAX_VALUES, MAX_VALUES + 1])
def test_the_values_of_a_document_are_counted_but_not_what_stands_in_strings(values: int) -> None:
    body = json.dumps({"text": '[{,\\",' * 100_000, "texts": ["a,b"] * (values - 2)}).encode()
    _, error = outcome(lambda: parsed(body))
    assert (error is None) == (values <= MAX_VALUES)


def test_more_strings_than_values_can_need_are_refused_before_all_are_counted() -> None:
    _, error = outcome(lambda: parsed(b'""' * 4_000_000))
    assert str(error) == f"request: at most {MAX_VALUES:,} values in a body"
