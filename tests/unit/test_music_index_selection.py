"""Hits under limits are those of one pass over the whole ranking, however few candidates are asked for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from music_index_service.searching.sampling import candidate_count, draw
from music_index_service.searching.selection import (
    GROUPED_BY,
    NO_LIMITS,
    Candidates,
    Hits,
    Limits,
    Shortage,
    first_count,
    select,
    select_each,
)


@dataclass
class Library:
    """Clips in the order of their distance; handles are 10 times their place."""

    distances: NDArray[np.float32]
    values: NDArray[np.int64]  # [clips, 4] of each group; 0 is unknown
    points: NDArray[np.float32]  # [clips, 12]

    def groups(self, field: str, handles: NDArray[np.int64]) -> Sequence[str]:
        column = self.values[handles // 10, GROUPED_BY.index(field)]
        return [f"{field} {value}" if value else "" for value in column]

    def facets(self, handles: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.points[handles // 10]

    def find(self, count: int) -> Candidates:
        return self.distances[:count], np.arange(len(self.distances))[:count] * 10

    def hits(
        self, k: int, seed: int = 0, limits: Limits = NO_LIMITS, own: Sequence[int] | None = None
    ) -> Hits:
        """Of one query or several, to which the clips are equally near."""
        count = 1 if own is None else len(own)

        def find(queries: NDArray[np.float32], n: int) -> Sequence[Candidates]:
            return [self.find(n)] * len(queries)

        first, *others = select_each(np.zeros((count, 3), np.float32), find, self, k, seed, limits, own)
        self.others = others
        return first


def one_pass(library: Library, wanted: int, limits: Limits) -> list[int]:
    """The places that a pass over all clips takes, each compared with all taken before it."""
    chosen: list[int] = []
    for place in range(len(library.distances)):
        if limits.max_distance is not None and library.distances[place] > np.float32(limits.max_distance):
            break
        fits = len(chosen) < wanted
        for group, most in enumerate(limits.max_per_group):
            value = library.values[place, group]
            same = Counter(library.values[other, group] for other in chosen)[value]
            fits &= not (most and value and same >= most)
        for other in chosen:
            apart = np.linalg.norm(library.points[place].astype(float) - library.points[other])
            fits &= bool(apart >= limits.min_separation)
        if fits:
            chosen.append(place)
    return chosen


@st.composite
def libraries(draw_: st.DrawFn) -> Library:
    count = draw_(st.integers(1, 120))
    rng = np.random.default_rng(draw_(st.integers(0, 2**32)))
    distances = np.sort(rng.integers(0, 40, count) / 8).astype(np.float32)
    values = rng.integers(0, draw_(st.integers(1, 30)), (count, 4))
    points = rng.integers(0, 3, (count, 12)) / np.float32(4)  # exact, so that ties with a limit are ties
    points[:, draw_(st.integers(0, 12)) :] = 0
    return Library(distances, values, points.astype(np.float32))


LIMITS = st.builds(
    Limits,
    max_distance=st.none() | st.sampled_from([0.125, 1.0, 2.5, 9.0]),
    max_per_group=st.tuples(*[st.integers(0, 3)] * 4),
    min_separation=st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.4]),
)


@settings(max_examples=300)
@given(libraries(), LIMITS, st.integers(1, 20))
def test_hits_are_those_of_one_pass_over_all_clips(library: Library, limits: Limits, k: int) -> None:
    hits = library.hits(k, limits=limits)
    expected = one_pass(library, k, limits)
    assert (hits.handles // 10).tolist() == expected
    assert hits.distances.tolist() == library.distances[expected].tolist()
    near = limits.max_distance is None or np.count_nonzero(library.distances <= limits.max_distance) >= k
    if len(expected) == k or len(library.distances) < k:
        assert hits.shortage is None
    else:
        assert hits.shortage is (Shortage.TOO_ALIKE if near else Shortage.TOO_FAR)


@settings(max_examples=100)
@given(libraries(), LIMITS, st.integers(1, 12), st.integers(1, 2**64 - 1))
def test_a_draw_is_among_what_a_pass_takes(library: Library, limits: Limits, k: int, seed: int) -> None:
    handles = library.hits(k, seed, limits).handles
    pool = one_pass(library, candidate_count(k), limits)
    expected = draw(library.distances[None, pool], k, seed)[0] if pool else []
    assert (handles // 10).tolist() == [pool[column] for column in expected]


@settings(max_examples=100)
@given(libraries(), LIMITS, st.integers(1, 12), st.sampled_from([0, 7]), st.integers(1, 200))
def test_more_candidates_never_change_what_needs_no_more(
    library: Library, limits: Limits, k: int, seed: int, count: int
) -> None:
    some = select(library.find(count), library, k, seed, limits)
    every = select(library.find(1_000), library, k, seed, limits)
    if not some.more_may_help:
        assert some.columns.tolist() == every.columns.tolist()


@pytest.mark.parametrize(("k", "seed"), [(1, 5), (10, 1), (11, 2**64 - 1), (40, 3)])
def test_without_limits_a_seed_draws_what_it_always_drew(k: int, seed: int) -> None:
    rng = np.random.default_rng(3)
    library = Library(np.sort(rng.random(400, np.float32)), np.zeros((400, 4), int), np.zeros((400, 12)))
    count = first_count(k, seed)
    assert count == candidate_count(k)
    chosen = select(library.find(count), library, k, seed)
    assert chosen.columns.tolist() == draw(library.distances[None, :count], k, seed)[0].tolist()


def test_without_limits_nothing_is_read_of_a_clip() -> None:
    near = np.arange(3, dtype=np.float32), np.arange(3)
    nobody: Library = None  # type: ignore[assignment]  # which would fail if it were asked
    assert select(near, nobody, 2).columns.tolist() == [0, 1]
    assert select(near, nobody, 2, limits=Limits(max_distance=0.5)).columns.tolist() == [0]
    assert not NO_LIMITS
    assert first_count(10, 0) == 10


def test_clips_of_no_known_artist_count_for_themselves() -> None:
    library = Library(np.arange(6, dtype=np.float32), np.zeros((6, 4), int), np.zeros((6, 12), np.float32))
    hits = library.hits(6, limits=Limits(max_per_group=(1, 1, 1, 1)))
    assert len(hits.handles) == 6
    assert hits.shortage is None


def test_after_many_candidates_all_are_ranked_at_once() -> None:
    count = 30_000
    library = Library(np.arange(count, dtype=np.float32), np.ones((count, 4), int), np.zeros((count, 12)))
    asked = []

    def find(queries: NDArray[np.float32], n: int) -> Sequence[Candidates]:
        asked.append(n)
        return [library.find(n)] * len(queries)

    [hits] = select_each(
        np.zeros((1, 3), np.float32), find, library, 2, limits=Limits(max_per_group=(1, 0, 0, 0))
    )
    assert (len(hits.handles), hits.shortage) == (1, Shortage.TOO_ALIKE)
    assert asked == [4, 16, 64, 256, 1_024, 4_096, 16_384, 2**31 - 1]


def test_a_separation_is_kept_from_the_nearer_on() -> None:
    points = np.zeros((4, 12), np.float32)
    points[:, 0] = 0, 0.25, 0.5, 0.75
    library = Library(np.arange(4, dtype=np.float32), np.zeros((4, 4), int), points)
    hits = library.hits(4, limits=Limits(min_separation=0.5))
    assert (hits.handles // 10).tolist() == [0, 2]
    assert hits.shortage is Shortage.TOO_ALIKE


@settings(max_examples=100)
@given(
    libraries(), LIMITS, st.integers(1, 8), st.sampled_from([0, 7]), st.lists(st.integers(0, 119), min_size=1)
)
def test_the_clip_that_a_query_was_made_of_is_as_if_it_were_not_there(
    library: Library, limits: Limits, k: int, seed: int, own: list[int]
) -> None:
    own = [place % len(library.distances) for place in own]
    found = [library.hits(k, seed, limits, [place * 10 for place in own]), *library.others]
    for place, hits in zip(own, found, strict=True):
        places = np.delete(np.arange(len(library.distances)), place)
        alone = Library(library.distances[places], library.values[places], library.points[places])
        expected = places[alone.hits(k, seed, limits).handles // 10] if len(places) else places
        assert (hits.handles // 10).tolist() == expected.tolist()
