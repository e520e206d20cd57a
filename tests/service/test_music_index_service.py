"""MusicIndexService over a real server: each answer, and each status code that the proto promises."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from unittest.mock import Mock

import faiss
import grpc
import numpy as np
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS
from ambiance.artifacts import Space
from ambiance.errors import NotFoundError
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.music_index_service_pb2_grpc import (
    MusicIndexServiceStub,
    add_MusicIndexServiceServicer_to_server,
)
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.server.lifecycle import Application, Servicer
from ambiance.type.v1 import space_pb2
from music_index_service.catalog.clip_catalog import Clip
from music_index_service.engines.faiss_flat import FlatEngine
from music_index_service.filtering.filters import ClipFilters
from music_index_service.searching.match_probability import Calibration, MatchProbability
from music_index_service.service import SERVICE_NAME, MusicIndexService
from music_index_service.snapshot import IndexSnapshot

Serve = Callable[..., grpc.Channel]
Start = Callable[..., MusicIndexServiceStub]
NAN = float("nan")
SIZE = 30
VAD = np.random.default_rng(0).random((SIZE, 3), np.float32)
VAD[20:] = VAD[10:20]  # the same vectors twice


@dataclass(eq=False)
class FakeCatalog:
    """SIZE clips, made on the spot."""

    size: int = SIZE
    unlistenable: frozenset[int] = frozenset()  # rows

    def __len__(self) -> int:
        return self.size

    def clip_id(self, row: int) -> str:
        return f"video{row:03d}@{row}"

    def row_of(self, clip_id: str) -> int | None:
        return next((row for row in range(self.size) if self.clip_id(row) == clip_id), None)

    def rows_of(self, clip_ids: Sequence[str]) -> NDArray[np.int64]:
        rows = map(self.row_of, clip_ids)
        return np.array([-1 if row is None else row for row in rows], np.int64)

    def first_from(self, clip_id: str) -> int:
        return sum(self.clip_id(row) < clip_id for row in range(self.size))

    def clip(self, row: int) -> Clip:
        moods = tuple(np.roll([0.4, 0.3, 0.1, 0.1, 0.05, 0.05, 0], row).tolist())
        vad = tuple(VAD[row].tolist())
        return Clip(
            self.clip_id(row),
            f"video{row:03d}",
            row,
            row + 10,
            ("Music", "Lullaby"),
            ("sad",),
            moods,
            vad,
            tuple((name, 1 - i / 16) for i, name in enumerate(reversed(FACETS))),
            (("vocal", 0.5), ("speech", 0.75), ("low_quality", 0.25)),
            row not in self.unlistenable,
        )

    def listenable(self) -> NDArray[np.bool_]:
        return np.array([row not in self.unlistenable for row in range(self.size)], np.bool_)


# Twice as likely the more similar it is; a similarity of VAD vectors means nothing, but can be worked out.
CALIBRATION = Calibration(space="vad", components=3, similarity=[0, 3], probability=[0, 1])


def make_index(
    size: int = SIZE, catalog: FakeCatalog | None = None, *, calibrated: bool = False, version: int = 7
) -> IndexSnapshot:
    vectors = faiss.IndexFlatL2(3)
    vectors.add(VAD[:size])
    space = Space(name="vad", dimension=3, metric="squared_l2", lineage="vad-1")
    catalog = catalog or FakeCatalog(size)
    return IndexSnapshot.released(
        "default",
        version,
        {"vad": FlatEngine(vectors, space)},
        catalog,
        ClipFilters(catalog),
        MatchProbability(CALIBRATION) if calibrated else None,
        ["Thank the makers."],
    )


@pytest.fixture
def start(serve: Serve) -> Start:
    def started(index: IndexSnapshot, **settings: int) -> MusicIndexServiceStub:
        add = partial(add_MusicIndexServiceServicer_to_server, MusicIndexService([index]))
        return MusicIndexServiceStub(serve(Application([Servicer(SERVICE_NAME, add)]), **settings))

    return started


@pytest.fixture
def stub(start: Start) -> MusicIndexServiceStub:
    return start(make_index())


def find(
    stub: MusicIndexServiceStub,
    *queries: NDArray[np.float32] | list[float],
    k: int = 0,
    seed: int = 0,
    include_unlistenable: bool = False,
    **fields: str,
) -> messages.FindNeighborsResponse:
    index = fields.pop("index", "")
    vectors = [space_pb2.Vector(**{"space": "vad", "values": query, **fields}) for query in queries]
    options = SearchOptions(index=index, k=k, seed=seed, include_unlistenable=include_unlistenable)
    return stub.FindNeighbors(messages.FindNeighborsRequest(queries=vectors, options=options))


def failure(call: Callable[[], object], code: grpc.StatusCode) -> str:
    """The message of a call that must fail with a code."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() is code
    return str(caught.value.details())


