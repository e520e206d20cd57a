"""The gateway on the wire, between a real client and two real servers whose answers a test scripts."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from relay import relay

from ambiance import Client
from ambiance.errors import (
    AmbianceError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    PeerError,
    PreconditionError,
    UnavailableError,
)
from ambiance.match.v1 import match_service_pb2 as pb
from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.music.v1 import music_index_service_pb2 as music_pb
from ambiance.music.v1 import music_index_service_pb2_grpc as music_grpc
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.server.lifecycle import Application, HealthReporter, Servicer, create_server
from ambiance.server.settings import ServerSettings
from ambiance.server.telemetry import RpcMetrics
from ambiance.text.v1 import text_service_pb2 as text_pb
from ambiance.text.v1 import text_service_pb2_grpc as text_grpc
from ambiance.type.v1 import space_pb2
from gateway.application import build, rehearse
from gateway.backends import CONNECTIONS
from gateway.settings import GatewaySettings

WAIT_S = 20.0
HEALTH_S = 0.05
CLOCK_TOLERANCE_S = 0.05  # a deadline travels as whole milliseconds, rounded up
SPACE = space_pb2.Space(name="mood", dimension=3, metric=space_pb2.METRIC_SQUARED_L2, lineage="mood-1")
MODEL = space_pb2.ArtifactVersion(kind="text_encoder", version=2)
INDEX = space_pb2.ArtifactVersion(kind="music_index", version=5)


@dataclass
class Script:
    """What a fake does before it answers, and what it was asked."""

    requests: list[Any] = field(default_factory=list)
    time_remaining_s: list[float] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)  # raised one a call, then none
    before: Callable[[grpc.ServicerContext], None] = lambda _: None

    def play(self, request: Any, context: grpc.ServicerContext) -> None:
        """Note the call, then wait or raise as scripted."""
        self.requests.append(request)
        self.time_remaining_s.append(context.time_remaining())
        self.before(context)
        if self.errors:
            raise self.errors.pop(0)


class FakeText(text_grpc.TextServiceServicer):
    """Writes the space "mood" only, and explains each text by itself."""

    def __init__(self) -> None:
        self.script = Script()

    def EncodeTexts(self, request: Any, context: Any) -> text_pb.EncodeTextsResponse:  # noqa: N802
        self.script.play(request, context)
        response = text_pb.EncodeTextsResponse(results=map(self._encoded, request.texts), model=MODEL)
        if request.explain:
            for result, text in zip(response.results, request.texts, strict=True):
                result.word_influences.add(word=text)
        return response

    def GetModel(self, request: Any, context: Any) -> text_pb.GetModelResponse:  # noqa: N802
        return text_pb.GetModelResponse(model=text_pb.Model(version=MODEL, spaces=[SPACE]))

    @staticmethod
    def _encoded(text: str) -> text_pb.EncodedText:
        vector = space_pb2.Vector(space="mood", values=[len(text), 0, 0], lineage="mood-1")
        evidence = {
            "fallback": text == "...",
            "reason": text_pb.EVIDENCE_REASON_NO_WORDS if text == "..." else 0,
        }
        return text_pb.EncodedText(
            vad={"valence": 0.25},
            vectors=[vector],
            token_count=len(text),
            window_count=1,
            facets=[{"facet": "calm", "weight": 0.5}, {"facet": "sad", "weight": -0.5}],
            evidence=evidence,
            notices=[{"kind": text_pb.NOTICE_KIND_DISTRESS, "text": "Talk to somebody."}] * (text == "woe"),
        )


class FakeMusic(music_grpc.MusicIndexServiceServicer):
    """Holds one clip, as far away as the query is long."""

    def __init__(self) -> None:
        self.script = Script()
        self.lineage = "mood-1"
        self.answer = music_pb.FindNeighborsResponse()  # what its answers hold besides results and origin

    def FindNeighbors(self, request: Any, context: Any) -> music_pb.FindNeighborsResponse:  # noqa: N802
        self.script.play(request, context)
        results = map(self._found, request.queries)
        response = music_pb.FindNeighborsResponse(results=results, space=SPACE, index=INDEX)
        response.MergeFrom(self.answer)
        return response

    def ListIndexes(self, request: Any, context: Any) -> music_pb.ListIndexesResponse:  # noqa: N802
        space = space_pb2.Space(name="mood", dimension=3, lineage=self.lineage)
        return music_pb.ListIndexesResponse(indexes=[music_pb.Index(name="default", spaces=[space])])

    @staticmethod
    def _found(query: space_pb2.Vector) -> music_pb.Neighbors:
        neighbor = music_pb.Neighbor(distance=query.values[0], match_probability=0.75)
        neighbor.clip.vad.arousal = 0.5
        neighbor.clip.id = "abcdefghijk@30"
        for name, score in (("sad", 0.75), ("calm", 0.25)):
            neighbor.clip.facets.add(facet=name, score=score)
        return music_pb.Neighbors(
            neighbors=[neighbor], shortfall_reason=music_pb.SHORTFALL_REASON_CATALOG_SMALLER_THAN_K
        )


class FakeServer:
    """A fake behind the whole server kit, on a port that stays its own when it stops and starts again."""

    def __init__(self, servicer: Servicer) -> None:
        self._servicer = servicer
        self.port = 0
        self.start()

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = ServerSettings(port=self.port)
        self.reporter = HealthReporter([self._servicer.name])
        self._server, self.port, _ = create_server(
            Application([self._servicer]), settings, RpcMetrics(), self.reporter
        )
        self._server.start()
        self.reporter.report(serving=True)

    def stop(self) -> None:
        self._server.stop(None).wait()


class Cluster:
    """Both fakes and the gateway between them and the test."""

    def __init__(self, serve: Callable[..., grpc.Channel], stack: ExitStack) -> None:
        self.text, self.music = FakeText(), FakeMusic()
        self.text_server = FakeServer(
            Servicer(
                "ambiance.text.v1.TextService",
                lambda server: text_grpc.add_TextServiceServicer_to_server(self.text, server),
            )
        )
        self.music_server = FakeServer(
            Servicer(
                "ambiance.music.v1.MusicIndexService",
                lambda server: music_grpc.add_MusicIndexServiceServicer_to_server(self.music, server),
            )
        )
        stack.callback(self.text_server.stop)
        stack.callback(self.music_server.stop)
        self._serve = serve

    def gateway(self, permits: int = 64, **settings: Any) -> grpc.Channel:
        """Start a gateway with these settings."""
        values = {
            "text_target": self.text_server.target,
            "music_target": self.music_server.target,
            "health_seconds": HEALTH_S,
            **settings,
        }
        return self._serve(build(GatewaySettings(**values)), permits=permits)

    def stub(self, **settings: Any) -> match_service_pb2_grpc.MatchServiceStub:
        """Start a gateway; returns what to call it with."""
        return match_service_pb2_grpc.MatchServiceStub(self.gateway(**settings))

    def hops(self) -> tuple[int, int]:
        """Calls that reached each service."""
        return len(self.text.script.requests), len(self.music.script.requests)


@pytest.fixture
def cluster(serve: Callable[..., grpc.Channel], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setattr("gateway.application.rehearse", lambda _: None)  # tests count the hops of their calls
    with ExitStack() as stack:
        yield Cluster(serve, stack)


def refused(call: Callable[[], Any]) -> grpc.Call:
    """The error of a call that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value  # type: ignore[return-value]


