"""Values of a file as a clip takes them, and what is told of those that it doesn't."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ambiance.affect import FACETS
from ambiance.importing.fields import FIELDS, attribute
from ambiance.importing.filling import Chunk, filled
from ambiance.importing.rows import Reject, Rows, Unreadable
from ambiance.importing.values import AttributeType
from ambiance.limits import MAX_CLIP_BYTES


def fill(**columns: list[Any]) -> Chunk:
    """Rows of these columns, which bear their fields' names, or "x" for an attribute of any type."""
    plan = {name: FIELDS.get(name) or attribute(name, AttributeType.ANY) for name in columns}
    count = len(next(iter(columns.values())))
    return filled(Rows(range(1, count + 1), columns, [], count, 0), plan)


def clip(**values: Any) -> Any:
    [message] = fill(id=["a"], **{name: [value] for name, value in values.items()}).messages
    return message


def reason(field: str, value: Any) -> str:
    chunk = fill(id=["a"], **{field: [value]})
    assert not chunk.messages
    [reject] = chunk.rejects
    assert reject[:3] == (1, "a", field)
    return reject.reason


@pytest.mark.parametrize(
    ("field", "value", "held"),
    [
        ("youtube_id", "abcdefghijk", "abcdefghijk"),
        ("start_seconds", "1.5", 1.5),
        ("end_seconds", 2, 2.0),
        ("end_seconds", " 2 ", 2.0),
        ("labels", "Jazz; Music;", ["Jazz", "Music"]),
        ("labels", ["Accelerating, revving, vroom"], ["Accelerating, revving, vroom"]),
        ("vggish_frames", bytes(128), bytes(128)),
        ("vggish_frames", base64.b64encode(bytes(range(128))).decode(), bytes(range(128))),
        ("vggish_embedding", [0.5, -1], [0.5, -1.0]),
        ("vggish_embedding", [[0.5, -1], [1, 2]], [0.5, -1.0, 1.0, 2.0]),
        ("listenable", "no", False),
        ("available", 1, True),
        ("available", "TRUE", True),
    ],
)
def test_a_value_becomes_its_field(field: str, value: Any, held: Any) -> None:
    got = getattr(clip(**{field: value}), field)
    assert (list(got) if isinstance(held, list) else got) == held


def test_metadata_attributes_and_scores_become_their_fields() -> None:
    message = clip(
        title="Für Elise",
        track_id=17,
        duration_seconds="3e2",
        attributes={"key": "a", "year": 1810, "live": False, "none": None},
        x=2.5,
        facet_calm="0.25",
        moods={"sad": 0.5, "happy": None},
        traits={"vocal": 1},
        valence=0.5,
        vad={"arousal": 0.25},
    )
    metadata = message.metadata
    assert (metadata.title, metadata.track_id, metadata.duration_seconds) == ("Für Elise", "17", 300.0)
    assert {name: value.WhichOneof("value") for name, value in metadata.attributes.items()} == {
        "key": "text",
        "year": "number",
        "live": "flag",
        "x": "number",
    }
    assert [(score.facet, score.score) for score in message.facets] == [("calm", 0.25)]
    assert [(score.mood, score.score) for score in message.moods] == [("sad", 0.5)]
    assert [(score.facet, score.score) for score in message.traits] == [("vocal", 1.0)]
    assert (message.vad.valence, message.vad.arousal) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("title", "a\0b", "control character U+0000 at character 1"),
        ("title", "a\udcff", "byte 0xFF at character 1 isn't UTF-8"),
        ("title", "a\ud800", "lone surrogate U+D800 at character 1; it has no UTF-8 encoding"),
        ("title", 1.5, "a text, got one of the numbers"),
        ("title", Unreadable("not UTF-8"), "a text, got what can't be read: not UTF-8"),
        ("start_seconds", "1,5", "a number, got '1,5'"),
        ("start_seconds", "1_5", "a number, got '1_5'"),
        ("start_seconds", True, "a number, got one of the truth values"),
        ("start_seconds", 10**400, "a number that a float can hold, got a larger one"),
        ("start_seconds", Decimal(1), "a number, got Decimal"),
        ("listenable", "maybe", "true or false, yes or no, 1 or 0, got 'maybe'"),
        ("listenable", 2, "true or false, yes or no, 1 or 0, got one of the integers"),
        ("labels", ["a", 1.5], "a text, got one of the numbers"),
        ("labels", 1, "a list of texts, got one of the integers"),
        ("vggish_frames", "not base64!", "base64 of bytes: Only base64 data is allowed"),
        ("vggish_frames", [1], "bytes, got one of the lists"),
        ("vggish_embedding", [[1], 2], "a list of numbers, got both lists and numbers"),
        ("vggish_embedding", [1, "x"], "a number, got 'x'"),
        ("facets", {"calm": "x"}, "a number, got 'x'"),
        ("facets", "calm", "a mapping of names to numbers, got one of the texts"),
        ("vad", {"anger": 1}, "valence, arousal, dominance, got 'anger'"),
        ("attributes", {"a": [1]}, "a number, got one of the lists"),
        ("attributes", "a", "a mapping of names to values"),
        ("x", [1], "a number, got one of the lists"),
    ],
)
def test_a_value_that_its_field_does_not_take_is_told(field: str, value: Any, told: str) -> None:
    assert reason(field, value) == told


