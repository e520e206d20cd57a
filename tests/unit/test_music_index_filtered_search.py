"""IndexSnapshot.search with a filter: the nearest of the clips that pass, however few they are."""

from collections.abc import Callable
from dataclasses import dataclass

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ambiance import ClipFilter
from ambiance.artifacts import Space
from ambiance.errors import InvalidInputError, PreconditionError
from ambiance.type.v1.space_pb2 import Vector
from filter_catalogs import CATALOGS, FILTERS, Clip, FakeCatalog, make_terms, passes
from music_index_service.engines import Neighbors, VectorEngine
from music_index_service.engines.faiss_flat import FlatEngine
from music_index_service.filtering.filters import ClipFilters
from music_index_service.filtering.row_set import RowSet
from music_index_service.searching.match_probability import Calibration, MatchProbability
from music_index_service.searching.sampling import candidate_count
from music_index_service.snapshot import IndexSnapshot

VAD = Space(name="vad", dimension=3, metric="squared_l2", lineage="vad-1")
CALIBRATION = Calibration(space="vad", components=3, similarity=[0, 3], probability=[0, 1])


@dataclass(frozen=True)
class PlainEngine:
    """The port in a few lines of numpy: all that the service asks of an engine."""

    held: NDArray[np.float32]
    space: Space = VAD

    @property
    def size(self) -> int:
        return len(self.held)

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        within: RowSet | None = None,
        limits: NDArray[np.float32] | None = None,
    ) -> Neighbors:
        rows = np.arange(self.size) if within is None else within.rows
        distances = np.square(queries[:, None] - self.held[rows]).sum(axis=2)
        order = distances.argsort(axis=1, kind="stable")[:, :k]
        return np.take_along_axis(distances, order, axis=1), rows[order]

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.held[rows]

    def expected_query(self) -> NDArray[np.float32]:
        return self.held[:1]


def flat_engine(vectors: NDArray[np.float32]) -> VectorEngine:
    flat = faiss.IndexFlatL2(3)
    flat.add(vectors)
    return FlatEngine(flat, VAD)


def make_index(
    catalog: FakeCatalog,
    vectors: NDArray[np.float32],
    engine: Callable[[NDArray[np.float32]], VectorEngine] = flat_engine,
) -> IndexSnapshot:
    index = engine(vectors)
    filters = ClipFilters(catalog, make_terms(catalog))
    return IndexSnapshot.released(
        "default", 1, {VAD.name: index}, catalog, filters, MatchProbability(CALIBRATION)
    )


def nearest(vectors: NDArray[np.float32], query: list[float], rows: list[int]) -> list[tuple[float, int]]:
    """Distance and number of given rows, nearest first, equals by row."""
    return sorted((float(((vectors[row] - query) ** 2).sum()), row) for row in rows)


# On a coarse grid, where many coincide and float32 holds every distance exactly.
GRID = st.integers(0, 4).map(lambda step: step / 4)
POINT = st.lists(GRID, min_size=3, max_size=3)


@settings(max_examples=60)
@given(
    CATALOGS.filter(len),
    st.none() | FILTERS,
    st.booleans(),
    st.sampled_from([flat_engine, PlainEngine]),
    st.lists(POINT, min_size=1, max_size=3),
    st.integers(1, 20),
    st.data(),
)
def test_hits_are_the_nearest_of_those_that_pass_and_are_worth_hearing(
    catalog: FakeCatalog,
    conditions: ClipFilter | None,
    include_unlistenable: bool,
    engine: Callable[[NDArray[np.float32]], VectorEngine],
    points: list[list[float]],
    k: int,
    data: st.DataObject,
) -> None:
    places = st.lists(POINT, min_size=len(catalog), max_size=len(catalog))
    vectors = np.array(data.draw(places), np.float32)
    queries = [Vector(space="vad", values=point) for point in points]
    index = make_index(catalog, vectors, engine)
    hits = index.search(queries, k, 0, conditions, include_unlistenable=include_unlistenable)
    met = [row for row, clip in enumerate(catalog.clips) if conditions is None or passes(clip, conditions)]
    heard = [row for row in met if include_unlistenable or catalog.clips[row].listenable]
    for query, distances, rows in zip(points, hits.distances, hits.handles, strict=True):
        assert list(zip(distances.tolist(), rows.tolist(), strict=True)) == nearest(vectors, query, heard)[:k]
    assert hits.left_out == len(met) - len(heard)
    assert (None if hits.filtered is None else hits.filtered.clip_count) == (
        None if conditions is None else len(met)
    )
    assert hits.match_probabilities is not None
    assert np.shape(hits.match_probabilities) == np.shape(hits.handles)


