"""The service on Milvus, asked over gRPC: as without, and by several replicas at once."""
# ruff: noqa: E402

import time

import grpc
import numpy as np
import pytest
from relay import relay

from milvus_servers import LocalMilvus, require_milvus
from support import Serve

require_milvus()

from ambiance.affect import FACETS
from ambiance.artifacts import MUSIC_INDEX
from ambiance.errors import PreconditionError
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.clip_filter_pb2 import AttributeCondition, ClipFilter
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.music.v1.clip_pb2 import AttributeValue, ClipMetadata
from ambiance.music.v1.music_index_service_pb2_grpc import MusicIndexServiceStub
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.type.v1.affect_pb2 import FacetScore
from ambiance.type.v1.space_pb2 import Vector
from milvus_clips import ARTIFACTS, released
from music_index_service.application import load
from music_index_service.settings import MusicIndexSettings


def settings(**values: object) -> MusicIndexSettings:
    """Of a service that serves the release."""
    return MusicIndexSettings(artifacts=ARTIFACTS, watch_seconds=0, **values)  # type: ignore[arg-type]


@pytest.fixture
def replicas(serve: Serve, milvus: LocalMilvus) -> list[MusicIndexServiceStub]:
    """Two services on one Milvus."""
    asked = [serve(load(settings(engine="milvus", milvus_uri=milvus.uri))) for _ in range(2)]
    return [MusicIndexServiceStub(channel) for channel in asked]


def heard(seed: int) -> list[FacetScore]:
    scores = np.random.default_rng(seed).random(len(FACETS)).tolist()
    return [FacetScore(facet=facet, score=score) for facet, score in zip(FACETS, scores, strict=True)]


def request(row: int, **options: object) -> messages.FindNeighborsRequest:
    query = Vector(space="mood", values=released().segment.engines["mood"].vectors(np.array([row]))[0])
    return messages.FindNeighborsRequest(queries=[query], options=SearchOptions(**options))  # type: ignore[arg-type]


def test_answers_are_those_without_milvus(serve: Serve, replicas: list[MusicIndexServiceStub]) -> None:
    alone = MusicIndexServiceStub(serve(load(settings())))
    asked = [
        request(5),
        request(70, k=100, seed=3),
        request(5, filter=ClipFilter(labels=["Rock music"], max_facet_scores={"vocal": 0.5})),
        request(5, k=20, max_per_video=1, min_separation=0.4),
        request(5, k=50, filter=ClipFilter(clip_ids=["AAAAAAAAAAA@30", released().catalog.clip_id(5)])),
        request(5, max_distance=0.01),
        request(5, max_distance=0.01, min_separation=0.4, max_per_artist=1),
    ]
    for one in asked:
        here, there = alone.FindNeighbors(one), replicas[0].FindNeighbors(one)
        for mine, others in zip(here.results[0].neighbors, there.results[0].neighbors, strict=True):
            assert mine.distance == pytest.approx(others.distance, rel=1e-5, abs=1e-5)
            assert mine.match_probability == pytest.approx(others.match_probability, abs=1e-5)
            others.distance, others.match_probability = mine.distance, mine.match_probability
        assert here == there
    for space in ("mood", "vad"):
        similar = messages.FindSimilarRequest(clip_ids=[released().catalog.clip_id(9)], space=space)
        ids = [
            [hit.clip.id for hit in stub.FindSimilar(similar).results[0].neighbors]
            for stub in (alone, replicas[0])
        ]
        assert ids[0] == ids[1]
    get = messages.BatchGetClipsRequest(clip_ids=[released().catalog.clip_id(row) for row in (4, 2, 4)])
    assert alone.BatchGetClips(get) == replicas[0].BatchGetClips(get)
    page = alone.ListClips(messages.ListClipsRequest(page_size=7))
    assert page == replicas[0].ListClips(messages.ListClipsRequest(page_size=7))
    following = messages.ListClipsRequest(page_size=7, page_token=page.next_page_token)
    assert alone.ListClips(following) == replicas[1].ListClips(following)


def test_what_one_replica_writes_the_other_answers_with(replicas: list[MusicIndexServiceStub]) -> None:
    one, other = replicas
    one.CreateIndex(messages.CreateIndexRequest(name="ours"))
    artist = ClipMetadata(artist='A "quoted" name', attributes={"bpm": AttributeValue(number=120)})
    clips = [
        ClipInput(id=f"clip {seed}".replace(" ", "-"), facets=heard(seed), metadata=artist)
        for seed in range(20)
    ]
    wrong = ClipInput(id="wrong", labels=["No such label"], facets=heard(1))
    written = one.UpsertClips(messages.UpsertClipsRequest(index="ours", clips=[*clips, wrong]))
    outcomes = [messages.WriteOutcome.Name(result.outcome) for result in written.results]
    assert outcomes == ["WRITE_OUTCOME_CREATED"] * 20 + ["WRITE_OUTCOME_REFUSED"]
    condition = AttributeCondition(name="bpm", values=[AttributeValue(number=120)])
    search = request(5, index="ours", k=30, filter=ClipFilter(attributes=[condition]))
    mine = one.FindNeighbors(search)
    assert len(mine.results[0].neighbors) == 20
    assert mine.results[0].shortfall_reason == messages.SHORTFALL_REASON_CATALOG_SMALLER_THAN_K
    _await(
        lambda: (
            [hit.clip.id for hit in other.FindNeighbors(search).results[0].neighbors]
            == [hit.clip.id for hit in mine.results[0].neighbors]
        )
    )
    other.DeleteClips(messages.DeleteClipsRequest(index="ours", clip_ids=["clip-3"]))
    _await(lambda: len(one.FindNeighbors(search).results[0].neighbors) == 19)
    held = {index.name: index for index in other.ListIndexes(messages.ListIndexesRequest()).indexes}
    assert (held["ours"].clip_count, held["ours"].writable) == (19, True)
    assert one.DeleteIndex(messages.DeleteIndexRequest(name="ours")).clip_count == 19
    with pytest.raises(grpc.RpcError) as told:
        one.FindNeighbors(search)
    assert told.value.code() is grpc.StatusCode.NOT_FOUND


def _await(met: object) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            if met():  # type: ignore[operator]
                return
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_milvus_that_is_away_is_unavailable(serve: Serve, milvus: LocalMilvus) -> None:
    with relay(f"127.0.0.1:{milvus.port}") as between:
        uri = f"http://{between.target}"
        stub = MusicIndexServiceStub(serve(load(settings(engine="milvus", milvus_uri=uri))))
        assert stub.FindNeighbors(request(5)).index.kind == MUSIC_INDEX
    with pytest.raises(grpc.RpcError) as told:
        stub.FindNeighbors(request(5))
    assert told.value.code() is grpc.StatusCode.UNAVAILABLE
    assert f"Milvus at {uri} doesn't answer" in told.value.details()


def test_a_folder_of_data_and_milvus_exclude_each_other(
    milvus: LocalMilvus, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(PreconditionError, match="data: Milvus keeps what is written"):
        load(settings(engine="milvus", milvus_uri=milvus.uri, data=tmp_path_factory.mktemp("data")))
