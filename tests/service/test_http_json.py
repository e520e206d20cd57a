"""HTTP/JSON on the wire: each route is the gRPC call behind it, and what is wrong is told clearly."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import requests

from ambiance.errors import InvalidInputError, NotFoundError, OverloadedError
from ambiance.match.v1 import match_service_pb2 as match_pb
from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.music.v1 import music_index_service_pb2 as music_pb
from ambiance.music.v1 import music_index_service_pb2_grpc
from ambiance.server.lifecycle import Application, Servicer
from http_gateways import WAIT_S, HttpGateway, http_gateway, problem
from support import Serve

MATCH, MUSIC = "ambiance.match.v1.MatchService", "ambiance.music.v1.MusicIndexService"


class FakeMatch(match_service_pb2_grpc.MatchServiceServicer):
    """Answers, or fails, as the text says."""

    def __init__(self) -> None:
        self.request: Any = None
        self.left = threading.Event()
        self.time_remaining_s = 0.0

    def MatchText(self, request: Any, context: Any) -> match_pb.MatchTextResponse:  # noqa: N802
        self.request, self.time_remaining_s = request, context.time_remaining()
        if request.text == "bad":
            raise InvalidInputError.of("options.max_per_video", "at most 100, got 101")
        if request.text == "busy":
            raise OverloadedError("all 24 permits are taken", 1.5)
        if request.text == "broken":
            raise ZeroDivisionError
        if request.text == "wait":
            context.add_callback(self.left.set)
            self.left.wait(WAIT_S)
        if request.text == "slow":
            time.sleep(0.3)
        origin = {"index": {"kind": "music_index", "version": 7}}
        return match_pb.MatchTextResponse(origin=origin, left_out_clip_count=2**40)

    def MatchTexts(self, request: Any, context: Any) -> match_pb.MatchTextsResponse:  # noqa: N802
        self.request = request
        return match_pb.MatchTextsResponse(matches=[{} for _ in request.texts])

    def ComposeSoundtrack(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        raise NotImplementedError


class FakeMusic(music_index_service_pb2_grpc.MusicIndexServiceServicer):
    """Answers with the request that it had, in its fields."""

    def GetClip(self, request: Any, context: Any) -> music_pb.GetClipResponse:  # noqa: N802
        if request.clip_id == "gone":
            raise NotFoundError("clip_id: the index own_music has no clip 'gone'")
        clip = {"id": request.clip_id, "youtube_id": request.index}
        return music_pb.GetClipResponse(clip=clip)

    def ListClips(self, request: Any, context: Any) -> music_pb.ListClipsResponse:  # noqa: N802
        return music_pb.ListClipsResponse(
            total_clip_count=request.page_size, next_page_token=request.page_token
        )

    def ReportUnavailable(self, request: Any, context: Any) -> music_pb.ReportUnavailableResponse:  # noqa: N802
        results = [{"clip_id": each, "outcome": music_pb.WRITE_OUTCOME_UPDATED} for each in request.clip_ids]
        return music_pb.ReportUnavailableResponse(results=results)


@pytest.fixture(scope="module")
def match() -> FakeMatch:
    return FakeMatch()


@pytest.fixture(scope="module")
def gateway(match: FakeMatch) -> Iterator[HttpGateway]:
    add_match = partial(match_service_pb2_grpc.add_MatchServiceServicer_to_server, match)
    add_music = partial(music_index_service_pb2_grpc.add_MusicIndexServiceServicer_to_server, FakeMusic())
    with http_gateway([Servicer(MATCH, add_match), Servicer(MUSIC, add_music)]) as gateway:
        yield gateway


def test_a_match_is_the_call_of_grpc(gateway: HttpGateway, match: FakeMatch) -> None:
    body = {"text": "a \U0001f3b5", "options": {"k": 3, "filter": {"minMoodScores": {"sad": 0.5}}}}
    answer = gateway.post("/v1/match", body, {"Grpc-Timeout": "2500m"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert match.request == match_pb.MatchTextRequest(
        text="a \U0001f3b5", options={"k": 3, "filter": {"min_mood_scores": {"sad": 0.5}}}
    )
    assert 1.5 < match.time_remaining_s <= 2.6
    told = answer.json()
    assert told["leftOutClipCount"] == str(2**40)  # 64 bits are a string
    assert told["origin"]["index"] == {"kind": "music_index", "version": "7"}
    assert gateway.post("/v1/match:batch", {"texts": ["a", "b"]}).json()["matches"][1]["neighbors"] == []


def test_the_longest_deadline_is_not_past(gateway: HttpGateway) -> None:
    assert gateway.post("/v1/match", {"text": "a"}, {"Grpc-Timeout": "99999999H"}).status_code == 200


def test_lookups_take_their_fields_from_path_and_query(gateway: HttpGateway) -> None:
    clip = gateway.get("/v1/clips/a%2Fb c@0?index=own").json()["clip"]
    assert (clip["id"], clip["youtubeId"]) == ("a/b c@0", "own")
    page = gateway.get("/v1/clips?pageSize=7&pageToken=x").json()
    assert (page["totalClipCount"], page["nextPageToken"]) == ("7", "x")
    results = gateway.post("/v1/clips:reportUnavailable", {"clipIds": ["a"]}).json()["results"]
    assert results == [{"clipId": "a", "outcome": "WRITE_OUTCOME_UPDATED", "violations": []}]


@pytest.mark.parametrize(
    ("body", "field", "offence"),
    [
        ({"txt": "a"}, "txt", "no such field; did you mean text?"),
        ({"text": 3}, "text", "a string is needed, got 3"),
        ({"text": "a", "options": [1]}, "options", "an object is needed, got a list"),
        ({"options": {"k": 1.5}}, "options.k", "a whole number from .* is needed, got 1.5"),
        ({"options": {"k": 10**30}}, "options.k", "a whole number from .* is needed, got 1000*"),
        ({"options": {"maxDistance": "NaN"}}, "options.maxDistance", "a finite number is needed, got 'NaN'"),
        ({"options": {"filter": {"labels": ["a", 1]}}}, "options.filter.labels[1]", "a string is needed"),
        ({"options": {"filter": {"labels": "a"}}}, "options.filter.labels", "a list is needed, got 'a'"),
        (b'{"text": "\\ud800"}', "text", "half a surrogate pair at character 0"),
        (b'{"text": "a", "text": "b"}', "'text'", "stands twice in one object"),
        (b'{"options": {"k": NaN}}', "request", "NaN is no number"),
        (b'{"text": "a"', "request", "isn't JSON: .* at line 1, column 13"),
        (b'{"text": "\xff"}', "request", "isn't UTF-8 at byte 10"),
        (b"", "request", "the body is empty"),
        (b"[" * 200_000, "request", "at most 100,000 values"),
        (b"[" * 50_000, "request", "nested too deep"),
        (b'{"options": {"k": ' + b"9" * 5_000 + b"}}", "options.k", "a whole number"),
        ([], "request", "an object is needed, got a list"),
    ],
)
def test_what_is_wrong_with_a_body_is_named(
    gateway: HttpGateway, body: Any, field: str, offence: str
) -> None:
    error = problem(gateway.post("/v1/match", body))
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    [detail] = error["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    [violation] = detail["fieldViolations"]
    assert violation["field"] == field
    assert re.search(offence, violation["description"])
    assert error["message"].startswith(f"{field}: ")


def test_what_grpc_refuses_is_told_in_names_of_json(gateway: HttpGateway) -> None:
    error = problem(gateway.post("/v1/match", {"text": "bad"}))
    assert error["message"] == "options.maxPerVideo: at most 100, got 101"
    assert error["details"][0]["fieldViolations"][0]["field"] == "options.maxPerVideo"


def test_a_name_that_is_not_there_is_told_in_names_of_json(gateway: HttpGateway) -> None:
    error = problem(gateway.get("/v1/clips/gone"))
    assert (error["code"], error["message"]) == (404, "clipId: the index own_music has no clip 'gone'")


def test_overload_says_when_to_come_back(gateway: HttpGateway) -> None:
    answer = gateway.post("/v1/match", {"text": "busy"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert problem(answer)["details"][0]["retryDelay"] == "1.500s"


@pytest.mark.parametrize(
    ("ask", "code", "told"),
    [
        (lambda to: to.post("/v1/match", {"text": "broken"}), 500, "internal error; the server's log"),
        (lambda to: to.post("/v1/match", {"text": "slow"}, {"Grpc-Timeout": "50m"}), 504, "(?i)deadline"),
        (lambda to: to.post("/v1/match", {}, {"Grpc-Timeout": "5 s"}), 400, "Grpc-Timeout: .*got '5 s'"),
        (
            lambda to: to.post("/v1/match", {}, {"Content-Type": "text/plain"}),
            415,
            "Content-Type",
        ),
        (lambda to: to.post("/v1/match", {}, {"Content-Encoding": "gzip"}), 415, "Content-Encoding"),
        (lambda to: to.post("/v1/match", b" " * 2_097_153), 413, "at most 2,097,152 bytes"),
        (lambda to: to.get("/v1/match"), 405, "takes POST, not GET"),
        (lambda to: to.post("/v1/nothing", {}), 404, "no such path"),
        (lambda to: to.get("/v1/clips?pageSize=x"), 400, "pageSize: a whole number"),
        (lambda to: to.get("/v1/clips?pageSize=1&pageSize=2"), 400, "'pageSize': stands twice"),
        (lambda to: to.get("/v1/labels?nope=1"), 400, "nope: no such field"),
    ],
)
def test_each_mistake_has_its_code(
    gateway: HttpGateway, ask: Callable[[HttpGateway], Any], code: int, told: str
) -> None:
    answer = ask(gateway)
    assert answer.status_code == code
    assert re.search(told, problem(answer)["message"])
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_client_that_leaves_ends_its_call(gateway: HttpGateway, match: FakeMatch) -> None:
    with pytest.raises(requests.Timeout):
        requests.post(f"{gateway.url}/v1/match", json={"text": "wait"}, timeout=0.5)
    assert match.left.wait(WAIT_S)


def test_an_endless_body_is_cut_at_the_limit(gateway: HttpGateway) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 2**30:
            sent += 65_536
            yield b" " * 65_536

    try:
        code = gateway.post("/v1/match", endless()).status_code
    except OSError:  # the server closed while this still wrote
        code = 413
    assert code == 413
    assert sent < 2**26


def test_other_sites_are_let_in_only_if_told() -> None:
    origin = {"Origin": "https://reader.example", "Access-Control-Request-Method": "POST"}
    for setting, allowed in (("", None), ("https://reader.example", "https://reader.example")):
        with http_gateway([], http_cors_origin=setting) as gateway:
            answer = gateway.options("/v1/match", origin)
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed


def test_lookups_of_a_cluster_go_to_the_index_service(serve: Serve) -> None:
    add_music = partial(music_index_service_pb2_grpc.add_MusicIndexServiceServicer_to_server, FakeMusic())
    channel: Any = serve(Application([Servicer(MUSIC, add_music)]))
    with http_gateway([], channel.target) as gateway:
        assert gateway.get("/v1/clips/a").json()["clip"]["id"] == "a"
        assert problem(gateway.post("/v1/match", {"text": "a"}))["status"] == "UNIMPLEMENTED"


def test_requests_are_counted_and_their_texts_are_in_no_log(
    gateway: HttpGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    gateway.post("/v1/match", {"text": "a secret of mine"})
    gateway.get("/v1/clips/a-secret-clip?index=secret")
    gateway.get("/secret-path")
    value = partial(gateway.process.metrics.registry.get_sample_value, "http_server_requests_total")
    assert (value({"method": "POST", "route": "/v1/match", "code": "200"}) or 0) >= 1
    assert (value({"method": "GET", "route": "other", "code": "404"}) or 0) >= 0
    ours = [record for record in caplog.records if not record.name.startswith("urllib3")]
    lines = [json.dumps(vars(record), default=str) for record in ours]
    assert any('"route": "/v1/match"' in line for line in lines)
    assert not any("secret" in line for line in lines)


def test_it_tells_whether_it_serves(gateway: HttpGateway) -> None:
    assert gateway.get("/healthz").status_code == 200
    assert gateway.get("/readyz").status_code == 200
    gateway.process._reporter.report(serving=False)
    assert (gateway.get("/readyz").status_code, gateway.get("/healthz").status_code) == (503, 200)
    gateway.process._reporter.report(serving=True)