def violations(call: Callable[[], object]) -> dict[str, str]:
    """The field violations of a call that must fail with INVALID_ARGUMENT."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    bad_request = error_details_pb2.BadRequest()
    assert rpc_status.from_call(caught.value).details[0].Unpack(bad_request)
    return {violation.field: violation.description for violation in bad_request.field_violations}


def test_each_query_gets_its_neighbours_nearest_first_and_equals_by_clip_id(
    stub: MusicIndexServiceStub,
) -> None:
    response = find(stub, VAD[12], VAD[3], k=5)
    assert [len(result.neighbors) for result in response.results] == [5, 5]
    first, second = response.results
    assert [n.clip.id for n in first.neighbors][:2] == ["video012@12", "video022@22"]
    assert [n.distance for n in first.neighbors][:2] == [0, 0]
    assert second.neighbors[0].clip.id == "video003@3"
    for result in response.results:
        assert list(result.neighbors) == sorted(result.neighbors, key=lambda n: (n.distance, n.clip.id))
        assert result.shortfall_reason == messages.SHORTFALL_REASON_UNSPECIFIED


def test_a_reply_names_space_metric_lineage_and_version(stub: MusicIndexServiceStub) -> None:
    response = find(stub, VAD[0], index="default", lineage="vad-1")
    assert len(response.results[0].neighbors) == 10
    assert response.space == space_pb2.Space(
        name="vad", dimension=3, metric=space_pb2.METRIC_SQUARED_L2, lineage="vad-1"
    )
    assert response.index == space_pb2.ArtifactVersion(kind="music_index", version=7)


def test_a_hit_carries_the_whole_clip(stub: MusicIndexServiceStub) -> None:
    for _ in range(2):  # built, then kept
        clip = find(stub, VAD[3], k=1).results[0].neighbors[0].clip
        assert (clip.id, clip.youtube_id, clip.start_seconds, clip.end_seconds) == (
            "video003@3",
            "video003",
            3,
            13,
        )
        assert (list(clip.labels), list(clip.mood_labels)) == (["Music", "Lullaby"], ["sad"])
        assert [clip.vad.valence, clip.vad.arousal, clip.vad.dominance] == VAD[3].tolist()
        assert {mood.mood for mood in clip.moods} == set(MOODS.names)
        assert [mood.score for mood in clip.moods] == sorted((m.score for m in clip.moods), reverse=True)
        assert (clip.moods[0].mood, clip.moods[0].score) == ("tender", np.float32(0.4))
        assert [facet.facet for facet in clip.facets] == list(reversed(FACETS))
        assert [facet.score for facet in clip.facets] == [1 - i / 16 for i in range(12)]
        assert [(trait.facet, trait.score) for trait in clip.traits] == [
            ("vocal", 0.5),
            ("speech", 0.75),
            ("low_quality", 0.25),
        ]
        assert clip.listenable


def test_fewer_clips_than_k_are_all_returned_with_the_reason(
    start: Start,
) -> None:
    response = find(start(make_index(4)), VAD[0], VAD[1])
    assert [len(result.neighbors) for result in response.results] == [4, 4]
    reasons = {result.shortfall_reason for result in response.results}
    assert reasons == {messages.SHORTFALL_REASON_CATALOG_SMALLER_THAN_K}


def test_clips_not_worth_hearing_are_counted_and_come_back_on_request(start: Start) -> None:
    left_out = frozenset(range(10, 20))  # each the twin of one that isn't
    stub = start(make_index(catalog=FakeCatalog(unlistenable=left_out)))
    response = find(stub, VAD[12], VAD[3], k=5)
    assert response.left_out_clip_count == 10
    assert response.results[0].neighbors[0].clip.id == "video022@22"
    for result in response.results:
        assert len(result.neighbors) == 5
        assert all(neighbor.clip.listenable for neighbor in result.neighbors)
    everything = find(stub, VAD[12], VAD[3], k=5, include_unlistenable=True)
    assert everything.left_out_clip_count == 0
    assert list(everything.results) != list(response.results)
    twins = everything.results[0].neighbors[:2]
    assert [(n.clip.id, n.clip.listenable) for n in twins] == [("video012@12", False), ("video022@22", True)]
    assert not stub.GetClip(messages.GetClipRequest(clip_id="video012@12")).clip.listenable
    assert stub.ListClips(messages.ListClipsRequest()).total_clip_count == SIZE


def test_too_few_worth_hearing_are_the_reason_and_no_error(start: Start) -> None:
    for kept in (4, 0):
        stub = start(make_index(catalog=FakeCatalog(unlistenable=frozenset(range(kept, SIZE)))))
        for seed in (0, 1):
            response = find(stub, VAD[0], VAD[1], k=10, seed=seed)
            assert [len(result.neighbors) for result in response.results] == [kept, kept]
            reasons = {result.shortfall_reason for result in response.results}
            assert reasons == {messages.SHORTFALL_REASON_TOO_FEW_LISTENABLE}
            assert response.left_out_clip_count == SIZE - kept
        whole = find(stub, VAD[0], k=10, include_unlistenable=True).results[0]
        assert (len(whole.neighbors), whole.shortfall_reason) == (10, messages.SHORTFALL_REASON_UNSPECIFIED)
        more = find(stub, VAD[0], k=SIZE + 1).results[0]
        assert more.shortfall_reason == messages.SHORTFALL_REASON_CATALOG_SMALLER_THAN_K


def test_hits_carry_a_match_probability_if_the_index_can_tell(
    start: Start, stub: MusicIndexServiceStub
) -> None:
    calibrated = find(start(make_index(calibrated=True)), VAD[12], VAD[3], k=5)
    for query, result in zip((VAD[12], VAD[3]), calibrated.results, strict=True):
        for neighbor in result.neighbors:
            similarity = float(query @ VAD[int(neighbor.clip.id.partition("@")[2])])
            assert neighbor.match_probability == pytest.approx(similarity / 3, rel=1e-6)
            assert not neighbor.HasField("vad_difference")
    for neighbor in find(stub, VAD[12], k=5).results[0].neighbors:
        assert not neighbor.HasField("match_probability")


def test_a_seed_gives_other_clips_and_the_same_ones_again(stub: MusicIndexServiceStub) -> None:
    def ids(seed: int) -> list[str]:
        [result] = find(stub, VAD[12], k=5, seed=seed).results
        assert list(result.neighbors) == sorted(result.neighbors, key=lambda n: (n.distance, n.clip.id))
        return [neighbor.clip.id for neighbor in result.neighbors]

    assert ids(1) == ids(1)
    assert len({tuple(ids(seed)) for seed in range(20)}) > 10


def test_256_queries_get_what_each_gets_alone(stub: MusicIndexServiceStub) -> None:
    queries = np.random.default_rng(1).random((256, 3), np.float32)
    together = find(stub, *queries, k=3).results
    assert list(together[:20]) == [find(stub, query, k=3).results[0] for query in queries[:20]]
    assert len(together) == 256


@pytest.mark.parametrize(
    ("queries", "fields", "field", "description"),
    [
        ([], {}, "queries", "at least 1, at most 256, got none"),
        ([[0, 0, 0]] * 257, {}, "queries", "at most 256, got 257"),
        ([[0, 0, 0]], {"k": -1}, "options.k", "1 to 1,000, or 0 for 10, got -1"),
        ([[0, 0, 0]], {"k": 10_000}, "options.k", "1 to 1,000, or 0 for 10, got 10,000"),
        ([[0, 0, 0]] * 11, {"k": 1_000}, "options.k", "queries x k is at most 10,000, got 11 x 1,000"),
        ([[0, 0, 0], []], {}, "queries[1].values", "3 components in the space vad, got none"),
        ([[0, 0, 0], [0, 0]], {}, "queries[1].values", "3 components in the space vad, got 2"),
        ([[0, NAN, 0]], {}, "queries[0].values[1]", "finite, from -1e+18 to 1e+18, got nan"),
        ([[0, 0, -np.inf]], {}, "queries[0].values[2]", "finite, from -1e+18 to 1e+18, got -inf"),
        ([[0] * 7], {"space": "mood"}, "queries[0].space", "unknown: 'mood'; the index holds vad"),
        ([[0, 0, 0]], {"space": ""}, "queries[0].space", "is required; the index holds vad"),
    ],
)
def test_a_bad_search_names_field_limit_and_offence(
    stub: MusicIndexServiceStub,
    queries: list[list[float]],
    fields: dict[str, str],
    field: str,
    description: str,
) -> None:
    assert violations(lambda: find(stub, *queries, **fields)) == {field: description}


def test_another_lineage_is_a_failed_precondition(stub: MusicIndexServiceStub) -> None:
    message = failure(lambda: find(stub, VAD[0], lineage="vad-2"), grpc.StatusCode.FAILED_PRECONDITION)
    assert message == "queries[0].lineage: the index default holds vad of lineage vad-1, got 'vad-2'"


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("FindNeighbors", messages.FindNeighborsRequest(options={"index": "jazz"})),
        ("GetClip", messages.GetClipRequest(index="jazz")),
        ("BatchGetClips", messages.BatchGetClipsRequest(index="jazz")),
        ("ListClips", messages.ListClipsRequest(index="jazz")),
    ],
)
def test_an_unknown_index_is_not_found_and_the_others_are_named(
    stub: MusicIndexServiceStub, method: str, request_: Message
) -> None:
    call = getattr(stub, method)
    message = failure(lambda: call(request_), grpc.StatusCode.NOT_FOUND)
    assert message == "index: no 'jazz'; loaded: default"


def test_get_clip(stub: MusicIndexServiceStub) -> None:
    response = stub.GetClip(messages.GetClipRequest(clip_id="video005@5"))
    assert (response.clip.id, response.clip.start_seconds, response.index.version) == ("video005@5", 5, 7)
    unknown = messages.GetClipRequest(clip_id="nobody@0")
    message = failure(lambda: stub.GetClip(unknown), grpc.StatusCode.NOT_FOUND)
    assert message == "clip_id: the index default has no clip 'nobody@0'"
    assert violations(lambda: stub.GetClip(messages.GetClipRequest())) == {"clip_id": "is required"}


def test_batch_get_clips(stub: MusicIndexServiceStub) -> None:
    ids = ["video005@5", "video001@1", "video005@5"]
    response = stub.BatchGetClips(messages.BatchGetClipsRequest(clip_ids=ids))
    assert [clip.id for clip in response.clips] == ids
    assert response.index == space_pb2.ArtifactVersion(kind="music_index", version=7)


def test_batch_get_clips_names_what_is_unknown_empty_or_too_much(stub: MusicIndexServiceStub) -> None:
    def call(*ids: str) -> messages.BatchGetClipsResponse:
        return stub.BatchGetClips(messages.BatchGetClipsRequest(clip_ids=ids))

    message = failure(lambda: call("video005@5", "nobody@0", "nobody@1"), grpc.StatusCode.NOT_FOUND)
    assert message == "clip_ids: the index default has no clip 'nobody@0', 'nobody@1'"
    assert violations(call) == {"clip_ids": "at least 1, at most 1,000, got none"}
    assert violations(lambda: call(*["video005@5"] * 1_001)) == {"clip_ids": "at most 1,000, got 1,001"}
    assert violations(lambda: call("video005@5", "")) == {"clip_ids[1]": "is empty"}


def test_list_clips_pages_through_the_catalogue(stub: MusicIndexServiceStub) -> None:
    ids, token, pages = [], "", 0
    while pages == 0 or token:
        response = stub.ListClips(messages.ListClipsRequest(page_size=7, page_token=token))
        ids += [clip.id for clip in response.clips]
        token, pages = response.next_page_token, pages + 1
        assert (response.total_clip_count, response.index.version) == (SIZE, 7)
    assert ids == [FakeCatalog().clip_id(row) for row in range(SIZE)]
    assert pages == 5
    assert len(stub.ListClips(messages.ListClipsRequest()).clips) == SIZE


def test_list_clips_refuses_a_bad_size_or_token(stub: MusicIndexServiceStub) -> None:
    def call(**fields: object) -> messages.ListClipsResponse:
        return stub.ListClips(messages.ListClipsRequest(**fields))

    limit = "1 to 1,000, or 0 for 100"
    assert violations(lambda: call(page_size=-1)) == {"page_size": f"{limit}, got -1"}
    assert violations(lambda: call(page_size=1_001)) == {"page_size": f"{limit}, got 1,001"}
    offence = {"page_token": "not a token that ListClips returned"}
    assert violations(lambda: call(page_token="page 2")) == offence


def test_list_indexes_describes_each_with_its_notices(stub: MusicIndexServiceStub) -> None:
    (index,) = stub.ListIndexes(messages.ListIndexesRequest()).indexes
    assert (index.name, index.version.version, index.clip_count) == ("default", 7, SIZE)
    assert [space.name for space in index.spaces] == ["vad"]
    assert list(index.notices) == ["Thank the makers."]


def test_a_name_that_isnt_utf8_is_the_callers_mistake(serve: Serve) -> None:
    add = partial(add_MusicIndexServiceServicer_to_server, MusicIndexService([make_index()]))
    channel = serve(Application([Servicer(SERVICE_NAME, add)]))
    raw = channel.unary_unary(f"/{SERVICE_NAME}/GetClip")
    lone_surrogate = b"\x12\x03\xed\xa0\x80"  # clip_id
    assert list(violations(lambda: raw(lone_surrogate))) == ["request"]
    health = health_pb2_grpc.HealthStub(channel)
    status = health.Check(health_pb2.HealthCheckRequest(service=SERVICE_NAME)).status
    assert status == health_pb2.HealthCheckResponse.SERVING


class StuckCatalog(FakeCatalog):
    """Keeps a caller waiting for its clip until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.released = threading.Event(), threading.Event()

    def clip(self, row: int) -> Clip:
        self.entered.set()
        self.released.wait()
        return super().clip(row)


