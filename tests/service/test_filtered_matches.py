"""Filters on the wire: from client and gateway to a real index, and its answers and refusals back."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import faiss
import grpc
import numpy as np
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from ambiance import Client, ClipFilter, aio, cli
from ambiance.affect import FACETS, TRAITS
from ambiance.artifacts import Space
from ambiance.errors import InvalidInputError, PreconditionError
from ambiance.match.v1 import match_service_pb2 as match_pb
from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.music.v1 import music_index_service_pb2 as pb
from ambiance.music.v1.music_index_service_pb2_grpc import (
    MusicIndexServiceStub,
    add_MusicIndexServiceServicer_to_server,
)
from ambiance.results import FilterEffect, Label, MatchResult, SearchResult, ShortfallReason, Vector
from ambiance.server.lifecycle import Application, Servicer
from ambiance.text.v1 import text_service_pb2 as text_pb
from ambiance.text.v1 import text_service_pb2_grpc as text_grpc
from filter_catalogs import LABELS, Clip, FakeCatalog, make_terms
from gateway.__main__ import build
from gateway.settings import GatewaySettings
from music_index_service.catalog import clip_catalog
from music_index_service.engines.faiss_flat import FlatEngine
from music_index_service.filtering.filters import ClipFilters
from music_index_service.service import SERVICE_NAME, MusicIndexService
from music_index_service.snapshot import IndexSnapshot

SIZE = 70
SPACE = Space(name="vad", dimension=3, metric="squared_l2", lineage="vad-1")
VAD = np.random.default_rng(3).random((SIZE, 3), np.float32)
QUERY = (0.5, 0.25, 0.75)
CLIPS = [
    Clip(
        f"video{i // 2:02d}____@{i % 2}",
        frozenset([i % 7]),
        tuple(np.eye(7)[i % 5].tolist()),
        tuple(np.eye(12)[i % 12].tolist()),
        (i % 2 / 2, 0, 0),
    )
    for i in range(SIZE)
]


class Catalog(FakeCatalog):
    """CLIPS as the service describes them."""

    def clip(self, row: int) -> clip_catalog.Clip:
        clip = self.clips[row]
        labels = tuple(LABELS[label] for label in clip.labels)
        facets = sorted(zip(FACETS, clip.facets, strict=True), key=lambda facet: -facet[1])
        return clip_catalog.Clip(
            clip.id,
            clip.id[:11],
            0,
            10,
            labels,
            (),
            clip.moods,
            (0.5, 0.5, 0.5),
            tuple(facets),
            tuple(zip(TRAITS, clip.traits, strict=True)),
            clip.listenable,
        )


def make_index(
    *, old: bool = False, size: int = SIZE, is_listenable: Callable[[Clip], bool] = lambda _: True
) -> IndexSnapshot:
    catalog = Catalog([replace(clip, listenable=is_listenable(clip)) for clip in CLIPS[:size]])
    flat = faiss.IndexFlatL2(3)
    flat.add(VAD[:size])
    filters = ClipFilters(catalog, None if old else make_terms(catalog))
    return IndexSnapshot.released("default", 1, {SPACE.name: FlatEngine(flat, SPACE)}, catalog, filters)


class FakeText(text_grpc.TextServiceServicer):
    """Writes the same vector for every text, and counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def EncodeTexts(self, request: Any, context: Any) -> text_pb.EncodeTextsResponse:  # noqa: N802
        self.calls += 1
        vector = {"space": "vad", "values": QUERY, "lineage": "vad-1"}
        return text_pb.EncodeTextsResponse(results=[{"vectors": [vector]}] * len(request.texts))


