"""Conditions on attributes let exactly those clips through that meet them, one by one."""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ambiance.attribute_conditions import BUILT_IN, AttributeCondition, read_condition, type_of
from ambiance.errors import ArtifactError, InvalidInputError
from ambiance.music.v1 import clip_filter_pb2
from ambiance.music.v1.clip_pb2 import AttributeValue, ClipMetadata
from music_index_service.filtering.attribute_file import ATTRIBUTES_FILE, load_attributes, write_attributes
from music_index_service.filtering.attributes import ClipAttributes, check_attributes

SONGS = [
    ClipMetadata(title="Sinnerman", artist="Nina Simone", duration_seconds=212.3),
    None,
    ClipMetadata(title="Four Women", artist="Nina Simone", album="Wild Is the Wind", duration_seconds=90),
    ClipMetadata(title="So What", artist="Miles Davis"),
    ClipMetadata(),
]


def metadata(attributes: dict[str, Any], **built_in: Any) -> ClipMetadata:
    values = {name: AttributeValue(**{type_of(value): value}) for name, value in attributes.items()}
    return ClipMetadata(**built_in, attributes=values)


def rows(clips: Sequence[ClipMetadata | None], *conditions: AttributeCondition) -> list[int]:
    held = ClipAttributes.of(clips)
    return np.flatnonzero(np.all([held.meeting(each) for each in conditions], axis=0)).tolist()


TEXTS = st.sampled_from(["", "a", "A", "ä", "ab", "b", "\U0001f3b5", "é"]) | st.text(max_size=3)
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, 0.1, 2.0**53, -1e300, 5e-324]) | st.floats(
    allow_nan=False, allow_infinity=False
)
VALUES = {"genre": TEXTS, "year": NUMBERS, "live": st.booleans()}
CLIPS = st.lists(
    st.none()
    | st.fixed_dictionaries({}, optional=VALUES).map(metadata)
    | st.builds(metadata, st.fixed_dictionaries({}, optional=VALUES), title=TEXTS, artist=TEXTS),
    max_size=30,
)
CONDITIONS = st.one_of(
    *(
        st.builds(AttributeCondition, st.just(name), st.lists(values, min_size=1, max_size=5))
        for name, values in [*VALUES.items(), ("title", TEXTS), ("artist", TEXTS)]
    ),
    st.builds(
        AttributeCondition, st.just("year"), least=st.none() | NUMBERS, most=st.none() | NUMBERS
    ).filter(lambda condition: condition.is_range),
)


def meets(clip: ClipMetadata | None, condition: AttributeCondition) -> bool:
    if clip is None:
        return False
    if condition.name in BUILT_IN:
        value = getattr(clip, condition.name)
        return bool(value) and value in condition.values
    if condition.name not in clip.attributes:
        return False
    held = clip.attributes[condition.name]
    value = getattr(held, held.WhichOneof("value") or "")
    if not condition.is_range:
        return any(value == wanted for wanted in condition.values)
    above = condition.least is None or value >= condition.least
    return above and (condition.most is None or value <= condition.most)


@settings(max_examples=300)
@given(CLIPS, st.lists(CONDITIONS, min_size=1, max_size=3))
def test_a_clip_passes_if_it_meets_every_condition(
    clips: list[ClipMetadata | None], conditions: list[AttributeCondition]
) -> None:
    expected = [row for row, clip in enumerate(clips) if all(meets(clip, each) for each in conditions)]
    assert rows(clips, *conditions) == expected


@settings(max_examples=100)
@given(CLIPS, st.lists(st.integers(0, 29), max_size=20))
def test_texts_are_those_of_the_clips_in_any_order(
    clips: list[ClipMetadata | None], asked: list[int]
) -> None:
    asked = [row for row in asked if row < len(clips)]
    held = ClipAttributes.of(clips).texts("title", np.array(asked, np.int64))
    assert held == [clip.title if (clip := clips[row]) is not None else "" for row in asked]


def test_songs_by_what_people_know_them_by() -> None:
    assert rows(SONGS, AttributeCondition("artist", ["Nina Simone"])) == [0, 2]
    assert rows(SONGS, AttributeCondition("artist", ["nina simone"])) == []
    assert rows(SONGS, AttributeCondition("title", ["So What", "Sinnerman", "?"])) == [0, 3]
    assert rows(SONGS, AttributeCondition("duration_seconds", [212.3])) == [0]
    assert rows(SONGS, AttributeCondition("duration_seconds", least=90, most=212.3)) == [0, 2]
    assert rows(SONGS, AttributeCondition("duration_seconds", most=1e300)) == [0, 2]
    assert rows(SONGS, AttributeCondition("duration_seconds", least=0, most=89.5)) == []


def test_numbers_are_compared_exactly() -> None:
    clips = [metadata({"n": value}) for value in (2.0**53, 2.0**53 - 1, 0.1, math.nextafter(0.1, 1))]
    assert rows(clips, AttributeCondition("n", [2**53])) == [0]
    assert rows(clips, AttributeCondition("n", [0.1])) == [2]
    assert rows(clips, AttributeCondition("n", least=math.nextafter(0.1, 1), most=1)) == [3]