def violations(error: grpc.Call) -> list[tuple[str, str]]:
    """Field and description of each offence in an INVALID_ARGUMENT."""
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, error
    status = rpc_status.from_call(error)
    assert status is not None
    bad_request = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(bad_request)
    return [(violation.field, violation.description) for violation in bad_request.field_violations]


def wait_for_health(channel: grpc.Channel, wanted: int, service: str = "") -> None:
    """Watch the health of a server until it is the one wanted."""
    request = health_pb2.HealthCheckRequest(service=service)
    for response in health_pb2_grpc.HealthStub(channel).Watch(request, timeout=WAIT_S):
        if response.status == wanted:
            return


def test_a_match_holds_both_answers_and_what_made_them(cluster: Cluster) -> None:
    response = cluster.stub().MatchText(pb.MatchTextRequest(text="joy", options={"k": 3, "index": "small"}))
    assert response.match.text.token_count == 3
    assert [neighbor.clip.id for neighbor in response.match.neighbors] == ["abcdefghijk@30"]
    assert response.match.shortfall_reason == music_pb.SHORTFALL_REASON_CATALOG_SMALLER_THAN_K
    assert response.origin == pb.MatchOrigin(space=SPACE, model=MODEL, index=INDEX)
    [request] = cluster.music.script.requests
    assert request.options == SearchOptions(k=3, index="small")
    assert (request.queries[0].space, request.queries[0].lineage) == ("mood", "mood-1")