class Cluster:
    """An index, the gateway before it, and a client of both."""

    def __init__(self, serve: Callable[..., Any], index: IndexSnapshot) -> None:
        self.text = FakeText()
        text = Servicer("text", lambda s: text_grpc.add_TextServiceServicer_to_server(self.text, s))
        service = MusicIndexService([index])
        music = Servicer(SERVICE_NAME, lambda s: add_MusicIndexServiceServicer_to_server(service, s))
        self.music = serve(Application([music]))
        targets = {"text_target": serve(Application([text])).target, "music_target": self.music.target}
        self.gateway = serve(build(GatewaySettings(**targets, default_space="vad", health_seconds=60)))

    def client(self) -> Client:
        return Client(self.gateway.target, music_target=self.music.target)

    def match(self, *arguments: Any, **options: Any) -> MatchResult:
        with self.client() as client:
            return client.match("joy", *arguments, **options)

    def answers(self, k: int, conditions: ClipFilter, seed: int = 0) -> Iterator[MatchResult | SearchResult]:
        """The same question in every way that there is."""

        async def asynchronous() -> tuple[MatchResult | SearchResult, ...]:
            async with aio.Client(self.gateway.target, music_target=self.music.target) as client:
                single = await client.match("joy", k, seed=seed, filter=conditions)
                batch = await client.match_batch(["joy", "woe"], k, seed=seed, filter=conditions)
                return single, *batch, *await client.search([query], k, seed=seed, filter=conditions)

        query = Vector("vad", QUERY)
        yield self.match(k, seed=seed, filter=conditions)
        with self.client() as client:
            yield from client.match_batch(["joy", "woe"], k, seed=seed, filter=conditions)
            yield from client.search([query], k, seed=seed, filter=conditions)
        yield from asyncio.run(asynchronous())


@pytest.fixture
def cluster(serve: Callable[..., Any]) -> Cluster:
    return Cluster(serve, make_index())


def nearest(passing: Callable[[Clip], bool]) -> list[str]:
    """Ids of the clips that pass, nearest first."""
    distances = ((VAD - np.array(QUERY, np.float32)) ** 2).sum(axis=1)
    return [CLIPS[row].id for row in np.argsort(distances, kind="stable").tolist() if passing(CLIPS[row])]


def ids(result: MatchResult | SearchResult) -> list[str]:
    return [neighbor.clip.id for neighbor in result.neighbors]


def is_rock(clip: Clip) -> bool:
    return not clip.labels.isdisjoint({1, 2, 3})  # "Rock music" and what is below it


def test_every_way_of_asking_answers_with_the_nearest_of_those_that_pass(cluster: Cluster) -> None:
    expected = nearest(lambda clip: is_rock(clip) and clip.moods[2] == 1)
    assert 3 < len(expected) < 10
    for k, reason in ((3, None), (10, ShortfallReason.FILTER_TOO_NARROW)):
        for answer in cluster.answers(k, ClipFilter(labels=["Rock music"], moods=["sad"])):
            assert ids(answer) == expected[:k]
            assert answer.shortfall_reason is reason
            assert answer.filter_effect == FilterEffect(len(expected))


def test_a_seed_draws_among_those_that_pass(cluster: Cluster) -> None:
    expected = nearest(is_rock)
    drawn = [ids(answer) for answer in cluster.answers(5, ClipFilter(labels=["Rock music"]), seed=7)]
    assert len({tuple(answer) for answer in drawn}) == 1
    assert set(drawn[0]) <= set(expected)
    assert drawn[0] != expected[:5]


def test_a_filter_that_lets_nothing_through_is_an_answer(cluster: Cluster) -> None:
    for seed in (0, 7):
        answer = cluster.match(seed=seed, filter=ClipFilter(labels=["Music"], without_labels=["Music"]))
        assert (answer.neighbors, answer.filter_effect) == ((), FilterEffect(0))
        assert answer.shortfall_reason is ShortfallReason.FILTER_TOO_NARROW


def test_ids_that_the_index_does_not_hold_are_told(cluster: Cluster) -> None:
    held, unknown = CLIPS[4].id, "gone_______@1"
    answer = cluster.match(filter=ClipFilter(clip_ids=[unknown, held], without_youtube_ids=[unknown[:11]]))
    assert ids(answer) == [held]
    assert answer.filter_effect == FilterEffect(1, (unknown,), (unknown[:11],))


