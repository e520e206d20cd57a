"""music_index_service.snapshot and its queries and page tokens, over a catalogue of ids alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import InvalidInputError, NotFoundError, PreconditionError
from ambiance.validation import MAX_VIOLATIONS
from music_index_service.engines.faiss_flat import FlatEngine
from music_index_service.filtering.filters import ClipFilters
from music_index_service.searching.match_probability import Calibration, MatchProbability
from music_index_service.searching.sampling import candidate_count
from music_index_service.snapshot import IndexSnapshot

IDS = [f"clip{i:03d}@{i}" for i in range(250)]


@dataclass(eq=False)
class FakeCatalog:
    """Ids in a list."""

    ids: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def clip_id(self, row: int) -> str:
        return self.ids[row]

    def row_of(self, clip_id: str) -> int | None:
        return self.ids.index(clip_id) if clip_id in self.ids else None

    def rows_of(self, clip_ids: Sequence[str]) -> NDArray[np.int64]:
        rows = map(self.row_of, clip_ids)
        return np.array([-1 if row is None else row for row in rows], np.int64)

    def first_from(self, clip_id: str) -> int:
        return sum(one < clip_id for one in self.ids)

    def listenable(self) -> NDArray[np.bool_]:
        return np.ones(len(self), np.bool_)


@dataclass
class Vector:
    """A query as it arrives."""

    values: list[float] = field(default_factory=lambda: [0.5, 0.5, 0.5])
    space: str = "vad"
    lineage: str = ""


def make_index(version: int = 1, name: str = "default", ids: list[str] = IDS) -> IndexSnapshot:
    engines, catalog = {}, FakeCatalog(ids)
    for space, dimension in (("vad", 3), ("mood", 7)):
        index = faiss.IndexFlatL2(dimension)
        index.add(np.random.default_rng(dimension).random((len(ids), dimension), np.float32))
        held = Space(name=space, dimension=dimension, metric="squared_l2", lineage=f"{space}-1")
        engines[space] = FlatEngine(index, held)
    calibration = Calibration(space="mood", components=2, similarity=[0.2, 0.8], probability=[0.1, 0.7])
    probability = MatchProbability(calibration)
    return IndexSnapshot.released(name, version, engines, catalog, ClipFilters(catalog), probability)


def violations(queries: list[Vector], k: int = 0) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        make_index().search(queries, k)
    return {violation.field: violation.description for violation in caught.value.violations}


def test_searches_the_space_of_the_queries() -> None:
    hits = make_index().search([Vector([0.1] * 7, "mood"), Vector([0.9] * 7, "mood", "mood-1")], 4)
    assert (hits.space.name, hits.k) == ("mood", 4)
    assert np.shape(hits.handles) == np.shape(hits.distances) == (2, 4)


def test_k_of_0_is_10_and_a_small_catalogue_gives_all_it_has() -> None:
    assert np.shape(make_index().search([Vector()], 0).handles) == (1, 10)
    assert np.shape(make_index(ids=IDS[:4]).search([Vector()], 0).handles) == (1, 4)


def test_hits_have_a_match_probability_in_the_calibrated_space_only() -> None:
    index = make_index()
    assert index.search([Vector()], 4).match_probabilities is None
    hits = index.search([Vector([0.5] * 7, "mood")], 4)
    assert hits.match_probabilities is not None
    assert np.shape(hits.match_probabilities) == (1, 4)
    assert all(0.1 <= one <= 0.7 for one in hits.match_probabilities[0].tolist())


@pytest.mark.parametrize("k", [1, 3, 20])
def test_a_seed_draws_among_the_nearest_and_orders_them_by_distance(k: int) -> None:
    index, query = make_index(), [Vector([0.5] * 7, "mood")]
    nearest = index.search(query, candidate_count(k))
    drawn = [index.search(query, k, seed) for seed in (1, 2, 3, 2**64 - 1)]
    for hits in drawn:
        assert np.shape(hits.handles) == (1, k)
        assert set(hits.handles[0]) <= set(nearest.handles[0])
        assert (np.diff(hits.distances[0]) >= 0).all()
        by_row = dict(zip(nearest.handles[0].tolist(), nearest.distances[0].tolist(), strict=True))
        assert [by_row[row] for row in hits.handles[0].tolist()] == hits.distances[0].tolist()
    assert len({tuple(hits.handles[0].tolist()) for hits in drawn}) > 1


def test_a_seed_draws_the_same_for_a_query_in_any_company() -> None:
    index = make_index()
    query = Vector([0.5] * 7, "mood")
    alone = index.search([query], 5, 7)
    together = index.search([Vector([0.1] * 7, "mood"), query], 5, 7)
    assert alone.handles[0].tolist() == together.handles[1].tolist()
    assert alone.match_probabilities is not None
    assert together.match_probabilities is not None
    assert alone.match_probabilities[0].tolist() == together.match_probabilities[1].tolist()


def test_a_seed_finds_all_of_a_catalogue_smaller_than_k() -> None:
    index = make_index(ids=IDS[:4])
    assert (
        index.search([Vector()], 9, 5).handles[0].tolist() == index.search([Vector()], 9).handles[0].tolist()
    )


@pytest.mark.parametrize("k", [-1, 1_001, 10_000])
def test_k_out_of_range(k: int) -> None:
    assert violations([Vector()], k) == {"options.k": f"1 to 1,000, or 0 for 10, got {k:,}"}


def test_too_many_hits() -> None:
    assert violations([Vector()] * 11, 1_000) == {
        "options.k": "queries x k is at most 10,000, got 11 x 1,000"
    }


def test_no_query_and_too_many() -> None:
    assert violations([]) == {"queries": "at least 1, at most 256, got none"}
    assert violations([Vector()] * 257) == {"queries": "at most 256, got 257"}


def test_each_unknown_space_is_named_with_those_held() -> None:
    assert violations([Vector(), Vector(space="vda"), Vector(space="")]) == {
        "queries[1].space": "unknown: 'vda'; the index holds vad, mood",
        "queries[2].space": "is required; the index holds vad, mood",
    }


def test_queries_of_two_spaces() -> None:
    assert violations([Vector(), Vector([0.1] * 7, "mood")]) == {
        "queries[1].space": "all queries are of one space, got 'vad' in queries[0], 'mood' here"
    }


def test_a_wrong_dimension_names_query_limit_and_offence() -> None:
    assert violations([Vector(), Vector([0.1, 0.2]), Vector([]), Vector([0.1] * 7)]) == {
        "queries[1].values": "3 components in the space vad, got 2",
        "queries[2].values": "3 components in the space vad, got none",
        "queries[3].values": "3 components in the space vad, got 7",
    }


def test_components_are_counted_before_any_is_read() -> None:
    class Unreadable(list[float]):
        def __getitem__(self, _: object) -> float:  # type: ignore[override]
            raise AssertionError("was read")

    found = violations([Vector(Unreadable([0.5] * 4))])
    assert found == {"queries[0].values": "3 components in the space vad, got 4"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(float("nan"), "nan"), (float("inf"), "inf"), (-float("inf"), "-inf"), (2e18, "2e+18")],
)
def test_a_component_that_isnt_finite_or_overflows_is_named(value: float, shown: str) -> None:
    assert violations([Vector(), Vector([0.1, 0.2, value])]) == {
        "queries[1].values[2]": f"finite, from -1e+18 to 1e+18, got {shown}"
    }


def test_the_largest_components_still_give_every_hit_a_finite_distance() -> None:
    hits = make_index().search([Vector([1e18, -1e18, 1e18])], 250)
    assert sorted(hits.handles[0].tolist()) == list(range(250))
    assert np.isfinite(hits.distances).all()


def test_many_offences_are_counted_not_listed() -> None:
    found = violations([Vector([float("nan")] * 3)] * 100)
    assert len(found) == MAX_VIOLATIONS
    assert list(found.values())[-1].endswith("(and 292 more violations)")


def test_another_lineage_is_refused_naming_both() -> None:
    with pytest.raises(
        PreconditionError, match=r"^queries\[1\].lineage: .* vad of lineage vad-1, got 'vad-2'$"
    ):
        make_index().search([Vector(lineage="vad-1"), Vector(lineage="vad-2")], 0)


def test_rows_of_keeps_order_and_repeats() -> None:
    assert make_index().handles_of([IDS[7], IDS[0], IDS[7]]) == [7, 0, 7]


def test_the_first_unknown_clips_are_named() -> None:
    unknown = [f"nobody@{i}" for i in range(7)]
    with pytest.raises(NotFoundError) as caught:
        make_index().handles_of([IDS[0], *unknown])
    assert "'nobody@0', 'nobody@1'" in str(caught.value)
    assert "nobody@5" not in str(caught.value)
    assert str(caught.value).endswith("and 2 more")


def test_clip_ids_are_required_and_counted() -> None:
    for ids, field_name in (([], "clip_ids"), ([IDS[0]] * 1_001, "clip_ids"), ([IDS[0], ""], "clip_ids[1]")):
        with pytest.raises(InvalidInputError) as caught:
            make_index().handles_of(ids)
        assert caught.value.violations[0].field == field_name


def test_row_of_an_unknown_or_empty_id() -> None:
    with pytest.raises(NotFoundError, match="has no clip 'nobody@0'"):
        make_index().handle_of("nobody@0")
    with pytest.raises(InvalidInputError, match="clip_id: is required"):
        make_index().handle_of("")


@pytest.mark.parametrize("size", [1, 7, 100, 125, 249, 250, 1_000])
def test_pages_cover_the_catalogue_once_in_order(size: int) -> None:
    index, token, rows = make_index(), "", []
    while True:
        page = index.page(size, token)
        assert 1 <= len(page.handles) <= size
        rows += page.handles
        if not (token := page.next_token):
            break
    assert rows == list(range(250))


def test_a_page_size_of_0_is_100_and_others_have_limits() -> None:
    assert make_index().page(0, "").handles == list(range(100))
    for size in (-1, 1_001):
        with pytest.raises(InvalidInputError, match=f"^page_size: 1 to 1,000, or 0 for 100, got {size:,}$"):
            make_index().page(size, "")


def test_a_page_begins_after_those_seen_though_its_first_clip_is_gone() -> None:
    token = make_index(ids=[*IDS[:100], f"{IDS[99]}.5", *IDS[100:]]).page(100, "").next_token
    assert make_index().page(100, token).handles == list(range(100, 200))


@pytest.mark.parametrize("foreign", [make_index(version=2), make_index(name="other")])
def test_a_token_of_another_index_or_version_is_refused(foreign: IndexSnapshot) -> None:
    with pytest.raises(InvalidInputError, match=r"^page_token: .* version 1 of default is loaded"):
        make_index().page(100, foreign.page(100, "").next_token)


def test_no_character_of_a_token_can_be_changed_or_cut() -> None:
    index = make_index()
    token = index.page(100, "").next_token
    damaged = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token))]
    cut = [token[:i] for i in range(1, len(token))]
    for bad in [*damaged, *cut, "é", "0", "page 2"]:
        with pytest.raises(InvalidInputError) as caught:
            index.page(100, bad)
        assert caught.value.violations[0].field == "page_token"