def test_each_clip_tells_its_match_probability_and_its_difference_from_the_text(cluster: Cluster) -> None:
    stub = cluster.stub()
    [neighbor] = stub.MatchText(pb.MatchTextRequest(text="joy")).match.neighbors
    [match] = stub.MatchTexts(pb.MatchTextsRequest(texts=["joy"])).matches
    for found in (neighbor, match.neighbors[0]):
        assert found.match_probability == 0.75
        difference = found.vad_difference
        assert (difference.valence, difference.arousal, difference.dominance) == (-0.25, 0.5, 0)


def test_each_clip_tells_why_it_was_chosen(cluster: Cluster) -> None:
    stub = cluster.stub()
    [neighbor] = stub.MatchText(pb.MatchTextRequest(text="joy")).match.neighbors
    [match] = stub.MatchTexts(pb.MatchTextsRequest(texts=["joy"])).matches
    for found in (neighbor, match.neighbors[0]):
        assert [(why.facet, why.score) for why in found.why] == [("calm", 0.25)]


def test_what_is_not_worth_hearing_is_asked_for_and_what_was_left_out_comes_back(cluster: Cluster) -> None:
    cluster.music.answer = music_pb.FindNeighborsResponse(left_out_clip_count=7)
    stub = cluster.stub()
    for included in (False, True):
        options = SearchOptions(include_unlistenable=included)
        single = stub.MatchText(pb.MatchTextRequest(text="joy", options=options))
        batch = stub.MatchTexts(pb.MatchTextsRequest(texts=["a", "b"], options=options))
        assert single.left_out_clip_count == batch.left_out_clip_count == 7
    asked = [request.options.include_unlistenable for request in cluster.music.script.requests]
    assert asked == [False, False, True, True]


def test_evidence_and_notices_of_a_text_come_back_as_they_are(cluster: Cluster) -> None:
    response = cluster.stub().MatchTexts(pb.MatchTextsRequest(texts=["...", "woe", "joy"]))
    texts = [match.text for match in response.matches]
    assert [text.evidence.fallback for text in texts] == [True, False, False]
    assert texts[0].evidence.reason == text_pb.EVIDENCE_REASON_NO_WORDS
    assert [[notice.kind for notice in text.notices] for text in texts] == [
        [],
        [text_pb.NOTICE_KIND_DISTRESS],
        [],
    ]


def test_seed_and_explain_are_passed_on(cluster: Cluster) -> None:
    stub = cluster.stub()
    single = stub.MatchText(pb.MatchTextRequest(text="joy", options={"seed": 2**64 - 1}, explain=True))
    batch = stub.MatchTexts(pb.MatchTextsRequest(texts=["a", "b"], options={"seed": 5}, explain=True))
    plain = stub.MatchText(pb.MatchTextRequest(text="joy"))
    assert [request.options.seed for request in cluster.music.script.requests] == [2**64 - 1, 5, 0]
    assert [word.word for word in single.match.text.word_influences] == ["joy"]
    assert [match.text.word_influences[0].word for match in batch.matches] == ["a", "b"]
    assert not plain.match.text.word_influences


def test_a_filter_is_passed_on_and_what_it_did_comes_back(cluster: Cluster) -> None:
    effect = {"clip_count": 7, "unknown_clip_ids": ["abcdefghijk@0"]}
    cluster.music.answer = music_pb.FindNeighborsResponse(filter_effect=effect)
    stub, rock = cluster.stub(), SearchOptions(filter={"labels": ["Rock music"]})
    single = stub.MatchText(pb.MatchTextRequest(text="joy", options=rock))
    batch = stub.MatchTexts(pb.MatchTextsRequest(texts=["a", "b"], options=rock))
    assert [request.options for request in cluster.music.script.requests] == [rock] * 2
    assert single.filter_effect == batch.filter_effect == cluster.music.answer.filter_effect


def test_the_space_can_be_chosen(cluster: Cluster) -> None:
    stub = cluster.stub(default_space="tempo")
    assert stub.MatchText(pb.MatchTextRequest(text="joy", space="mood")).match.neighbors
    error = refused(lambda: stub.MatchText(pb.MatchTextRequest(text="joy")))
    assert violations(error) == [("space", "the text service writes mood, got 'tempo'")]


