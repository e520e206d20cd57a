"""Which column of a catalogue's file is which field of a clip, and what is refused at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.errors import InvalidInputError
from ambiance.importing.fields import ALIASES, FIELDS
from ambiance.importing.plan import Mapped, make_plan
from ambiance.importing.rows import Kind, Rows


class Columns:
    """A source that has columns only."""

    size, unit = 0, "B"

    def __init__(self, columns: Mapping[str, Kind], **samples: Sequence[Any]) -> None:
        self.columns = columns
        self.samples = {name: samples.get(name, []) for name in columns}

    def rows(self, skip: int = 0) -> Iterator[Rows]:
        raise NotImplementedError


def planned(
    *columns: str, kinds: Mapping[str, Kind] | None = None, samples: Any = None, **mapped: Any
) -> dict[str, str]:
    """The field of each column."""
    given = {name: (kinds or {}).get(name, Kind.WRITTEN) for name in columns}
    asked = Mapped(**({"fields": {}, "attributes": {}, "skipped": frozenset()} | mapped))
    plan = make_plan(Columns(given, **(samples or {})), asked)
    return {column: field.name for column, field in plan.items()}


def refused(*columns: str, **options: Any) -> str:
    with pytest.raises(InvalidInputError) as caught:
        planned(*columns, **options)
    return str(caught.value)


def test_columns_go_by_their_names_whatever_their_case_and_separators() -> None:
    columns = ("Clip ID", "Track Name", "artist-name", "URL", "Facets", "VGGISH.FRAMES", "duration")
    found = planned(*columns, kinds={"Facets": Kind.MAPPING})
    assert list(found.values()) == [
        "id",
        "title",
        "artist",
        "uri",
        "facets",
        "vggish_frames",
        "duration_seconds",
    ]


def test_every_field_goes_by_its_own_name_and_every_alias_is_a_field() -> None:
    assert set(ALIASES.values()) <= FIELDS.keys()
    assert not ALIASES.keys() & FIELDS.keys()


def test_facets_moods_and_traits_go_by_bare_names() -> None:
    assert list(planned("id", *FACETS).values()) == ["id", *(f"facet_{name}" for name in FACETS)]
    assert list(planned("id", *MOODS.names).values()) == ["id", *(f"mood_{name}" for name in MOODS.names)]
    found = planned("id", "frames", *(f"traits.{name}" for name in TRAITS))
    assert list(found.values())[2:] == [f"trait_{name}" for name in TRAITS]


def test_a_name_of_a_facet_and_a_mood_is_what_its_neighbours_are_or_must_be_told() -> None:
    both = "column 'happy': can be a facet and a mood: call it facet_… or mood_…, or use --map"
    assert refused("id", "frames", "happy") == both
    assert refused("id", *dict.fromkeys([*MOODS.names, *FACETS])) == both
    moods = [f"mood_{name}" for name in MOODS.names]
    assert planned("id", *FACETS, *moods)["happy"] == "facet_happy"


def test_an_unknown_column_is_refused_with_what_it_may_have_meant() -> None:
    told = refused("id", "frames", "tittle")
    assert told.startswith("column 'tittle': unknown; did you mean title?; --map, --attribute or --skip it")
    assert "thumbnail_uri" in told
    assert "facet_calm" not in told


def test_what_the_caller_says_of_a_column_counts() -> None:
    found = planned(
        "nr",
        "frames",
        "label",
        "x",
        "of Österreich",
        fields={"nr": "id"},
        attributes={"label": "text"},
        skipped=frozenset(["x"]),
        attributes_from_rest=True,
    )
    assert found == {
        "nr": "id",
        "frames": "vggish_frames",
        "label": "attribute label",
        "of Österreich": "attribute of__sterreich",
    }


def test_attributes_are_not_called_as_fields_are_and_not_too_many() -> None:
    told = "column 'title': an attribute has 1 to 64 characters, and no field's name (title, artist"
    assert refused("id", "frames", "title", attributes={"title": ""}).startswith(told)
    assert refused("id", "frames", "x" * 65, attributes_from_rest=True).startswith("column 'xxx")
    many = [f"x{i}" for i in range(33)]
    assert refused("id", "frames", *many, attributes_from_rest=True) == (
        "columns: at most 32 attributes, got 33"
    )


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"fields": {"Id": "id"}}, "--map: the file has no column 'Id'; did you mean 'id'?"),
        ({"attributes": {"zzz": ""}}, "--attribute: the file has no column 'zzz'"),
        ({"skipped": frozenset(["zzz"])}, "--skip: the file has no column 'zzz'"),
        ({"fields": {"x": "titel"}}, "column 'x': --map: no field 'titel'; did you mean title?"),
        (
            {"fields": {"x": "id"}},
            "column 'x': id is what column 'id' is, too; --skip one, or --map it",
        ),
    ],
)
def test_what_the_caller_says_must_fit_the_file(option: dict[str, Any], told: str) -> None:
    assert refused("id", "frames", "x", **option) == told


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (["frames"], "columns: one for id is needed: call it so, or --map COLUMN=id"),
        (
            ["id", "title", "valence", "arousal", "dominance"],
            "columns: a clip's facets or moods, or its vggish_frames are needed, to place it by; "
            "got none of these",
        ),
        (
            ["id", *FACETS[:-1]],
            "columns: all 12 facets or none; missing: facet_spiritual",
        ),
    ],
)
def test_a_file_that_lacks_what_every_clip_needs(columns: list[str], told: str) -> None:
    assert refused(*columns) == told


def test_a_column_of_another_type_is_refused_before_any_row() -> None:
    told = refused("id", "frames", "title", kinds={"title": Kind.NUMBER})
    assert told == "column 'title': title needs texts, the column holds numbers"
    assert refused("id", "facets").startswith("column 'facets': facets needs mappings of each facet")
    planned("id", "frames", "track", kinds={"track": Kind.INTEGER})


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2.5", "1e3", None], "number"),
        (["0", "0.5"], "number"),
        (["007", "12"], "text"),
        (["1_000"], "text"),
        (["True", "false"], "flag"),
        (["yes"], "text"),
        ([None], "text"),
        (["1", "a"], "text"),
    ],
)
def test_an_attribute_that_is_written_as_text_has_the_type_of_its_first_values(
    values: list[str | None], kind: str
) -> None:
    source = Columns(dict.fromkeys(("id", "frames", "x"), Kind.WRITTEN), x=values)
    mapped = Mapped({}, {"x": ""}, frozenset())
    assert make_plan(source, mapped)["x"].needed == kind
    as_told = Mapped({}, {"x": "text"}, frozenset())
    assert make_plan(source, as_told)["x"].needed == "text"