def test_beyond_the_permits_a_call_is_refused_and_a_late_one_ends_at_its_deadline(start: Start) -> None:
    catalog = StuckCatalog()
    stub = start(make_index(catalog=catalog), permits=1, queue=0)
    request = messages.GetClipRequest(clip_id="video005@5")
    late = stub.GetClip.future(request, timeout=1)
    catalog.entered.wait()
    try:
        with pytest.raises(grpc.RpcError) as refused:
            stub.GetClip(request)
        assert late.exception().code() is grpc.StatusCode.DEADLINE_EXCEEDED
    finally:
        catalog.released.set()
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    retry = error_details_pb2.RetryInfo()
    assert rpc_status.from_call(refused.value).details[0].Unpack(retry)
    assert retry.retry_delay.ToNanoseconds() > 0


class OtherVideos(FakeCatalog):
    """Clips of the same ids, of other videos."""

    def clip(self, row: int) -> Clip:
        return replace(super().clip(row), youtube_id="another")


Swap = Callable[[IndexSnapshot], None]
Swapped = Callable[[IndexSnapshot], tuple[MusicIndexServiceStub, Swap]]


@pytest.fixture
def swapped(serve: Serve) -> Swapped:
    def started(index: IndexSnapshot) -> tuple[MusicIndexServiceStub, Swap]:
        service = MusicIndexService([index])
        add = partial(add_MusicIndexServiceServicer_to_server, service)
        return MusicIndexServiceStub(serve(Application([Servicer(SERVICE_NAME, add)]))), service.swap

    return started


