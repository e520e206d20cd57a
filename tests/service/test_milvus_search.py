"""Milvus finds what FAISS finds, whatever is asked: on the released index, with filters and without."""
# ruff: noqa: E402

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from milvus_servers import LocalMilvus, require_milvus

require_milvus()

from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.clip_filter import ClipFilter
from milvus_clips import answers, found, model, release, released
from music_index_service.filtering.row_set import RowSet
from music_index_service.milvus.index import MilvusIndex
from music_index_service.milvus.indexes import MilvusIndexes
from music_index_service.milvus.publishing import publish
from music_index_service.milvus.schema import RowState, VectorIndex
from music_index_service.milvus.server import Server

K = 20
ROUNDING = 1e-5  # of distances, which are sums of squares in float32


@dataclass(frozen=True)
class Served:
    """An index in Milvus, and the rows of the release that it holds."""

    index: MilvusIndex
    rows: NDArray[np.int64]

    @property
    def is_whole(self) -> bool:
        """Whether it holds all of the release."""
        return len(self.rows) == len(released())

    def expected(
        self,
        space: str,
        query: NDArray[np.float32],
        k: int,
        conditions: ClipFilter | None,
        *,
        everything: bool,
    ) -> tuple[NDArray[np.float32], list[str]]:
        """What FAISS finds among the same clips: distances and ids."""
        segment, rows = release().index.segments[0], self.rows
        met = segment.filters.apply(conditions or ClipFilter(), include_unlistenable=everything).rows.rows
        within = RowSet(np.intersect1d(rows, met), len(segment.catalog))
        distances, found = segment.engines[space].search(query[None], k, within)
        return distances[0], [segment.catalog.clip_id(row) for row in found[0]]


