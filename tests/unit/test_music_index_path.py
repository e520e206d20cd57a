"""Paths lead evenly from one vector to another, keep to the limits, and are chosen as a whole."""

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from music_index_service.searching import path_beam
from music_index_service.searching.path import find_path
from music_index_service.searching.selection import GROUPED_BY, NO_LIMITS, Candidates, Hits, Limits, Shortage


class Library:
    """Clips that are scanned; handles are 10 times their rows."""

    def __init__(self, vectors: NDArray[np.float32], groups: NDArray[np.int64] | None = None) -> None:
        self.points = vectors.astype(np.float32)
        self.values = np.zeros((len(vectors), 4), int) if groups is None else groups
        self.scores = np.zeros((len(vectors), 12), np.float32)
        self.scores[:, : vectors.shape[1]] = vectors
        self.asked: list[int] = []

    def find(self, queries: NDArray[np.float32], count: int) -> Sequence[Candidates]:
        self.asked.append(count)
        found = []
        for query in queries:
            distances = ((self.points - query) ** 2).sum(axis=1)
            nearest = np.argsort(distances, kind="stable")[:count]
            found.append((distances[nearest], nearest * 10))
        return found

    def groups(self, field: str, handles: NDArray[np.int64]) -> Sequence[str]:
        column = self.values[handles // 10, GROUPED_BY.index(field)]
        return [f"{value}" if value else "" for value in column]

    def facets(self, handles: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.scores[handles // 10]

    def vectors(self, handles: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.points[handles // 10]


def path_in(
    library: Library, start: Sequence[float], end: Sequence[float], steps: int, limits: Limits = NO_LIMITS
) -> Hits:
    ends = np.array(start, np.float32), np.array(end, np.float32)
    return find_path(*ends, steps, library.find, library, limits)


LINE = Library(np.linspace(0, 1, 101)[:, None] * np.ones(3))


def test_a_path_goes_by_even_steps() -> None:
    path = path_in(LINE, (0, 0, 0), (1, 1, 1), 11)
    assert (path.handles // 10).tolist() == list(range(0, 101, 10))
    assert path.distances == pytest.approx(np.zeros(11), abs=1e-9)
    assert path.shortage is None


def test_ends_that_lie_beyond_all_clips_do_not_crowd_the_path() -> None:
    path = path_in(LINE, (-9, -9, -9), (9, 9, 9), 5)
    assert (path.handles // 10).tolist() == [0, 25, 50, 75, 100]
    assert path.distances[[0, 2]] == pytest.approx([3 * 9**2, 3 * 0.5**2])


def test_a_path_begins_where_it_was_asked_to_though_the_next_clip_is_far() -> None:
    places = np.array([0, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1])
    path = path_in(Library(places[:, None] * np.ones(3)), (0, 0, 0), (1, 1, 1), 5)
    assert path.handles[[0, -1]].tolist() == [0, 70]


@st.composite
def libraries(draw: st.DrawFn) -> Library:
    count = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Library(rng.integers(0, 9, (count, 3)) / 8, rng.integers(0, draw(st.integers(1, 9)), (count, 4)))


LIMITS = st.builds(
    Limits,
    max_distance=st.none() | st.sampled_from([0.01, 0.125, 1.0]),
    max_per_group=st.tuples(*[st.sampled_from([0, 0, 1, 2])] * 4),
    min_separation=st.sampled_from([0.0, 0.0, 0.125, 0.5]),
)
ENDS = st.tuples(*[st.floats(0, 1, width=32)] * 3)


@settings(max_examples=200)
@given(libraries(), ENDS, ENDS, st.integers(2, 12), LIMITS)
def test_a_path_keeps_to_the_limits(
    library: Library, start: Sequence[float], end: Sequence[float], steps: int, limits: Limits
) -> None:
    path = path_in(library, start, end, steps, limits)
    rows = (path.handles // 10).tolist()
    assert len(set(rows)) == len(rows) <= steps
    for group, most in enumerate(limits.max_per_group):
        counts = Counter(value for value in library.values[rows, group].tolist() if value)
        assert not most or max(counts.values(), default=0) <= most
    for one, other in itertools.combinations(rows, 2):
        assert np.linalg.norm(library.points[one] - library.points[other]) >= limits.min_separation
    if limits.max_distance is not None:
        assert (path.distances <= np.float32(limits.max_distance)).all()
    if not limits:
        assert len(rows) == min(steps, len(library.points))
    short = len(rows) < steps <= len(library.points)
    assert (path.shortage is not None) == short
    again = path_in(library, start, end, steps, limits)
    assert again.handles.tolist() == path.handles.tolist()


def excess_cost(seed: int, steps: int) -> float:
    """What a path costs above the cheapest of all paths through the candidates, as a share of that."""
    rng = np.random.default_rng(seed)
    library = Library(rng.random((30, 3)))
    ends = rng.random((2, 3)).astype(np.float32)
    points = library.find(np.linspace(*ends, steps, dtype=np.float32), 6)
    stride = np.zeros(12)
    stride[:3] = (ends[1] - ends[0]) / (steps - 1)
    unit = np.mean([distances.std(dtype=np.float64) for distances, _ in points])
    together = np.unique(np.concatenate([handles for _, handles in points]))
    heard = 2 * library.facets(together).astype(np.float64).var(axis=0).sum() / path_beam._CHANGE_WEIGHT

    def cost(columns: Sequence[int]) -> float:
        pairs = list(zip(columns, points, strict=True))
        handles = np.array([handles[column] for column, (_, handles) in pairs])
        if len(set(handles.tolist())) < steps:
            return np.inf
        changes = np.diff(library.facets(handles).astype(float), axis=0) - stride
        far = np.array([distances[column] for column, (distances, _) in pairs])
        far[[0, -1]] *= path_beam._END_WEIGHT
        return far.sum() / unit + (changes**2).sum() / heard

    chosen = path_beam.follow(points, library, NO_LIMITS, stride)
    return cost(chosen) / min(map(cost, itertools.product(range(6), repeat=steps))) - 1


def test_the_clips_of_a_path_are_chosen_as_a_whole() -> None:
    excess = [excess_cost(seed, steps) for steps in (2, 3, 4) for seed in range(20)]
    assert np.median(excess) == pytest.approx(0)
    assert max(excess) < 0.05


def test_a_change_that_is_heard_counts() -> None:
    """Of two clips as near to their point, the one that sounds like those beside it is taken."""
    library = Library(np.array([[0.0, 0, 0], [0.5, 0.1, 0], [0.5, -0.1, 0], [1, 0, 0]]))
    library.scores[:] = 0
    library.scores[1, 5] = 1
    assert (path_in(library, (0, 0, 0), (1, 0, 0), 3).handles // 10).tolist() == [0, 2, 3]


def test_fewer_clips_than_steps_are_spread_over_the_whole_way() -> None:
    path = path_in(Library(LINE.points[[0, 50, 100]]), (0, 0, 0), (1, 1, 1), 10)
    assert (path.handles // 10).tolist() == [0, 1, 2]
    assert path.shortage is None  # the catalogue, or a filter, is to blame
    nothing = path_in(Library(np.empty((0, 3))), (0, 0, 0), (1, 1, 1), 10)
    assert nothing.handles.tolist() == nothing.distances.tolist() == []


def test_what_leaves_too_few_is_named() -> None:
    one_artist = Library(LINE.points, np.ones((101, 4), int))
    path = path_in(one_artist, (0, 0, 0), (1, 1, 1), 5, Limits(max_per_group=(2, 0, 0, 0)))
    assert (len(path.handles), path.shortage) == (2, Shortage.TOO_ALIKE)
    path = path_in(one_artist, (0, 0, 0), (1, 1, 1), 5, Limits(0.5, (2, 0, 0, 0)))
    assert (len(path.handles), path.shortage) == (2, Shortage.TOO_ALIKE)
    gap = Library(np.concatenate([LINE.points[:20], LINE.points[-20:]]))
    path = path_in(gap, (0, 0, 0), (1, 1, 1), 5, Limits(max_distance=0.1))
    assert path.shortage is Shortage.TOO_FAR
    assert (path.handles // 10).tolist() == [0, 19, 20, 39]  # the middle is passed over


def test_more_candidates_are_asked_for_until_they_suffice() -> None:
    many = np.repeat(LINE.points[:1], 900, axis=0)
    library = Library(
        np.concatenate([many, LINE.points]), np.repeat([1, 0], [900, 101])[:, None] * np.ones(4, int)
    )
    path = path_in(library, (0, 0, 0), (0, 0, 0), 5, Limits(max_per_group=(0, 0, 0, 1)))
    assert len(path.handles) == 5
    assert path.shortage is None
    assert library.asked == [1, 128, 512, 2048]