def test_without_a_filter_nothing_is_told_of_one(cluster: Cluster) -> None:
    assert cluster.match().filter_effect is None
    response = match_service_pb2_grpc.MatchServiceStub(cluster.gateway).MatchText(
        match_pb.MatchTextRequest(text="joy")
    )
    assert not response.HasField("filter_effect")


def test_a_small_catalogue_is_to_blame_where_the_filter_is_not(serve: Callable[..., Any]) -> None:
    small = Cluster(serve, make_index(size=4))
    everything = small.match(filter=ClipFilter())
    assert (len(everything.neighbors), everything.filter_effect) == (4, FilterEffect(4))
    assert everything.shortfall_reason is ShortfallReason.CATALOG_SMALLER_THAN_K
    fewer = ClipFilter(without_clip_ids=[CLIPS[0].id])
    for k, reason in (
        (5, ShortfallReason.CATALOG_SMALLER_THAN_K),  # not even without the filter were there 5
        (4, ShortfallReason.FILTER_TOO_NARROW),
        (3, None),
    ):
        answer = small.match(k, filter=fewer)
        assert (len(answer.neighbors), answer.filter_effect) == (3, FilterEffect(3))
        assert answer.shortfall_reason is reason


def asked(cluster: Cluster, k: int, **options: Any) -> match_pb.MatchTextResponse:
    request = match_pb.MatchTextRequest(text="joy", options={"k": k, **options})
    return match_service_pb2_grpc.MatchServiceStub(cluster.gateway).MatchText(request)


def test_facets_and_traits_filter_on_the_wire(cluster: Cluster) -> None:
    calm = {"min_facet_scores": {"calm": 0.5}}
    unsung = {"max_facet_scores": {"vocal": 0.5}}
    for conditions, passing in (
        (calm, lambda clip: clip.facets[0] == 1),
        (unsung, lambda clip: clip.traits[0] < 0.5),
        (calm | unsung, lambda clip: clip.facets[0] == 1 and clip.traits[0] < 0.5),
    ):
        expected = nearest(passing)
        answer = asked(cluster, 3, filter=conditions)
        assert [neighbor.clip.id for neighbor in answer.match.neighbors] == expected[:3]
        assert answer.filter_effect.clip_count == len(expected)


def test_a_filter_never_lets_through_what_is_not_worth_hearing(serve: Callable[..., Any]) -> None:
    rock = nearest(is_rock)
    heard = set(rock[::3])
    some = Cluster(serve, make_index(is_listenable=lambda clip: clip.id in heard))
    for conditions in ({"labels": ["Rock music"]}, {"clip_ids": rock}):
        for k, reason in (
            (len(heard), pb.SHORTFALL_REASON_UNSPECIFIED),
            (len(rock), pb.SHORTFALL_REASON_TOO_FEW_LISTENABLE),
            (len(rock) + 1, pb.SHORTFALL_REASON_FILTER_TOO_NARROW),
            (SIZE + 1, pb.SHORTFALL_REASON_CATALOG_SMALLER_THAN_K),
        ):
            answer = asked(some, k, filter=conditions)
            assert [neighbor.clip.id for neighbor in answer.match.neighbors] == rock[::3][:k]
            assert answer.match.shortfall_reason == reason
            assert answer.filter_effect.clip_count == len(rock)
            assert answer.left_out_clip_count == len(rock) - len(heard)
        whole = asked(some, len(rock), filter=conditions, include_unlistenable=True)
        assert [neighbor.clip.id for neighbor in whole.match.neighbors] == rock
        assert (whole.left_out_clip_count, whole.filter_effect.clip_count) == (0, len(rock))