@pytest.fixture(scope="module", params=["server", "ivf", "lite"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """All of the release in a real server; some, in lists that are all read, and in milvus-lite."""
    folder = tmp_path_factory.mktemp("milvus")
    some = np.sort(np.random.default_rng(4).permutation(len(released()))[:1_500])
    if request.param == "lite":
        pytest.importorskip("milvus_lite", reason="needs milvus_lite, of the extra dev")
        server = Server(str(folder / "lite.db"))
        yield Served(_sample(MilvusIndexes(server, model()), some), some)
        server.close()
        return
    milvus: LocalMilvus = request.getfixturevalue("milvus")
    server = Server(milvus.uri)
    if request.param == "ivf":
        indexes = MilvusIndexes(server, model(), VectorIndex("IVF_FLAT", lists=16, probes=16))
        yield Served(_sample(indexes, some), some)
    else:
        index = publish(MilvusIndexes(server, model()), "default", released())
        yield Served(index, np.arange(len(released())))
    server.close()


def _sample(indexes: MilvusIndexes, rows: NDArray[np.int64]) -> MilvusIndex:
    index, _ = indexes.create("a-sample_of-it")
    some = released().take(rows)
    states = [RowState.RELEASED] * len(rows)
    index.writer.put(some.clips, some.vectors, 0, states, some.mood_labels)
    return index


def queries(space: str, count: int, seed: int) -> NDArray[np.float32]:
    """<float32>[count, dimension] near clips of the release."""
    draw = np.random.default_rng(seed)
    near = released().segment.engines[space].vectors(draw.integers(0, len(released()), count))
    return (near + draw.normal(0, 0.1, near.shape)).astype(np.float32)


Found = tuple[NDArray[np.float32], list[str]]  # distances and ids


def assert_same(one: Found, other: Found) -> None:
    """The same clips at the same distances, but for those that float32 hardly tells apart."""
    (distances, names), (wanted, expected) = one, other
    assert distances == pytest.approx(wanted, rel=ROUNDING, abs=ROUNDING)
    left = dict(zip(expected, wanted.tolist(), strict=True))
    for clip_id, distance in zip(names, distances.tolist(), strict=True):
        # one that isn't expected lies as far away as the last, of which only some fit in
        assert left.pop(clip_id, wanted[-1]) == pytest.approx(distance, rel=ROUNDING, abs=ROUNDING)
    order = list(zip(distances.tolist(), names, strict=True))
    assert order == sorted(order)


@pytest.mark.parametrize("space", ["mood", "vad"])
@pytest.mark.parametrize("k", [1, 10, 1_000])
def test_the_nearest_are_those_of_faiss(served: Served, space: str, k: int) -> None:
    asked = queries(space, 3, k)
    for everything in (False, True):
        may = answers(served.index, space, include_unlistenable=everything)
        for query, near in zip(asked, found(served.index, may, asked, k), strict=True):
            assert_same(near, served.expected(space, query, k, None, everything=everything))


@pytest.mark.parametrize("first", range(10))
def test_a_filter_lets_through_what_it_does_with_faiss(served: Served, first: int) -> None:
    for seed in (first, first + 10, first + 20) if served.is_whole else (first,):
        assert_same_with_a_filter(served, seed)


def assert_same_with_a_filter(served: Served, seed: int) -> None:
    conditions, query = a_filter(random.Random(seed)), queries("mood", 1, seed)
    everything = bool(seed % 2)
    may = answers(served.index, "mood", conditions, include_unlistenable=everything)
    (near,) = found(served.index, may, query, K)
    assert_same(near, served.expected("mood", query[0], K, conditions, everything=everything))
    whole = release().index.segments[0].filters.apply(conditions, include_unlistenable=everything)
    counts = may.filtered
    assert counts is not None
    assert counts.clip_count == len(np.intersect1d(whole.met.rows, served.rows))
    assert may.count == len(np.intersect1d(whole.rows.rows, served.rows))
    assert may.left_out == counts.clip_count - may.count
    assert may.index_size == len(served.rows)
    if served.is_whole:
        assert counts.unknown_clip_ids == whole.unknown_clip_ids
        assert counts.unknown_youtube_ids == whole.unknown_youtube_ids


def a_filter(draw: random.Random) -> ClipFilter:
    """Two or three conditions that let some clips of the release through."""
    catalog, names = released().catalog, released().catalog.label_names
    some = [catalog.clip(draw.randrange(len(catalog))) for _ in range(400)]
    unknown = ["AAAAAAAAAAA@30", "BBBBBBBBBBB@1.5"]
    possible = {
        "labels": lambda: ["Music", *draw.sample(names, 3)],
        "without_labels": lambda: draw.sample(
            ["Speech", "Rock music", "Human voice", "Guitar", "Vehicle"], 2
        ),
        "moods": lambda: draw.sample(MOODS.names, 3),
        "min_mood_scores": lambda: {draw.choice(MOODS.names): draw.uniform(0.05, 0.3)},
        "clip_ids": lambda: [*(clip.id for clip in some), *unknown],
        "without_clip_ids": lambda: [*(clip.id for clip in some[:50]), *unknown],
        "youtube_ids": lambda: [*(clip.youtube_id for clip in some), "AAAAAAAAAAA"],
        "without_youtube_ids": lambda: [clip.youtube_id for clip in some[:50]],
        "min_facet_scores": lambda: {draw.choice(FACETS): draw.uniform(0.05, 0.4)},
        "max_facet_scores": lambda: {draw.choice(FACETS + TRAITS): draw.uniform(0.3, 0.9)},
    }
    chosen = draw.sample(sorted(possible), draw.randint(2, 3))
    return ClipFilter(**{name: possible[name]() for name in chosen})


def test_a_clip_reads_as_the_catalogue_has_it(served: Served) -> None:
    rows, catalog = served.rows[:: max(1, len(served.rows) // 40)].tolist(), released().catalog
    handles = served.index.handles_of([catalog.clip_id(row) for row in rows])
    assert [served.index.clip(handle) for handle in handles] == [catalog.clip(row) for row in rows]
    assert all(map(served.index.is_available, handles))


def test_pages_hold_every_clip_once_by_ascending_id(served: Served) -> None:
    listed: list[str] = []
    token = None
    while token != "":
        page = served.index.page(1_000, token or "")
        token = page.next_token
        listed += [served.index.clip(handle).id for handle in page.handles]
    assert listed == [released().catalog.clip_id(row) for row in served.rows.tolist()]


def test_labels_are_counted(served: Served) -> None:
    filters = release().index.segments[0].filters
    for label in served.index.labels("rock"):
        met = filters.apply(ClipFilter(labels=[label.name]), include_unlistenable=True).rows.rows
        assert label.clip_count == len(np.intersect1d(met, served.rows))
    assert [label.name for label in served.index.labels(parent="Singing")] == [
        label.name for label in filters.labels(parent="Singing")
    ]


def test_vectors_facets_and_videos_are_those_of_the_release(served: Served) -> None:
    rows, catalog = served.rows[5:300:50], released().catalog
    handles = np.array(served.index.handles_of([catalog.clip_id(row) for row in rows.tolist()]), np.int64)
    for space in ("mood", "vad"):
        may = answers(served.index, space)
        assert (may.vectors(handles) == released().segment.engines[space].vectors(rows)).all()
        assert (may.facets(handles) == catalog.facets()[rows]).all()
        assert may.groups("youtube_id", handles) == [catalog.clip(row).youtube_id for row in rows.tolist()]
        assert set(may.groups("artist", handles)) == {""}
        none = handles[:0]
        assert may.facets(none).shape == (0, len(FACETS))
        assert (len(may.vectors(none)), list(may.groups("artist", none))) == (0, [])