def test_one_row_of_many_is_rejected_and_the_others_keep_their_numbers() -> None:
    chunk = fill(id=["a", "b", None, "d", "e"], title=["A", 1.5, "C", "x" * MAX_CLIP_BYTES, None])
    assert [message.id for message in chunk.messages] == ["a", "e"]
    assert chunk.numbers == [1, 5]
    assert chunk.rejects == [
        Reject(2, "b", "title", "a text, got one of the numbers"),
        Reject(3, "", "id", "is empty"),
        Reject(4, "d", "", f"at most {MAX_CLIP_BYTES:,} bytes, got {MAX_CLIP_BYTES + 11:,}"),
    ]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first draw loads tables
@given(st.dictionaries(st.sampled_from([*FIELDS, "x"]), ANYTHING, max_size=4))
def test_no_value_whatever_ends_the_import(values: dict[str, Any]) -> None:
    chunk = fill(**{"id": ["a"], **{name: [value] for name, value in values.items()}})
    assert len(chunk.messages) + len(chunk.rejects) == 1


@given(st.lists(st.floats(0, 1, width=32), min_size=12, max_size=12))
def test_facets_arrive_as_they_were_written(scores: list[float]) -> None:
    message = clip(**{f"facet_{name}": repr(score) for name, score in zip(FACETS, scores, strict=True)})
    assert {score.facet: score.score for score in message.facets} == dict(zip(FACETS, scores, strict=True))


@pytest.mark.parametrize("odd", [None, "high", "1_0", "1e300", True])
def test_scores_are_the_same_whether_all_are_numbers_or_one_is_not(odd: Any) -> None:
    written = ["0.25", "0", "-0", "1e-45", "nan", "inf", " 1 ", "7"]
    ids, last = [f"c{i}" for i in range(len(written))], FACETS[-1]
    columns: dict[str, list[Any]] = {f"facet_{name}": written for name in reversed(FACETS)}
    together = fill(id=ids, **columns)
    columns = {name: [*values, "1"] for name, values in columns.items()}
    one_by_one = fill(id=[*ids, "odd"], **columns | {f"facet_{last}": [*written, odd]})
    for clip, other in zip(together.messages, one_by_one.messages, strict=False):
        assert clip.SerializeToString() == other.SerializeToString()
    told = [reject.field for reject in one_by_one.rejects]
    assert told == ([] if odd in (None, "1e300") else [f"facet_{last}"])


_COLUMNS: dict[str, list[Any]] = {
    "title": ["Für Elise", "", "0"],
    "uri": ["https://example.org/1", "mailto:a", "x"],
    "start_seconds": [0.0, 1e39, 2],
    "duration_seconds": ["1", "2.5", "1e40"],
    "valence": [0, 1, 0.5],
    "year": [1801, 1.5, -2],
    "genre": ["rock", "", "7"],
    "facets": [{"calm": 1, "sad": 0.25}, {"calm": 0, "sad": 0.0}, {"calm": 1.0, "sad": -0.0}],
    "moods": [{"happy": 1.0}, {"happy": 0.0}, {"happy": 0.5}],
}
_PLAN = {name: FIELDS[name] for name in _COLUMNS if name in FIELDS} | {
    "year": attribute("year", AttributeType.NUMBER),
    "genre": attribute("genre", AttributeType.ANY),
}


@pytest.mark.parametrize("column", _COLUMNS)
@pytest.mark.parametrize("odd", [None, "not a number\0", "\ud800", True, 10**400, b"", Unreadable("cut off")])
def test_a_column_is_read_alike_all_at_once_and_value_by_value(column: str, odd: Any) -> None:
    plan, values = {"id": FIELDS["id"], column: _PLAN[column]}, [*_COLUMNS[column], odd]
    ids = [str(number) for number in range(len(values))]

    together = filled(Rows(range(len(ids)), {"id": ids, column: values}, [], len(ids), 0), plan)
    alone = [
        filled(Rows([number], {"id": [clip_id], column: [value]}, [], 1, 0), plan)
        for number, (clip_id, value) in enumerate(zip(ids, values, strict=True))
    ]
    plain = filled(Rows(range(3), {"id": ids[:3], column: values[:3]}, [], 3, 0), plan)

    assert together.messages == [message for one in alone for message in one.messages]
    assert together.rejects == [reject for one in alone for reject in one.rejects]
    assert [message.SerializeToString() for message in plain.messages] == [
        message.SerializeToString() for one in alone[:3] for message in one.messages
    ]
    assert together.sizes == [message.ByteSize() for message in together.messages]


def test_mappings_of_scores_keep_the_order_that_each_row_has() -> None:
    rows = [{"calm": 0.5, "sad": 1.0}, {"sad": 1.0, "calm": 0.5}]
    plan = {name: FIELDS[name] for name in ("id", "facets")}

    messages = filled(Rows([1, 2], {"id": ["a", "b"], "facets": rows}, [], 2, 0), plan).messages

    assert [[each.facet for each in message.facets] for message in messages] == [list(row) for row in rows]
