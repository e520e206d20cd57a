"""A soundtrack over HTTP, from a service whose cues a test scripts."""

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from ambiance.errors import PreconditionError, UnavailableError
from ambiance.match.v1 import match_service_pb2_grpc, soundtrack_pb2
from ambiance.server.lifecycle import Servicer
from http_gateways import JSON, WAIT_S, HttpGateway, http_gateway, problem

NAME = "ambiance.match.v1.MatchService"
EVENTS = {"Accept": "text/event-stream"}
PATH = "/v1/soundtrack"


class FakeComposer(match_service_pb2_grpc.MatchServiceServicer):
    """Sends as many cues as the text has words, and then what the text asks for."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, for another test."""
        self.sent = 0
        self.left = threading.Event()
        self.goes_on = threading.Event()

    def ComposeSoundtrack(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        context.add_callback(self.left.set)
        if request.text == "refuse":
            raise PreconditionError("lineages differ")
        yield soundtrack_pb2.ComposeSoundtrackResponse(start={"word_count": 3})
        for number in range(100_000 if request.text == "endless" else 3):
            why = "x" * 10_000 if request.text == "endless" else "“calm”\n\nand\u2028sad"
            yield soundtrack_pb2.ComposeSoundtrackResponse(cue={"number": number, "why": why})
            self.sent += 1
            if request.text == "pause" and number == 0:
                self.goes_on.wait(WAIT_S)
            if request.text == "break":
                raise UnavailableError("the text service doesn't answer")
        yield soundtrack_pb2.ComposeSoundtrackResponse(end={"cue_count": 3})


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[HttpGateway, FakeComposer]]:
    composer = FakeComposer()
    add_to = partial(match_service_pb2_grpc.add_MatchServiceServicer_to_server, composer)
    with http_gateway([Servicer(NAME, add_to)]) as gateway:
        yield gateway, composer


@pytest.fixture
def gateway(served: tuple[HttpGateway, FakeComposer]) -> HttpGateway:
    return served[0]


@pytest.fixture
def composer(served: tuple[HttpGateway, FakeComposer]) -> FakeComposer:
    served[1].forget()
    return served[1]


def events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Server-sent events, as a browser takes them apart."""
    name, data = "message", []
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        elif not line and data:
            yield name, json.loads("\n".join(data))
            name, data = "message", []


def test_each_part_is_an_event_once_it_is_composed(gateway: HttpGateway, composer: FakeComposer) -> None:
    with gateway.post(PATH, {"text": "pause"}, EVENTS, stream=True) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        found = events(line.decode() for line in answer.iter_lines(chunk_size=1, delimiter=b"\n"))
        assert next(found) == ("start", {"characterCount": "0", "wordCount": "3", "durationSeconds": 0.0})
        name, cue = next(found)
        assert (name, cue["number"], cue["why"]) == ("cue", 0, "“calm”\n\nand\u2028sad")
        assert cue["startSeconds"] == 0.0  # what is at its default is told as well
        composer.goes_on.set()
        assert [name for name, _ in found] == ["cue", "cue", "end"]


def test_without_events_it_is_one_document(gateway: HttpGateway) -> None:
    answer = gateway.post(PATH, {"text": "calm"})
    assert answer.headers["Content-Type"] == "application/json"
    document = answer.json()
    assert list(document) == ["start", "cues", "end"]
    assert [cue["number"] for cue in document["cues"]] == [0, 1, 2]
    assert document["end"]["cueCount"] == 3


def test_an_error_before_the_first_part_has_its_own_code(gateway: HttpGateway) -> None:
    error = problem(gateway.post(PATH, {"text": "refuse"}, EVENTS))
    assert (error["code"], error["status"]) == (400, "FAILED_PRECONDITION")


def test_an_error_after_cues_is_the_last_event(gateway: HttpGateway) -> None:
    answer = gateway.post(PATH, {"text": "break"}, EVENTS)
    found = list(events(iter(answer.text.split("\n"))))
    assert [name for name, _ in found] == ["start", "cue", "error"]
    assert found[-1][1]["error"]["status"] == "UNAVAILABLE"
    document = gateway.post(PATH, {"text": "break"}).json()
    assert list(document) == ["start", "cues", "error"]
    assert document["error"]["message"] == "the text service doesn't answer"


def test_a_client_that_leaves_ends_the_composing(gateway: HttpGateway, composer: FakeComposer) -> None:
    with gateway.post(PATH, {"text": "pause"}, EVENTS, stream=True) as answer:
        next(answer.iter_lines())
    assert composer.left.wait(WAIT_S)
    composer.goes_on.set()


def test_a_client_that_reads_nothing_loses_its_connection(
    gateway: HttpGateway, composer: FakeComposer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.http_json.connection.UNREAD_S", 0.2)
    with gateway.post(PATH, {"text": "endless"}, EVENTS, stream=True):
        assert composer.left.wait(WAIT_S)


def test_a_soundtrack_that_plays_outlasts_the_request_to_stop(composer: FakeComposer) -> None:
    add_to = partial(match_service_pb2_grpc.add_MatchServiceServicer_to_server, composer)
    with http_gateway([Servicer(NAME, add_to)]) as gateway:
        answer = gateway.post(PATH, {"text": "pause"}, EVENTS, stream=True)
        ending = threading.Thread(target=gateway.process.end)
        ending.start()
        while is_open(gateway):
            time.sleep(0.05)
        composer.goes_on.set()
        assert "event: end" in answer.text
        ending.join(WAIT_S)


def is_open(gateway: HttpGateway) -> bool:
    """Whether it still lets connections in."""
    try:
        gateway.connect().close()
    except OSError:
        return False
    return True


def test_a_client_that_reads_slowly_slows_the_composing(gateway: HttpGateway, composer: FakeComposer) -> None:
    body = b'{"text":"endless"}'
    with gateway.connect() as client:
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        head += f"Content-Type: {JSON['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        before = -1
        while composer.sent > before:  # until the buffers between are full
            before = composer.sent
            time.sleep(0.2)
        assert 0 < before < 5_000  # of 1 GB that it would send
        while composer.sent == before:  # once there is room, more is composed; else nothing comes any more
            assert client.recv(1 << 20)
    assert composer.left.wait(WAIT_S)
