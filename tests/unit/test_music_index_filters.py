"""music_index_service.filters: what passes is exactly what a scan over every clip finds."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given

from ambiance import ClipFilter
from ambiance.errors import InvalidInputError, PreconditionError
from filter_catalogs import CATALOGS, FILTERS, HIERARCHY, LABELS, Clip, FakeCatalog, make_terms, passes
from music_index_service.canonical_filter import CanonicalFilter, canonical
from music_index_service.filters import ClipFilters
from music_index_service.passing import Passing, PassingCache
from music_index_service.row_set import RowSet


@given(CATALOGS, FILTERS)
def test_what_passes_is_what_a_scan_finds(catalog: FakeCatalog, conditions: ClipFilter) -> None:
    passing = ClipFilters(catalog, make_terms(catalog)).passing(conditions)
    expected = [row for row, clip in enumerate(catalog.clips) if passes(clip, conditions)]
    assert passing.rows.rows.tolist() == expected
    assert len(passing.rows) == len(expected)
    held = {clip.id for clip in catalog.clips}
    named = {*conditions.clip_ids, *conditions.without_clip_ids}
    assert passing.unknown_clip_ids == tuple(sorted(named - held))
    videos = {*conditions.youtube_ids, *conditions.without_youtube_ids}
    assert passing.unknown_youtube_ids == tuple(sorted(videos - {name[:11] for name in held}))


CATALOG = FakeCatalog(
    [Clip(f"{i:011d}@{i}", frozenset([i % len(LABELS)]), tuple(np.eye(7)[i % 7].tolist())) for i in range(70)]
)


def filters() -> ClipFilters:
    return ClipFilters(CATALOG, make_terms(CATALOG))


def test_a_filter_without_a_condition_lets_every_clip_through() -> None:
    assert len(filters().passing(ClipFilter()).rows) == len(CATALOG)


def test_a_label_stands_for_those_below_it_whatever_its_case() -> None:
    rock = filters().passing(ClipFilter(labels=["ROCK music"])).rows.rows
    assert sorted({row % 7 for row in rock.tolist()}) == [1, 2, 3]
    assert len(filters().passing(ClipFilter(labels=["STRASSE"])).rows) == 10


def test_an_unknown_label_is_named_with_the_closest() -> None:
    with pytest.raises(InvalidInputError) as caught:
        filters().passing(ClipFilter(labels=["Choir", "rock"], without_labels=["Chior"]))
    assert [str(violation) for violation in caught.value.violations] == [
        "filter.labels[1]: unknown: 'rock'; the closest: 'Rock music', 'Rock and roll', 'Music'"
    ]
    with pytest.raises(InvalidInputError, match=r"^filter.without_labels\[0\]: .*; the closest: 'Choir', "):
        filters().passing(ClipFilter(without_labels=["Chior"]))


def test_of_many_unknown_labels_the_first_are_explained_and_the_rest_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        filters().passing(ClipFilter(labels=[f"nothing {i}" for i in range(5)]))
    told = ["closest" in violation.description for violation in caught.value.violations]
    assert told == [True, True, True, False, False]


def test_limits_are_checked_before_labels_are_looked_up() -> None:
    with pytest.raises(InvalidInputError, match=r"^filter.labels: at most 100, got 101$"):
        filters().passing(ClipFilter(labels=["Choir"] * 101))


@pytest.mark.parametrize("field", ["labels", "without_labels", "moods"])
def test_an_index_without_the_files_refuses_labels_and_moods_and_nothing_else(field: str) -> None:
    old = ClipFilters(CATALOG)
    with pytest.raises(PreconditionError, match=f"^filter.{field}: .* published before"):
        old.passing(ClipFilter(**{field: ["sad"]}))
    assert len(old.passing(ClipFilter(clip_ids=[CATALOG.clips[3].id])).rows) == 1
    assert len(old.passing(ClipFilter(min_mood_scores={"sad": 0.5})).rows) == 10


def test_equal_filters_are_compiled_once_however_they_are_written() -> None:
    one = ClipFilter(labels=["Choir", "Grunge"], clip_ids=["0" * 11 + "@0", "1" * 11 + "@1"])
    other = ClipFilter(labels=["grunge", "CHOIR", "Choir"], clip_ids=["1" * 11 + "@1", "0" * 11 + "@0"])
    assert canonical(one, HIERARCHY) == canonical(other, HIERARCHY)
    compiled = filters()
    assert compiled.passing(one) is compiled.passing(other)
    assert compiled.passing(one) is not compiled.passing(ClipFilter(labels=["Choir"]))


def numbered(number: int) -> CanonicalFilter:
    return canonical(ClipFilter(youtube_ids=[f"{number:011d}"]), None)


class Compiler:
    """Lets three rows through whatever the conditions, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[CanonicalFilter] = []

    def __call__(self, conditions: CanonicalFilter) -> Passing:
        self.asked.append(conditions)
        return Passing(RowSet(np.arange(3), 8_000))


def asked_anew(cache: PassingCache, numbers: Sequence[int]) -> list[int]:
    """Of filters asked for in turn, those that weren't kept."""
    compiler = Compiler()
    for number in numbers:
        assert len(cache.get(numbered(number), compiler).rows) == 3
    return [int(conditions.youtube_ids[0]) for conditions in compiler.asked]


def test_the_filters_used_longest_ago_are_dropped() -> None:
    assert asked_anew(PassingCache(max_bytes=10**9, max_count=2), [1, 2, 1, 3, 1, 2]) == [1, 2, 3, 2]


def test_no_more_is_kept_than_fits() -> None:
    size = Compiler()(numbered(0)).rows.nbytes
    assert asked_anew(PassingCache(max_bytes=3 * size), [1, 2, 3, 4, 4, 3, 2, 1]) == [1, 2, 3, 4, 1]


def test_what_a_search_keeps_with_the_rows_counts() -> None:
    cache = PassingCache(max_bytes=10_000)
    rows = cache.get(numbered(1), Compiler()).rows
    rows.kept("copies", lambda: np.zeros(10_000, np.uint8))
    assert asked_anew(cache, [2, 1]) == [2, 1]


def test_growth_is_noticed_when_kept_filters_are_asked_for() -> None:
    cache = PassingCache(max_bytes=10_000)
    assert asked_anew(cache, [1, 2, 3]) == [1, 2, 3]
    for number in (1, 2):  # searched within again, in another space
        rows = cache.get(numbered(number), Compiler()).rows
        rows.kept("copies", lambda: np.zeros(6_000, np.uint8))
    assert asked_anew(cache, [2, 1]) == [1]


def test_a_filter_larger_than_the_cache_is_kept_until_the_next() -> None:
    assert asked_anew(PassingCache(max_bytes=1), [1, 1, 2, 2, 1]) == [1, 2, 1]