def test_where_nothing_is_worth_hearing_there_is_a_reason_and_no_error(serve: Callable[..., Any]) -> None:
    silent = Cluster(serve, make_index(is_listenable=lambda _: False))
    for fields in ({}, {"filter": {"labels": ["Music"]}}, {"filter": {"youtube_ids": [CLIPS[0].id[:11]]}}):
        for seed in (0, 7):
            answer = asked(silent, 2, seed=seed, **fields)
            assert not answer.match.neighbors
            assert answer.match.shortfall_reason == pb.SHORTFALL_REASON_TOO_FEW_LISTENABLE
            assert len(asked(silent, 2, seed=seed, include_unlistenable=True, **fields).match.neighbors) == 2


@pytest.mark.parametrize(
    ("conditions", "field", "description"),
    [
        (ClipFilter(labels=["Jazz"] * 101), "filter.labels", "at most 100, got 101"),
        (
            ClipFilter(without_labels=[""]),
            "filter.without_labels[0]",
            "1 to 100 characters, not white space alone, got ''",
        ),
        (ClipFilter(moods=["gloomy"]), "filter.moods[0]", "one of happy, funny, sad"),
        (
            ClipFilter(min_mood_scores={"sad": 2}),
            "filter.min_mood_scores['sad']",
            "above 0, at most 1, got 2",
        ),
        (
            ClipFilter(min_facet_scores={"calm": 2}),
            "filter.min_facet_scores['calm']",
            "above 0, at most 1, got 2",
        ),
        (
            ClipFilter(max_facet_scores={"gloomy": 0.5}),
            "filter.max_facet_scores['gloomy']",
            "one of calm, tender,",
        ),
        (ClipFilter(clip_ids=["a b"]), "filter.clip_ids[0]", "1 to 128 characters"),
        (ClipFilter(without_clip_ids=["abc"] * 1_001), "filter.without_clip_ids", "at most 1,000, got 1,001"),
        (ClipFilter(youtube_ids=["abc"]), "filter.youtube_ids[0]", "11 characters of A-Z"),
        (ClipFilter(without_youtube_ids=["abc"]), "filter.without_youtube_ids[0]", "11 characters of A-Z"),
    ],
)
def test_a_bad_filter_names_its_field_and_costs_no_hop(
    cluster: Cluster, conditions: ClipFilter, field: str, description: str
) -> None:
    for ask in cluster.match, search_with(cluster):
        with pytest.raises(InvalidInputError) as caught:
            ask(filter=conditions)
        [violation] = caught.value.violations
        assert violation.field == field
        assert violation.description.startswith(description)
    assert cluster.text.calls == 0


def search_with(cluster: Cluster) -> Callable[..., Any]:
    def search(**options: Any) -> Any:
        with cluster.client() as client:
            return client.search([Vector("vad", QUERY)], **options)

    return search


def test_the_labels_that_a_filter_may_name_are_listed(cluster: Cluster) -> None:
    with cluster.client() as client:
        rock = client.list_labels("ROCK", parent="Music")
        with pytest.raises(InvalidInputError, match=r"^parent: unknown: 'Polka'$"):
            client.list_labels(parent="Polka")

    async def ask() -> list[Label]:
        async with aio.Client(music_target=cluster.music.target) as client:
            return await client.list_labels("ROCK", parent="Music")

    assert rock == [Label("Rock and roll", 10, ("Rock music",)), Label("Rock music", 30, ("Music",))]
    assert asyncio.run(ask()) == rock


def test_an_unknown_label_is_named_with_the_closest_under_the_callers_field(cluster: Cluster) -> None:
    for ask in cluster.match, search_with(cluster):
        with pytest.raises(InvalidInputError) as caught:
            ask(filter=ClipFilter(labels=["Choir", "Rok music"], without_labels=["grunge"]))
        [violation] = caught.value.violations
        assert violation.field == "filter.labels[1]"
        assert violation.description.startswith("unknown: 'Rok music'; the closest: 'Rock music'")


def test_an_index_published_before_there_were_filters(serve: Callable[..., Any]) -> None:
    old = Cluster(serve, make_index(old=True))
    for ask in old.match, search_with(old):
        with pytest.raises(PreconditionError, match=r"^filter\.moods: .* published before"):
            ask(filter=ClipFilter(moods=["sad"]))
    assert len(old.match(filter=ClipFilter(youtube_ids=[CLIPS[0].id[:11]])).neighbors) == 2