def test_a_swap_between_calls_changes_every_answer(swapped: Swapped) -> None:
    stub, swap = swapped(make_index())
    request = messages.GetClipRequest(clip_id="video003@3")
    assert find(stub, VAD[3], k=1).index.version == stub.GetClip(request).index.version == 7
    first = stub.ListClips(messages.ListClipsRequest(page_size=10))

    swap(make_index(20, OtherVideos(20), version=8))
    found, got = find(stub, VAD[3], k=1), stub.GetClip(request)
    assert (found.index.version, got.index.version) == (8, 8)
    # the clips that the old version kept went with it
    assert found.results[0].neighbors[0].clip.youtube_id == got.clip.youtube_id == "another"
    batch = stub.BatchGetClips(messages.BatchGetClipsRequest(clip_ids=["video003@3"]))
    assert (batch.index.version, batch.clips[0].youtube_id) == (8, "another")
    (index,) = stub.ListIndexes(messages.ListIndexesRequest()).indexes
    assert (index.version.version, index.clip_count) == (8, 20)
    page = stub.ListClips(messages.ListClipsRequest(page_size=10))
    assert (page.index.version, page.total_clip_count) == (8, 20)
    # a walk that began on the old version is told to begin anew
    following = messages.ListClipsRequest(page_size=10, page_token=first.next_page_token)
    assert violations(lambda: stub.ListClips(following)) == {
        "page_token": "it is of version 7 of 'default', "
        "version 8 of default is loaded; start from the first page"
    }