def test_types_are_those_that_are_borne() -> None:
    clips = [*SONGS, metadata({"live": False, "year": 1965, "genre": ""})]
    expected = dict.fromkeys(("title", "artist", "album", "genre"), "text")
    assert ClipAttributes.of(clips).types == expected | {
        "duration_seconds": "number",
        "year": "number",
        "live": "flag",
    }
    with pytest.raises(ValueError, match=r"^attributes of two types: year$"):
        ClipAttributes.of([metadata({"year": 1965}), metadata({"year": "1965"})])


def refused(types: dict[str, str], *conditions: AttributeCondition) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        check_attributes("options.filter.attributes", conditions, types)
    return {violation.field: violation.description for violation in caught.value.violations}


def test_an_attribute_that_no_clip_bears_is_named_with_those_that_are() -> None:
    types = {"year": "number", "artist": "text"}
    found = refused(types, AttributeCondition("year", [1]), AttributeCondition("yaer", [1]))
    known = "no clip of this index bears 'yaer'; the closest: year; there are artist, year"
    assert found == {"options.filter.attributes[1].name": known}
    alone = "no clip of this index bears 'artist', nor any other attribute"
    assert refused({}, AttributeCondition("artist", ["x"])) == {"options.filter.attributes[0].name": alone}
    many = {f"a{number:02}": "flag" for number in range(25)}
    assert refused(many, AttributeCondition("zzz", [True]))["options.filter.attributes[0].name"].endswith(
        "a18, a19 and 5 more"
    )


def test_a_value_of_another_type_is_named_with_both() -> None:
    types = {"year": "number", "live": "flag", "artist": "text"}
    found = refused(
        types,
        AttributeCondition("year", [1965, "1965", True]),
        AttributeCondition("live", [1]),
        AttributeCondition("artist", least=1),
    )
    assert found == {
        "options.filter.attributes[0].values[1]": "year is a number, got a text",
        "options.filter.attributes[0].values[2]": "year is a number, got a flag",
        "options.filter.attributes[1].values[0]": "live is a flag, got a number",
        "options.filter.attributes[2].range": "artist is a text, got a range of numbers",
    }


def test_a_condition_is_read_from_its_message() -> None:
    message = clip_filter_pb2.AttributeCondition(
        name="year",
        values=[
            AttributeValue(text="x"),
            AttributeValue(number=2),
            AttributeValue(flag=False),
            AttributeValue(),
        ],
        range=clip_filter_pb2.NumberRange(least=0),
    )
    assert read_condition(message) == AttributeCondition("year", ["x", 2.0, False, None], 0.0)  # type: ignore[list-item]


def test_many_clips_take_little_memory() -> None:
    clips = [
        metadata({"year": row % 80}, title=f"Title {row}", artist=f"A {row % 99}") for row in range(20_000)
    ]
    held = ClipAttributes.of(clips)
    assert held.nbytes < 20_000 * 60  # of which a title and where it starts take 20, and each row 4 a column


CLIPS = st.lists(
    st.none()
    | st.builds(
        metadata,
        st.fixed_dictionaries({}, optional={"note": TEXTS, "n": NUMBERS, "live": st.booleans()}),
        title=TEXTS,
        duration_seconds=st.sampled_from([0, 212.3, 90]),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(parts=st.lists(CLIPS, min_size=1, max_size=4), draw=st.randoms(use_true_random=False))
def test_joined_and_kept_on_disk_they_are_as_if_made_of_the_clips(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[ClipMetadata | None]], draw: random.Random
) -> None:
    left = [
        (number, row) for number, part in enumerate(parts) for row in range(len(part)) if draw.random() < 0.8
    ]
    draw.shuffle(left)
    places = [np.full(len(part), -1, np.int32) for part in parts]
    for place, (number, row) in enumerate(left):
        places[number][row] = place
    joined = ClipAttributes.joined([ClipAttributes.of(part) for part in parts], places, len(left))
    whole = ClipAttributes.of([parts[number][row] for number, row in left])
    folder = tmp_path_factory.mktemp("attributes")
    write_attributes(joined, folder)
    for other in (joined, load_attributes(folder / ATTRIBUTES_FILE, len(left))):
        assert len(other) == len(left)
        assert other.types == whole.types
        for name, column in whole.columns.items():
            for held, expected in zip(
                other.columns[name].arrays.values(), column.arrays.values(), strict=True
            ):
                np.testing.assert_array_equal(held, expected, strict=True)


def test_attributes_of_other_clips_are_refused(tmp_path: Path) -> None:
    write_attributes(ClipAttributes.of(SONGS), tmp_path)
    path = tmp_path / ATTRIBUTES_FILE
    with pytest.raises(ArtifactError, match="of 5 clips, the segment has 6"):
        load_attributes(path, 6)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ArtifactError, match="not a readable Arrow file"):
        load_attributes(path, 5)