def test_status_and_details_on_the_wire(cluster: Cluster) -> None:
    stub = MusicIndexServiceStub(cluster.music)
    query, options = {"space": "vad", "values": QUERY}, {"filter": {"labels": ["Polka"]}}
    with pytest.raises(grpc.RpcError) as caught:
        stub.FindNeighbors(pb.FindNeighborsRequest(queries=[query], options=options))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    bad_request, status = error_details_pb2.BadRequest(), rpc_status.from_call(caught.value)
    assert status is not None
    assert status.details[0].Unpack(bad_request)
    assert [violation.field for violation in bad_request.field_violations] == ["options.filter.labels[0]"]


def test_a_filter_that_is_there_and_empty_is_told_of(cluster: Cluster) -> None:
    request = match_pb.MatchTextRequest(text="joy", options={"filter": {}})
    response = match_service_pb2_grpc.MatchServiceStub(cluster.gateway).MatchText(request)
    assert response.filter_effect.clip_count == SIZE


def test_a_client_that_knows_the_contract_by_reflection_alone(cluster: Cluster) -> None:
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(cluster.gateway))
    method = pool.FindServiceByName("ambiance.match.v1.MatchService").FindMethodByName("MatchText")
    request_type, response_type = map(GetMessageClass, (method.input_type, method.output_type))
    conditions = {"labels": ["Rock music"], "minMoodScores": {"sad": 0.5}}
    written = {"text": "joy", "options": {"k": 2, "filter": conditions}}
    request = json_format.ParseDict(written, request_type())
    call = cluster.gateway.unary_unary(
        "/ambiance.match.v1.MatchService/MatchText",
        request_serializer=request_type.SerializeToString,
        response_deserializer=response_type.FromString,
    )
    answer = json_format.MessageToDict(call(request))
    expected = nearest(lambda clip: is_rock(clip) and clip.moods[2] == 1)
    assert [neighbor["clip"]["id"] for neighbor in answer["match"]["neighbors"]] == expected[:2]
    assert answer["filterEffect"] == {"clipCount": str(len(expected))}


def test_the_command_line_lists_labels(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["labels", "rock", "--target", cluster.music.target]) == 0
    assert (
        capsys.readouterr().out == "       10  Rock and roll  < Rock music\n       30  Rock music  < Music\n"
    )
    assert cli.main(["labels", "--json", "--parent", "Singing", "--target", cluster.music.target]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"labels": [{"name": "Choir", "clip_count": 10, "parents": ["Music", "Singing"]}]}
    assert cli.main(["labels", "--parent", "Polka", "--target", cluster.music.target]) == 2
    assert capsys.readouterr().err == "ambiance: parent: unknown: 'Polka'\n"


def test_filters_and_labels_are_those_of_the_index_that_a_swap_brought() -> None:
    service = MusicIndexService([make_index()])
    query = {"space": SPACE.name, "values": VAD[0]}
    rock = pb.FindNeighborsRequest(queries=[query], options={"filter": {"labels": ["Rock music"]}})

    def told() -> tuple[int, int, dict[str, int]]:
        labels = service.ListLabels(pb.ListLabelsRequest(), None)
        effect = service.FindNeighbors(rock, None).filter_effect
        return (
            labels.index.version,
            effect.clip_count,
            {label.name: label.clip_count for label in labels.labels},
        )

    version, passing, counts = told()
    assert (version, passing) == (1, counts["Rock music"])
    few = next(size for size in range(4, SIZE) if sum(map(is_rock, CLIPS[:size])) > 0)
    service.swap(replace(make_index(size=few), version=2))
    swapped_version, fewer, fewer_counts = told()
    assert (swapped_version, fewer) == (2, fewer_counts["Rock music"])
    assert 0 < fewer < passing
