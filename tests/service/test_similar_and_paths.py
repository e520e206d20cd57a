"""FindSimilar and FindPath over a real server and the released index, whose odd rows are given metadata."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.errors import InvalidInputError, NotFoundError, PreconditionError
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.clip_filter_pb2 import AttributeCondition, ClipFilter
from ambiance.music.v1.clip_pb2 import AttributeValue, ClipMetadata
from ambiance.music.v1.music_index_service_pb2_grpc import (
    MusicIndexServiceStub,
    add_MusicIndexServiceServicer_to_server,
)
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.server.lifecycle import Application, Servicer
from ambiance.status_codes import from_rpc_error
from ambiance.type.v1.space_pb2 import Vector
from music_index_service.filtering.attributes import ClipAttributes
from music_index_service.filtering.filters import ClipFilters
from music_index_service.loading import load_index
from music_index_service.searching.searches import find_path_of, find_similar
from music_index_service.service import SERVICE_NAME, MusicIndexService
from music_index_service.snapshot import IndexSnapshot

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
LULLABY = "ySY5J3TDgag@30"
SAD, HAPPY = (0.2, 0.3, 0.3), (0.8, 0.7, 0.7)
ARTISTS = 3  # in turn, of every second clip


@pytest.fixture(scope="module")
def index() -> IndexSnapshot:
    """The release, in which every second clip has an artist and the number of its row."""
    released = load_index("default", ARTIFACTS)
    [segment] = released.segments
    known = [
        ClipMetadata(artist=f"Artist {row % ARTISTS}", attributes={"row": AttributeValue(number=row)})
        if row % 2
        else None
        for row in range(len(released))
    ]
    filters = ClipFilters(segment.catalog, segment.filters.vocabulary, ClipAttributes.of(known))
    return replace(released, segments=(replace(segment, filters=filters),))


@pytest.fixture
def stub(serve: Any, index: IndexSnapshot) -> MusicIndexServiceStub:
    add = partial(add_MusicIndexServiceServicer_to_server, MusicIndexService([index]))
    return MusicIndexServiceStub(serve(Application([Servicer(SERVICE_NAME, add)])))


def ids(found: messages.Neighbors | messages.FindPathResponse) -> list[str]:
    return [neighbor.clip.id for neighbor in found.neighbors]


def facet_scores(index: IndexSnapshot, clip_ids: Sequence[str]) -> NDArray[np.float32]:
    return index.segments[0].catalog.facets()[index.handles_of(clip_ids)]


def refusal(call: Any, request: Any) -> Exception:
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    return from_rpc_error(caught.value, "music index service")


def similar(stub: MusicIndexServiceStub, *clip_ids: str, space: str = "", **options: Any) -> Any:
    request = messages.FindSimilarRequest(clip_ids=clip_ids, space=space, options=SearchOptions(**options))
    return stub.FindSimilar(request)


def test_clips_like_a_lullaby_are_as_calm_and_tender(
    stub: MusicIndexServiceStub, index: IndexSnapshot
) -> None:
    response = similar(stub, LULLABY, k=10)
    [found] = response.results
    assert LULLABY not in ids(found)
    assert len(found.neighbors) == 10
    distances = [neighbor.distance for neighbor in found.neighbors]
    assert distances == sorted(distances)
    assert not found.neighbors[0].HasField("match_probability")
    apart = np.linalg.norm(facet_scores(index, ids(found)) - facet_scores(index, [LULLABY]), axis=1)
    assert apart.max() < 0.4  # the mean between any two clips is 0.6
    assert (response.space.name, response.index.version) == ("mood", index.version)
    assert response.left_out_clip_count == len(index) - len(index.segments[0].filters.listenable.rows)
    assert not response.HasField("filter_effect")


def test_each_clip_has_a_result_of_its_own(stub: MusicIndexServiceStub) -> None:
    together = similar(stub, "2_Vk3tmqz-0@30", LULLABY, space="vad", k=5, seed=7)
    assert [ids(found) for found in together.results] == [
        ids(similar(stub, clip_id, space="vad", k=5, seed=7).results[0])
        for clip_id in ("2_Vk3tmqz-0@30", LULLABY)
    ]


def test_a_hit_keeps_to_every_option(stub: MusicIndexServiceStub, index: IndexSnapshot) -> None:
    odd = AttributeCondition(name="row")
    odd.range.least = 0
    options = {"filter": ClipFilter(attributes=[odd]), "max_per_artist": 2, "min_separation": 0.2}
    response = similar(stub, LULLABY, k=6, **options)
    found = ids(response.results[0])
    artists = Counter(row % ARTISTS for row in index.handles_of(found))
    assert artists == dict.fromkeys(range(ARTISTS), 2)
    scores = facet_scores(index, found).astype(float)
    apart = np.linalg.norm(scores[:, None] - scores, axis=2)[np.triu_indices(6, 1)]
    assert apart.min() >= 0.2
    assert response.filter_effect.clip_count == len(index) // 2
    short = similar(stub, LULLABY, k=7, **options).results[0]
    assert ids(short) == found
    assert short.shortfall_reason == messages.SHORTFALL_REASON_TOO_ALIKE
    near = similar(stub, LULLABY, k=10, max_distance=response.results[0].neighbors[0].distance).results[0]
    assert found[0] == ids(near)[-1]
    assert near.shortfall_reason == messages.SHORTFALL_REASON_TOO_FAR


def test_a_clip_is_like_all_others_of_a_few(stub: MusicIndexServiceStub, index: IndexSnapshot) -> None:
    five = [index.clip_id(row) for row in range(0, 50, 10)]
    few = ClipFilter(clip_ids=five)
    [found] = similar(stub, five[0], k=5, filter=few, include_unlistenable=True).results
    assert sorted(ids(found)) == five[1:]
    assert found.shortfall_reason == messages.SHORTFALL_REASON_FILTER_TOO_NARROW


@pytest.mark.parametrize(
    "options",
    [
        SearchOptions(k=10, max_per_video=1, min_separation=0.15),
        SearchOptions(k=7, seed=5, max_per_artist=2),
        SearchOptions(k=20, include_unavailable=True, include_unlistenable=True, min_separation=0.4),
    ],
)
def test_an_index_in_segments_answers_as_in_one_piece(index: IndexSnapshot, options: SearchOptions) -> None:
    rng = np.random.default_rng(1)
    [whole] = index.segments
    part, unavailable = rng.integers(0, 3, len(index)), rng.random(len(index)) < 0.1
    whole = replace(whole, unavailable=unavailable)
    parts = tuple(whole.without(np.flatnonzero(part != number)) for number in range(3))
    clip_ids = [index.clip_id(int(row)) for row in rng.integers(0, len(index), 20)]
    similar_to = messages.FindSimilarRequest(clip_ids=clip_ids, options=options)
    ends = {name: Vector(space="vad", values=values) for name, values in (("start", SAD), ("end", HAPPY))}
    way = messages.FindPathRequest(**ends, options=SearchOptions(max_per_video=1, max_distance=0.01))
    answers = []
    for segments in ((whole,), parts):
        searched = replace(index, segments=segments)
        _, among, found = find_similar(similar_to, searched)
        _, _, on_the_way = find_path_of(way, searched)
        clips = [[searched.clip_id(int(handle)) for handle in hits.handles] for hits in (*found, on_the_way)]
        answers.append((clips, among.left_out, among.count))
    assert answers[0] == answers[1]
    assert len(answers[0][0][-1]) == 10


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        ({}, InvalidInputError, "clip_ids: at least 1, at most 256, got none"),
        ({"clip_ids": ["a"] * 257}, InvalidInputError, "clip_ids: at most 256, got 257"),
        ({"clip_ids": [""]}, InvalidInputError, "clip_ids[0]: is empty"),
        ({"clip_ids": [LULLABY, "x@1"]}, NotFoundError, "clip_ids: the index default has no clip 'x@1'"),
        (
            {"clip_ids": [LULLABY], "space": "taste"},
            InvalidInputError,
            "space: unknown: 'taste'; the index holds vad, mood",
        ),
        (
            {"clip_ids": [LULLABY], "options": SearchOptions(max_per_album=-1)},
            InvalidInputError,
            "options.max_per_album: at least 1, or 0 for any number, got -1",
        ),
        (
            {"clip_ids": [LULLABY] * 11, "options": SearchOptions(k=1_000)},
            InvalidInputError,
            "options.k: queries x k is at most 10,000, got 11 x 1,000",
        ),
        (
            {"clip_ids": [LULLABY], "options": SearchOptions(index="jazz")},
            NotFoundError,
            "index: no 'jazz'; lo",
        ),
        (
            {
                "clip_ids": [LULLABY],
                "options": SearchOptions(
                    filter=ClipFilter(
                        attributes=[AttributeCondition(name="rows", values=[AttributeValue(number=1)])]
                    )
                ),
            },
            InvalidInputError,
            "options.filter.attributes[0].name: no clip of this index bears 'rows'; the closest: row; there",
        ),
    ],
)
def test_what_similar_clips_are_refused_for(
    stub: MusicIndexServiceStub, request_: dict[str, Any], error: type[Exception], message: str
) -> None:
    refused = refusal(stub.FindSimilar, messages.FindSimilarRequest(**request_))
    assert type(refused) is error
    assert message in str(refused)


def path(stub: MusicIndexServiceStub, start: Sequence[float], end: Sequence[float], **fields: Any) -> Any:
    ends = {"start": Vector(space="vad", values=start), "end": Vector(space="vad", values=end)}
    return stub.FindPath(messages.FindPathRequest(**ends | fields))


def test_a_path_rises_step_by_step(stub: MusicIndexServiceStub, index: IndexSnapshot) -> None:
    response = path(stub, SAD, HAPPY)
    assert len(set(ids(response))) == 10
    valences = [neighbor.clip.vad.valence for neighbor in response.neighbors]
    assert np.diff(valences).min() > -0.02
    points = np.linspace(SAD, HAPPY, 10)
    vectors = index.segments[0].engines["vad"].vectors(np.array(index.handles_of(ids(response))))
    assert [neighbor.distance for neighbor in response.neighbors] == pytest.approx(
        ((points - vectors) ** 2).sum(axis=1).tolist(), rel=1e-5
    )
    back = path(stub, HAPPY, SAD, steps=2)
    assert [neighbor.clip.vad.valence > 0.5 for neighbor in back.neighbors] == [True, False]
    assert (response.space.name, response.index.version) == ("vad", index.version)


def test_a_path_keeps_to_every_option(stub: MusicIndexServiceStub, index: IndexSnapshot) -> None:
    lullabies = SearchOptions(filter=ClipFilter(labels=["Lullaby"]), max_per_video=1, max_per_artist=1)
    response = path(stub, SAD, HAPPY, steps=20, options=lullabies)
    clips = [neighbor.clip for neighbor in response.neighbors]
    assert len(clips) == 20
    assert all("Lullaby" in clip.labels for clip in clips)
    assert len({clip.youtube_id for clip in clips}) == 20
    artists = [row % ARTISTS for row in index.handles_of(ids(response)) if row % 2]
    assert len(set(artists)) == len(artists)
    few = SearchOptions(filter=ClipFilter(clip_ids=ids(response)[::7]))
    short = path(stub, SAD, HAPPY, steps=5, options=few)
    assert sorted(ids(short)) == sorted(ids(response)[::7])
    assert short.shortfall_reason == messages.SHORTFALL_REASON_FILTER_TOO_NARROW
    assert short.filter_effect.clip_count == 3


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"steps": 1}, InvalidInputError, "steps: 2 to 100, or 0 for 10, got 1"),
        ({"steps": 101}, InvalidInputError, "steps: 2 to 100, or 0 for 10, got 101"),
        (
            {"options": SearchOptions(k=3, seed=7)},
            InvalidInputError,
            "options.k: must be 0 for a path, got 3; options.seed: must be 0 for a path, got 7",
        ),
        (
            {"options": SearchOptions(min_separation=-1)},
            InvalidInputError,
            "options.min_separation: 0 to 3.4",
        ),
        ({"start": None}, InvalidInputError, "start.space: is required; the index holds vad, mood"),
        (
            {"end": Vector(space="mood", values=[0] * 19)},
            InvalidInputError,
            "end.space: all queries are of one space, got 'vad' in start, 'mood' here",
        ),
        (
            {"end": Vector(space="vad", values=[0, 0])},
            InvalidInputError,
            "end.values: 3 components in the space vad, got 2",
        ),
        (
            {"end": Vector(space="vad", values=[0, float("nan"), 0])},
            InvalidInputError,
            "end.values[1]: finite, from -1e+18 to 1e+18, got nan",
        ),
        (
            {"end": Vector(space="vad", values=SAD, lineage="old")},
            PreconditionError,
            "end.lineage: the index default holds vad",
        ),
    ],
)
def test_what_a_path_is_refused_for(
    stub: MusicIndexServiceStub, fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    ends = {name: Vector(space="vad", values=values) for name, values in (("start", SAD), ("end", HAPPY))}
    refused = refusal(stub.FindPath, messages.FindPathRequest(**ends | fields))
    assert type(refused) is error
    assert message in str(refused)