@settings(max_examples=40)
@given(CATALOGS.filter(len), FILTERS, st.integers(1, 20), st.integers(1, 2**64 - 1))
def test_a_draw_is_among_those_that_pass(
    catalog: FakeCatalog, conditions: ClipFilter, k: int, seed: int
) -> None:
    vectors = np.random.default_rng(0).random((len(catalog), 3), np.float32)
    index, query = make_index(catalog, vectors), [Vector(space="vad", values=[0.5] * 3)]
    near = index.search(query, candidate_count(k), 0, conditions)
    drawn = index.search(query, k, seed, conditions)
    assert np.shape(drawn.handles)[1] == min(k, np.shape(near.handles)[1])
    assert set(drawn.handles[0].tolist()) <= set(near.handles[0].tolist())
    assert (np.diff(drawn.distances[0]) >= 0).all()


@pytest.mark.parametrize("conditions", [None, ClipFilter(), ClipFilter(youtube_ids=["abcdefghijk"])])
@pytest.mark.parametrize("seed", [0, 7])
def test_where_nothing_is_worth_hearing_nothing_is_found(conditions: ClipFilter | None, seed: int) -> None:
    clips = [Clip(f"abcdefghijk@{i}", frozenset(), (1,) + (0,) * 6, listenable=False) for i in range(3)]
    index = make_index(FakeCatalog(clips), np.zeros((3, 3), np.float32))
    hits = index.search(QUERY * 2, 2, seed, conditions)
    assert (np.shape(hits.handles), hits.left_out) == ((2, 0), 3)
    assert hits.match_probabilities is not None
    assert np.shape(hits.match_probabilities) == (2, 0)
    everything = index.search(QUERY * 2, 2, seed, conditions, include_unlistenable=True)
    assert (np.shape(everything.handles), everything.left_out) == ((2, 2), 0)


ONE_CLIP = FakeCatalog([Clip("abcdefghijk@0", frozenset(), (1, 0, 0, 0, 0, 0, 0))])


@pytest.fixture
def index() -> IndexSnapshot:
    return make_index(ONE_CLIP, np.zeros((1, 3), np.float32))


QUERY = [Vector(space="vad", values=[0.5] * 3)]


def test_a_search_without_a_filter_says_nothing_of_one(index: IndexSnapshot) -> None:
    for include_unlistenable in (False, True):
        hits = index.search(QUERY, 3, include_unlistenable=include_unlistenable)
        assert (hits.filtered, hits.left_out) == (None, 0)


def test_queries_and_filter_are_both_checked(index: IndexSnapshot) -> None:
    with pytest.raises(
        InvalidInputError, match=r"^options\.filter\.moods\[0\]: one of happy, .*, got 'gloomy'$"
    ):
        index.search(QUERY, 3, 0, ClipFilter(moods=["gloomy"]))
    with pytest.raises(InvalidInputError, match=r"^options\.k: "):
        index.search(QUERY, -1, 0, ClipFilter(moods=["gloomy"]))


def test_an_index_made_without_filters_has_those_that_need_no_files() -> None:
    flat = faiss.IndexFlatL2(3)
    flat.add(np.zeros((1, 3), np.float32))
    bare = IndexSnapshot.released(
        "default", 1, {VAD.name: FlatEngine(flat, VAD)}, ONE_CLIP, ClipFilters(ONE_CLIP)
    )
    assert np.shape(bare.search(QUERY, 3, 0, ClipFilter(without_clip_ids=["abcdefghijk@0"])).handles) == (
        1,
        0,
    )
    with pytest.raises(PreconditionError, match=r"^filter\.labels: "):
        bare.search(QUERY, 3, 0, ClipFilter(labels=["Choir"]))
