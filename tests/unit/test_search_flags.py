"""What the command line's flags ask of a search."""

import argparse

import pytest

from ambiance import AttributeCondition, ClipFilter
from ambiance.commands.flags.search import add_search_flags, search_arguments_of
from ambiance.errors import InvalidInputError
from ambiance.search_arguments import SearchArguments

DEFAULTS = {
    "index": "",
    "seed": 0,
    "filter": None,
    "include_unlistenable": False,
    "include_unavailable": False,
    "max_distance": None,
    "min_separation": 0.0,
}


def asked(*flags: str) -> SearchArguments:
    parser = argparse.ArgumentParser()
    add_search_flags(parser)
    return search_arguments_of(parser.parse_args(flags))


def conditions(*written: str) -> list[AttributeCondition]:
    filtered = asked(*(f"--attribute={each}" for each in written))["filter"]
    assert filtered == ClipFilter(attributes=filtered.attributes)
    return list(filtered.attributes)


def test_without_a_flag_nothing_is_asked() -> None:
    assert asked() == DEFAULTS


def test_flags_ask_for_variety() -> None:
    flags = [
        "--index",
        "own",
        "--seed=7",
        "--max-per",
        "artist=1",
        "--max-per=video=2",
        "--max-distance",
        "0.5",
    ]
    found = asked(*flags, "--min-separation=.25", "--unavailable", "--all-clips")
    assert found == DEFAULTS | {
        "index": "own",
        "seed": 7,
        "max_per_artist": 1,
        "max_per_video": 2,
        "max_distance": 0.5,
        "min_separation": 0.25,
        "include_unavailable": True,
        "include_unlistenable": True,
    }


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        ("artist=Nina Simone", AttributeCondition("artist", ["Nina Simone"])),
        (" artist = a=b ", AttributeCondition("artist", ["a=b"])),
        ("title=1999", AttributeCondition("title", ["1999"])),
        ("title=true", AttributeCondition("title", ["true"])),
        ("year=1999", AttributeCondition("year", [1999.0])),
        ('year="1999"', AttributeCondition("year", ["1999"])),
        ("genre=", AttributeCondition("genre", [""])),
        ("live=True", AttributeCondition("live", [True])),
        ("live=false", AttributeCondition("live", [False])),
        ("duration_seconds>=90", AttributeCondition("duration_seconds", least=90.0)),
        ("year <= -1.5e3", AttributeCondition("year", most=-1500.0)),
    ],
)
def test_an_attribute_is_written_by_name_and_value(written: str, condition: AttributeCondition) -> None:
    assert conditions(written) == [condition]
    assert [type(value) for value in conditions(written)[0].values] == [type(v) for v in condition.values]


def test_values_of_one_attribute_make_one_condition_and_bounds_a_range() -> None:
    found = conditions("artist=a", "year>=1960", "artist=b", "year<=1969", "live=true")
    assert found == [
        AttributeCondition("artist", ["a", "b"]),
        AttributeCondition("live", [True]),
        AttributeCondition("year", least=1960.0, most=1969.0),
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (["year>=1960", "year>=1961"], "one >= for each attribute, got two for year"),
        (["year>=1960", "year=1961"], "either values or bounds for an attribute, got both for year"),
    ],
)
def test_conditions_that_contradict_each_other_are_bad_input(written: list[str], message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        conditions(*written)
    assert str(caught.value) == f"--attribute: {message}"


@pytest.mark.parametrize(
    ("flag", "needed"),
    [
        ("--attribute=artist", "a name, =, >= or <=, and a value"),
        ("--attribute==x", "a name, =, >= or <=, and a value"),
        ("--attribute=my artist=x", "a name, =, >= or <=, and a value"),
        ("--attribute=year>1960", "a name, =, >= or <=, and a value"),
        ("--attribute=year>=old", "year>= needs a number, got 'old'"),
        ("--attribute=artist>=1", "artist>= needs a number, got '1'"),
        ("--max-per=singer=1", "one of artist, album, track, video and a number from 1"),
        ("--max-per=artist", "one of artist, album, track, video and a number from 1"),
        ("--max-per=artist=0", "one of artist, album, track, video and a number from 1"),
        ("--max-per=artist=-1", "one of artist, album, track, video and a number from 1"),
        ("--max-per=artist=²", "one of artist, album, track, video and a number from 1"),
    ],
)
def test_what_cannot_be_read_is_bad_usage(flag: str, needed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        asked(flag)
    assert caught.value.code == 2
    assert needed in capsys.readouterr().err
