"""music_index_service.filtering.filters: what passes is exactly what a scan over every clip finds."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ambiance import ClipFilter
from ambiance.attribute_conditions import AttributeCondition
from ambiance.errors import InvalidInputError, PreconditionError
from ambiance.music.v1.clip_pb2 import ClipMetadata
from filter_catalogs import CATALOGS, FILTERS, HIERARCHY, LABELS, Clip, FakeCatalog, make_terms, passes
from music_index_service.filtering.attributes import ClipAttributes
from music_index_service.filtering.canonical_filter import CanonicalFilter, canonical
from music_index_service.filtering.filter_cache import FilterCache, FilteredClips
from music_index_service.filtering.filters import ClipFilters
from music_index_service.filtering.row_set import RowSet


@given(CATALOGS, FILTERS, st.booleans())
def test_what_passes_is_what_a_scan_finds(
    catalog: FakeCatalog, conditions: ClipFilter, include_unlistenable: bool
) -> None:
    filters = ClipFilters(catalog, make_terms(catalog))
    filtered = filters.apply(conditions, include_unlistenable=include_unlistenable)
    met = [row for row, clip in enumerate(catalog.clips) if passes(clip, conditions)]
    expected = [row for row in met if include_unlistenable or catalog.clips[row].listenable]
    assert filtered.rows.rows.tolist() == expected
    assert (filtered.clip_count, filtered.left_out) == (len(met), len(met) - len(expected))
    held = {clip.id for clip in catalog.clips}
    named = {*conditions.clip_ids, *conditions.without_clip_ids}
    assert filtered.unknown_clip_ids == tuple(sorted(named - held))
    videos = {*conditions.youtube_ids, *conditions.without_youtube_ids}
    assert filtered.unknown_youtube_ids == tuple(sorted(videos - {name[:11] for name in held}))


CATALOG = FakeCatalog(
    [Clip(f"{i:011d}@{i}", frozenset([i % len(LABELS)]), tuple(np.eye(7)[i % 7].tolist())) for i in range(70)]
)


def filters() -> ClipFilters:
    return ClipFilters(CATALOG, make_terms(CATALOG))


def test_conditions_on_attributes_are_met_beside_all_others() -> None:
    known = [ClipMetadata(artist=f"Artist {row % 3}", duration_seconds=row) for row in range(len(CATALOG))]
    compiled = ClipFilters(CATALOG, make_terms(CATALOG), ClipAttributes.of(known))
    second, long = (
        AttributeCondition("artist", ["Artist 1"]),
        AttributeCondition("duration_seconds", least=60),
    )
    rows = compiled.apply(ClipFilter(labels=["Grunge"], attributes=[second, long])).rows.rows
    assert rows.tolist() == [r for r in range(60, 70) if r % 3 == 1 and LABELS[r % len(LABELS)] == "Grunge"]
    again = compiled.apply(ClipFilter(labels=["grunge"], attributes=[long, second, long]))
    assert again is compiled.apply(ClipFilter(labels=["Grunge"], attributes=[second, long]))


def test_an_attribute_must_be_borne_by_the_index_of_which_these_clips_are_a_part() -> None:
    year = ClipFilter(attributes=[AttributeCondition("year", [1965])])
    with pytest.raises(InvalidInputError, match="bears 'year', nor any other attribute"):
        filters().apply(year)
    with pytest.raises(InvalidInputError, match="year is a text, got a number"):
        filters().apply(year, attribute_types={"year": "text"})
    assert filters().apply(year, attribute_types={"year": "number"}).clip_count == 0


def test_a_filter_without_a_condition_lets_every_clip_through() -> None:
    assert len(filters().apply(ClipFilter()).rows) == len(CATALOG)


def test_facets_and_traits_are_compared_as_they_are_written() -> None:
    edges = [0.25, 0.5, 0.75]
    clips = [
        Clip(f"{i:011d}@0", frozenset(), (1, 0, 0, 0, 0, 0, 0), (score,) + (0,) * 11, (0, 0, 1 - score))
        for i, score in enumerate(edges)
    ]
    compiled = ClipFilters(FakeCatalog(clips))

    def rows(**conditions: dict[str, float]) -> list[int]:
        return compiled.apply(ClipFilter(**conditions)).rows.rows.tolist()

    assert rows(min_facet_scores={"calm": 0.5}) == [1, 2]
    assert rows(max_facet_scores={"calm": 0.5}) == [0]
    assert rows(min_facet_scores={"low_quality": 0.5}, max_facet_scores={"low_quality": 0.75}) == [1]
    assert rows(min_facet_scores={"calm": 0.25, "low_quality": 0.75}) == [0]
    assert rows(max_facet_scores={"vocal": 1}) == [0, 1, 2]


def test_a_clip_that_is_named_is_left_out_just_the_same_if_it_is_not_worth_hearing() -> None:
    heard, unheard = (
        Clip(f"{i:011d}@0", frozenset(), (1, 0, 0, 0, 0, 0, 0), listenable=listenable)
        for i, listenable in enumerate((True, False))
    )
    compiled = ClipFilters(FakeCatalog([heard, unheard]))
    for named in (
        ClipFilter(clip_ids=[heard.id, unheard.id]),
        ClipFilter(youtube_ids=[heard.id[:11], unheard.id[:11]]),
    ):
        filtered = compiled.apply(named)
        assert (filtered.rows.rows.tolist(), filtered.clip_count, filtered.left_out) == ([0], 2, 1)
        assert filtered.unknown_clip_ids == filtered.unknown_youtube_ids == ()
        everything = compiled.apply(named, include_unlistenable=True)
        assert (everything.rows.rows.tolist(), everything.left_out) == ([0, 1], 0)


def test_what_is_worth_hearing_is_worked_out_once() -> None:
    class Counting(FakeCatalog):
        asked = 0

        def listenable(self) -> NDArray[np.bool_]:
            self.asked += 1
            return super().listenable()

    catalog = Counting(CATALOG.clips)
    compiled = ClipFilters(catalog)
    assert compiled.listenable is compiled.listenable
    assert (len(compiled.listenable.rows), compiled.listenable.left_out, catalog.asked) == (70, 0, 1)


@pytest.mark.parametrize("field", ["min_facet_scores", "max_facet_scores"])
@pytest.mark.parametrize("scores", [{"gloomy": 0.5}, {"calm": 0}, {"calm": 1.5}, {"vocal": float("nan")}])
def test_unknown_facets_and_scores_out_of_range_are_named(field: str, scores: dict[str, float]) -> None:
    [name] = scores
    with pytest.raises(InvalidInputError, match=rf"^options\.filter\.{field}\['{name}'\]: "):
        filters().apply(ClipFilter(**{field: scores}))


def test_a_label_stands_for_those_below_it_whatever_its_case() -> None:
    rock = filters().apply(ClipFilter(labels=["ROCK music"])).rows.rows
    assert sorted({row % 7 for row in rock.tolist()}) == [1, 2, 3]
    assert len(filters().apply(ClipFilter(labels=["STRASSE"])).rows) == 10


def test_case_and_white_space_around_any_name_are_the_same() -> None:
    compiled = filters()
    for plain, written in (
        (ClipFilter(labels=["Rock music"]), ClipFilter(labels=[" rock MUSIC\t"])),
        (ClipFilter(without_labels=["Choir"]), ClipFilter(without_labels=["choir "])),
        (ClipFilter(moods=["sad"]), ClipFilter(moods=["Sad", " SAD "])),
        (ClipFilter(min_mood_scores={"sad": 0.5}), ClipFilter(min_mood_scores={" Sad": 0.5})),
        (ClipFilter(min_facet_scores={"calm": 0.5}), ClipFilter(min_facet_scores={"CALM ": 0.5})),
        (ClipFilter(max_facet_scores={"vocal": 0.5}), ClipFilter(max_facet_scores={"Vocal": 0.5})),
    ):
        assert compiled.apply(plain) is compiled.apply(written)


def test_of_two_bounds_on_one_mood_both_are_met() -> None:
    clips = [Clip(f"{i:011d}@0", frozenset(), (i / 4,) + (0,) * 6) for i in range(5)]
    conditions = ClipFilter(min_mood_scores={"happy": 0.75, "Happy": 0.25})
    assert ClipFilters(FakeCatalog(clips)).apply(conditions).rows.rows.tolist() == [3, 4]


def test_an_unknown_label_is_named_with_the_closest() -> None:
    with pytest.raises(InvalidInputError) as caught:
        filters().apply(ClipFilter(labels=["Choir", "rock"], without_labels=["Chior"]))
    assert [str(violation) for violation in caught.value.violations] == [
        "options.filter.labels[1]: unknown: 'rock'; the closest: 'Rock music', 'Rock and roll'"
    ]
    with pytest.raises(
        InvalidInputError, match=r"^options.filter.without_labels\[0\]: .*; the closest: 'Choir'$"
    ):
        filters().apply(ClipFilter(without_labels=["Chior"]))


@pytest.mark.parametrize("nonsense", ["Human voice", "xyz", "!", "rolling thunder", "Straw"])
def test_nothing_is_suggested_for_what_no_label_resembles(nonsense: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"^options.filter.labels\[0\]: unknown: '{nonsense}'$"):
        filters().apply(ClipFilter(labels=[nonsense]))


def test_of_many_unknown_labels_the_first_are_explained_and_the_rest_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        filters().apply(ClipFilter(labels=[f"singing{i}" for i in range(5)]))
    told = ["closest" in violation.description for violation in caught.value.violations]
    assert told == [True, True, True, False, False]


def test_limits_are_checked_before_labels_are_looked_up() -> None:
    with pytest.raises(InvalidInputError, match=r"^options.filter.labels: at most 100, got 101$"):
        filters().apply(ClipFilter(labels=["Choir"] * 101))


def test_labels_are_listed_with_the_clips_that_a_filter_by_each_lets_through() -> None:
    compiled = filters()
    labels = compiled.labels()
    assert [label.name for label in labels] == sorted(LABELS)
    for label in labels:
        assert label.clip_count == compiled.apply(ClipFilter(labels=[label.name])).clip_count
    parents = {label.name: label.parents for label in labels}
    assert parents["Choir"] == ("Music", "Singing")
    assert parents["Grunge"] == ("Rock music",)
    assert parents["Music"] == ()


def test_labels_are_listed_by_what_they_begin_with_and_are_below() -> None:
    def listed(**asked: str) -> list[str]:
        return [label.name for label in filters().labels(**asked)]

    assert listed(prefix=" rock ") == ["Rock and roll", "Rock music"]
    assert listed(parent="MUSIC ") == ["Choir", "Grunge", "Rock and roll", "Rock music"]
    assert listed(prefix="g", parent="Music") == ["Grunge"]
    assert listed(parent="Choir") == listed(prefix="x") == []


@pytest.mark.parametrize(
    ("asked", "offence"),
    [
        ({"prefix": "x" * 101}, "prefix: at most 100 characters, got 101"),
        ({"parent": "x" * 101}, "parent: at most 100 characters, got 101"),
        ({"parent": "Rok music"}, "parent: unknown: 'Rok music'; the closest: 'Rock music'"),
    ],
)
def test_what_labels_can_not_be_listed_by_is_named(asked: dict[str, str], offence: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^{offence}$"):
        filters().labels(**asked)


def test_an_index_without_the_files_lists_no_labels() -> None:
    with pytest.raises(PreconditionError, match=r"^labels: .* published before"):
        ClipFilters(CATALOG).labels()


@pytest.mark.parametrize("field", ["labels", "without_labels", "moods"])
def test_an_index_without_the_files_refuses_labels_and_moods_and_nothing_else(field: str) -> None:
    old = ClipFilters(CATALOG)
    with pytest.raises(PreconditionError, match=f"^filter.{field}: .* published before"):
        old.apply(ClipFilter(**{field: ["sad"]}))
    assert len(old.apply(ClipFilter(clip_ids=[CATALOG.clips[3].id])).rows) == 1
    assert len(old.apply(ClipFilter(min_mood_scores={"sad": 0.5})).rows) == 10


def test_equal_filters_are_compiled_once_however_they_are_written() -> None:
    one = ClipFilter(labels=["Choir", "Grunge"], clip_ids=["0" * 11 + "@0", "1" * 11 + "@1"])
    other = ClipFilter(labels=["grunge", "CHOIR", "Choir"], clip_ids=["1" * 11 + "@1", "0" * 11 + "@0"])
    forms = [canonical(written, HIERARCHY, include_unlistenable=False) for written in (one, other)]
    assert forms[0] == forms[1]
    compiled = filters()
    assert compiled.apply(one) is compiled.apply(other)
    assert compiled.apply(one) is not compiled.apply(ClipFilter(labels=["Choir"]))


def test_facets_are_told_apart_from_traits_and_bounds_by_their_side() -> None:
    compiled = filters()
    one = ClipFilter(max_facet_scores={"vocal": 0.1, "calm": 1})
    other = ClipFilter(max_facet_scores={"calm": 1.0, "vocal": float(np.float32(0.1))})
    assert compiled.apply(one) is compiled.apply(other)
    bounds = [(side, name) for side in ("min", "max") for name in ("calm", "vocal")]
    compiled_apart = {
        id(compiled.apply(ClipFilter(**{f"{side}_facet_scores": {name: 0.5}}))) for side, name in bounds
    }
    assert len(compiled_apart) == len(bounds)


def test_a_filter_is_kept_with_and_without_what_is_not_worth_hearing() -> None:
    compiled, choir = filters(), ClipFilter(labels=["Choir"])
    default, everything = compiled.apply(choir), compiled.apply(choir, include_unlistenable=True)
    assert default is not everything
    assert compiled.apply(choir) is default
    assert compiled.apply(choir, include_unlistenable=True) is everything


def numbered(number: int) -> CanonicalFilter:
    return canonical(ClipFilter(youtube_ids=[f"{number:011d}"]), None, include_unlistenable=False)


class Compiler:
    """Lets three rows through whatever the conditions, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[CanonicalFilter] = []

    def __call__(self, conditions: CanonicalFilter) -> FilteredClips:
        self.asked.append(conditions)
        rows = RowSet(np.arange(3), 8_000)
        return FilteredClips(rows, rows)