@pytest.mark.parametrize("method", ["FindNeighbors", "GetClip", "BatchGetClips", "ListClips"])
def test_a_call_that_began_before_a_swap_ends_on_what_it_began_with(swapped: Swapped, method: str) -> None:
    catalog = StuckCatalog()
    stub, swap = swapped(make_index(catalog=catalog))
    query = space_pb2.Vector(space="vad", values=VAD[3])
    options = SearchOptions(k=25)
    request = {
        "FindNeighbors": messages.FindNeighborsRequest(queries=[query], options=options),
        "GetClip": messages.GetClipRequest(clip_id="video025@25"),
        "BatchGetClips": messages.BatchGetClipsRequest(clip_ids=["video003@3", "video025@25"]),
        "ListClips": messages.ListClipsRequest(page_size=25),
    }[method]
    call = getattr(stub, method)
    begun = call.future(request, timeout=10)
    assert catalog.entered.wait(10)
    try:
        swap(make_index(20, OtherVideos(20), version=8))
        assert find(stub, VAD[3], k=1).index.version == 8
    finally:
        catalog.released.set()
    answer = begun.result()
    assert answer.index.version == 7
    assert "another" not in str(answer)
    if method == "FindNeighbors":
        assert len(answer.results[0].neighbors) == 25  # more than the new version has
    if method == "ListClips":
        assert (len(answer.clips), answer.total_clip_count) == (25, SIZE)


def test_an_index_of_a_new_name_is_served_until_it_is_withdrawn() -> None:
    service = MusicIndexService([make_index()])
    service.swap(replace(make_index(), name="other"))
    described = service.ListIndexes(messages.ListIndexesRequest(), Mock())
    assert [index.name for index in described.indexes] == ["default", "other"]
    service.withdraw("other")
    with pytest.raises(NotFoundError, match=r"^index: no 'other'; loaded: default$"):
        service.GetClip(messages.GetClipRequest(index="other", clip_id="x"), Mock())