def test_a_batch_is_two_hops_in_order_with_the_options_as_they_came(cluster: Cluster) -> None:
    response = cluster.stub().MatchTexts(pb.MatchTextsRequest(texts=["a", "bbb", "cc"]))
    assert [match.text.token_count for match in response.matches] == [1, 3, 2]
    assert [match.neighbors[0].distance for match in response.matches] == [1, 3, 2]
    assert cluster.hops() == (1, 1)
    assert cluster.music.script.requests[0].options == SearchOptions()


@pytest.mark.parametrize(
    ("request_", "offence"),
    [
        (pb.MatchTextRequest(), ("text", "is empty")),
        (pb.MatchTextRequest(text="a" * 25_000), ("text", "at most 20,000 characters, got 25,000")),
        (
            pb.MatchTextRequest(text="a\x00"),
            ("text", "control character U+0000 at character 1; only white space is allowed among these"),
        ),
        (
            pb.MatchTextRequest(text="a", options={"k": -1}),
            ("options.k", "1 to 1,000, or 0 for 10, got -1"),
        ),
        (
            pb.MatchTextRequest(text="a", options={"k": 10_000}),
            ("options.k", "1 to 1,000, or 0 for 10, got 10,000"),
        ),
        (
            pb.MatchTextRequest(text="a", options={"filter": {"labels": [""]}}),
            ("options.filter.labels[0]", "1 to 100 characters, not white space alone, got ''"),
        ),
        (
            pb.MatchTextRequest(text="a", options={"filter": {"max_facet_scores": {"vocal": 1.5}}}),
            ("options.filter.max_facet_scores['vocal']", "above 0, at most 1, got 1.5"),
        ),
    ],
)
def test_a_bad_text_or_k_costs_no_hop(
    cluster: Cluster, request_: pb.MatchTextRequest, offence: tuple[str, str]
) -> None:
    stub = cluster.stub()
    assert violations(refused(lambda: stub.MatchText(request_))) == [offence]
    assert cluster.hops() == (0, 0)


@pytest.mark.parametrize(
    ("request_", "offence"),
    [
        (pb.MatchTextsRequest(), ("texts", "at least 1, at most 256, got none")),
        (pb.MatchTextsRequest(texts=["a"] * 300), ("texts", "at most 256, got 300")),
        (pb.MatchTextsRequest(texts=["a", ""]), ("texts[1]", "is empty")),
        (
            pb.MatchTextsRequest(texts=["a"] * 11, options={"k": 1_000}),
            ("options.k", "queries x k is at most 10,000, got 11 x 1,000"),
        ),
        (
            pb.MatchTextsRequest(texts=["a" * 10_001] * 2, explain=True),
            ("texts", "at most 20,000 characters together with explain, got 20,002"),
        ),
    ],
)
def test_a_bad_batch_costs_no_hop(
    cluster: Cluster, request_: pb.MatchTextsRequest, offence: tuple[str, str]
) -> None:
    stub = cluster.stub()
    assert violations(refused(lambda: stub.MatchTexts(request_))) == [offence]
    assert cluster.hops() == (0, 0)


def test_bytes_that_are_not_utf8_are_the_callers_fault(cluster: Cluster) -> None:
    call = cluster.gateway().unary_unary("/ambiance.match.v1.MatchService/MatchText")
    [(name, description)] = violations(refused(lambda: call(b"\x0a\x01\xff")))
    assert name == "request"
    assert "UTF-8" in description


def test_what_the_text_service_refuses_is_told_of_the_callers_field(cluster: Cluster) -> None:
    stub = cluster.stub()
    refusal = InvalidInputError.of("texts[0]", "has no word of the letters a-z")
    cluster.text.script.errors = [refusal, refusal]
    single = refused(lambda: stub.MatchText(pb.MatchTextRequest(text="🙂")))
    assert violations(single) == [("text", "has no word of the letters a-z")]
    batch = refused(lambda: stub.MatchTexts(pb.MatchTextsRequest(texts=["🙂"])))
    assert violations(batch) == [("texts[0]", "has no word of the letters a-z")]


def test_a_space_that_nobody_writes(cluster: Cluster) -> None:
    stub = cluster.stub()
    error = refused(lambda: stub.MatchText(pb.MatchTextRequest(text="a", space="tempo")))
    assert violations(error) == [("space", "the text service writes mood, got 'tempo'")]