def asked_anew(cache: FilterCache, numbers: Sequence[int]) -> list[int]:
    """Of filters asked for in turn, those that weren't kept."""
    compiler = Compiler()
    for number in numbers:
        assert len(cache.get(numbered(number), compiler).rows) == 3
    return [int(conditions.youtube_ids[0]) for conditions in compiler.asked]


def test_the_filters_used_longest_ago_are_dropped() -> None:
    assert asked_anew(FilterCache(max_bytes=10**9, max_count=2), [1, 2, 1, 3, 1, 2]) == [1, 2, 3, 2]


def test_no_more_is_kept_than_fits() -> None:
    size = Compiler()(numbered(0)).rows.nbytes
    assert asked_anew(FilterCache(max_bytes=3 * size), [1, 2, 3, 4, 4, 3, 2, 1]) == [1, 2, 3, 4, 1]


def test_what_a_search_keeps_with_the_rows_counts() -> None:
    cache = FilterCache(max_bytes=10_000)
    rows = cache.get(numbered(1), Compiler()).rows
    rows.kept("copies", lambda: np.zeros(10_000, np.uint8))
    assert asked_anew(cache, [2, 1]) == [2, 1]


def test_growth_is_noticed_when_kept_filters_are_asked_for() -> None:
    cache = FilterCache(max_bytes=10_000)
    assert asked_anew(cache, [1, 2, 3]) == [1, 2, 3]
    for number in (1, 2):  # searched within again, in another space
        rows = cache.get(numbered(number), Compiler()).rows
        rows.kept("copies", lambda: np.zeros(6_000, np.uint8))
    assert asked_anew(cache, [2, 1]) == [1]


def test_a_filter_larger_than_the_cache_is_kept_until_the_next() -> None:
    assert asked_anew(FilterCache(max_bytes=1), [1, 1, 2, 2, 1]) == [1, 2, 1]