def test_a_space_that_the_index_refuses(cluster: Cluster) -> None:
    stub = cluster.stub()
    cluster.music.script.errors = [InvalidInputError.of("queries[0].space", "the index holds vad")]
    error = refused(lambda: stub.MatchText(pb.MatchTextRequest(text="a")))
    assert violations(error) == [("space", "the index holds vad")]


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (NotFoundError("index: 'x'; there is: default"), "NOT_FOUND", "index: 'x'; there is: default"),
        (PreconditionError("lineage: vad-2, got vad-1"), "FAILED_PRECONDITION", "lineage: vad-2, got vad-1"),
        (PeerError("secret"), "INTERNAL", "internal error; the server's log has the details"),
        (
            InvalidInputError.of("queries[0].values[0]", "is NaN"),
            "INTERNAL",
            "internal error; the server's log has the details",
        ),
    ],
)
def test_an_error_of_the_index_reaches_the_caller_after_a_single_try(
    cluster: Cluster, raised: AmbianceError, code: str, message: str
) -> None:
    stub = cluster.stub()
    cluster.music.script.errors = [raised]
    error = refused(lambda: stub.MatchText(pb.MatchTextRequest(text="a")))
    assert (error.code(), error.details()) == (grpc.StatusCode[code], message)
    assert cluster.hops() == (1, 1)


def test_overload_behind_the_gateway_tells_when_to_come_back(cluster: Cluster) -> None:
    stub = cluster.stub()
    cluster.text.script.errors = [OverloadedError("all 64 permits are taken", 0.25)]
    error = refused(lambda: stub.MatchText(pb.MatchTextRequest(text="a")))
    assert (error.code(), error.details()) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "text service: all 64 permits are taken",
    )
    status, info = rpc_status.from_call(error), error_details_pb2.RetryInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    assert info.retry_delay.ToMilliseconds() == 250
    assert cluster.hops() == (1, 0)


def test_a_hop_is_repeated_when_its_connection_breaks_or_its_server_drops_it(cluster: Cluster) -> None:
    texts, queries = cluster.text.script, cluster.music.script
    with relay(cluster.music_server.target) as between:
        stub = cluster.stub(music_target=between.target)
        texts.before = lambda context: context.cancel() if len(texts.requests) == 1 else None
        queries.before = lambda _: between.drop() if len(queries.requests) == 1 else None
        assert stub.MatchText(pb.MatchTextRequest(text="a")).match.neighbors
    assert cluster.hops() == (2, 2)


def test_retries_of_the_layers_do_not_multiply(cluster: Cluster) -> None:
    with relay(cluster.text_server.target) as between:
        target = cluster.gateway(text_target=between.target).target  # type: ignore[attr-defined]
        cluster.text.script.before = lambda _: between.drop()
        with Client(target) as client, pytest.raises(UnavailableError, match=r"text service: "):
            client.match("a")
    hops, _ = cluster.hops()
    assert 1 <= hops <= 4  # what one layer tries; the two would try 16 times


def test_a_service_that_is_gone_is_unavailable(cluster: Cluster) -> None:
    stub = cluster.stub()
    cluster.music_server.stop()
    error = refused(lambda: stub.MatchText(pb.MatchTextRequest(text="a")))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert str(error.details()).startswith("music index service: ")


def test_a_service_that_stalls_uses_up_its_share_of_the_deadline(cluster: Cluster) -> None:
    stub = cluster.stub(default_deadline_seconds=0.3)
    cluster.text.script.before = until_over
    error = refused(lambda: stub.MatchText(pb.MatchTextRequest(text="a")))
    assert (error.code(), error.details()) == (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "text service: no answer in time",
    )
    assert cluster.hops() == (1, 0)


@pytest.mark.parametrize("service", ["text service", "music index service"])
@pytest.mark.parametrize("fault", ["hangs", "is gone", "is overloaded"])
def test_a_caller_is_told_which_service_failed(cluster: Cluster, service: str, fault: str) -> None:
    behind, server = {
        "text service": (cluster.text, cluster.text_server),
        "music index service": (cluster.music, cluster.music_server),
    }[service]
    target = cluster.gateway().target  # type: ignore[attr-defined]
    with Client(target, deadline_s=3.0) as client:
        client.match("a")
        if fault == "hangs":
            behind.script.before = until_over
            kind, words = DeadlineError, "no answer in time$"
        elif fault == "is gone":
            server.stop()
            kind, words = UnavailableError, "."
        else:
            # after the deadline, so that the client tells of it at once
            behind.script.errors = [OverloadedError("all 64 permits are taken", 60.0)]
            kind, words = OverloadedError, "all 64 permits are taken$"
        with pytest.raises(kind, match=f"^gateway at {target}: {service}: {words}"):
            client.match("a")


@pytest.mark.parametrize(
    ("settings", "timeout_s", "text_s", "music_s"),
    [
        ({}, 4.0, 2.4, 4.0),  # the caller's own
        ({"default_deadline_seconds": 2.0}, None, 1.2, 2.0),  # the default
        ({"max_deadline_seconds": 1.0}, 60.0, 0.6, 1.0),  # the limit
    ],
)
def test_each_hop_gets_its_part_of_the_deadline(
    cluster: Cluster, settings: dict[str, float], timeout_s: float | None, text_s: float, music_s: float
) -> None:
    cluster.stub(**settings).MatchText(pb.MatchTextRequest(text="a"), timeout=timeout_s)
    assert 0 < cluster.text.script.time_remaining_s[0] <= text_s + CLOCK_TOLERANCE_S
    assert text_s < cluster.music.script.time_remaining_s[0] <= music_s + CLOCK_TOLERANCE_S


def test_a_caller_that_hangs_up_leaves_no_trace(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    stub = cluster.stub()
    arrived, go_on = threading.Event(), threading.Event()

    def hold(_: grpc.ServicerContext) -> None:
        arrived.set()
        go_on.wait(WAIT_S)

    cluster.text.script.before = hold
    call = stub.MatchText.future(pb.MatchTextRequest(text="a"))
    assert arrived.wait(WAIT_S)
    call.cancel()
    go_on.set()
    cluster.text.script.before = lambda _: None
    assert stub.MatchText(pb.MatchTextRequest(text="b")).match.neighbors
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_serves_only_while_both_services_do(cluster: Cluster) -> None:
    channel = cluster.gateway()
    serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    wait_for_health(channel, serving, "ambiance.match.v1.MatchService")
    cluster.text_server.reporter.report(serving=False)
    wait_for_health(channel, not_serving)
    cluster.text_server.reporter.report(serving=True)
    wait_for_health(channel, serving)
    cluster.music_server.stop()
    wait_for_health(channel, not_serving)
    cluster.music_server.start()
    wait_for_health(channel, serving)
    assert match_service_pb2_grpc.MatchServiceStub(channel).MatchText(pb.MatchTextRequest(text="a")).match


def test_does_not_serve_services_of_different_lineages(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    channel = cluster.gateway()
    wait_for_health(channel, health_pb2.HealthCheckResponse.SERVING)
    cluster.music.lineage = "mood-2"
    wait_for_health(channel, health_pb2.HealthCheckResponse.NOT_SERVING)
    reason = "lineages of space 'mood' differ: mood-1 in the text service, mood-2 in the music index service"
    assert reason in [record.__dict__.get("reason") for record in caplog.records]


def test_the_process_starts_without_its_services_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "gateway", "--port", "0", "--metrics-port", "0"]
    nobody = ["--text-target", "127.0.0.1:1", "--music-target", "127.0.0.1:1"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([*command, *nobody], stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        assert any('"listening"' in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(WAIT_S) == 0


def until_over(context: grpc.ServicerContext) -> None:
    """Hold a call until its caller gave up."""
    over = threading.Event()
    if context.add_callback(over.set):
        over.wait(WAIT_S)


def test_a_gateway_serves_once_a_match_was_rehearsed(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.application.rehearse", rehearse)
    cluster.text.script.errors = [NotFoundError("not yet")]
    wait_for_health(cluster.gateway(), health_pb2.HealthCheckResponse.SERVING)
    assert cluster.hops() == (2, 1)


def test_the_gateway_opens_several_connections_to_each_service(cluster: Cluster) -> None:
    with relay(cluster.music_server.target) as between:
        stub = cluster.stub(music_target=between.target)
        for _ in range(2 * CONNECTIONS):
            stub.MatchText(pb.MatchTextRequest(text="joy"))
        assert between.connection_count == CONNECTIONS
