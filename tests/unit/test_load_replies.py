"""What is wrong with a reply or a refusal that a sender kept."""

import pytest
from google.rpc import error_details_pb2, status_pb2

from ambiance.errors import OverloadedError
from ambiance.match.v1 import match_service_pb2 as pb
from ambiance.status_codes import to_status
from load.replies import faults, refusal_fault, reply_fault


def reply(clips: list[str], space: str = "mood", version: int = 2) -> pb.MatchTextResponse:
    response = pb.MatchTextResponse()
    for clip in clips:
        response.match.neighbors.add().clip.id = clip
    response.origin.space.name = space
    response.origin.model.version = response.origin.index.version = version
    return response


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (reply(["a", "b"]), None),
        (reply(["a"]), "1 clips instead of 2"),
        (reply(["a", "a"]), "the same clip twice"),
        (reply(["a", "b"], space="vad"), "matched in 'vad' instead of 'mood'"),
        (reply(["a", "b"], version=0), "no version of the model or the index"),
    ],
)
def test_a_reply(response: pb.MatchTextResponse, fault: str | None) -> None:
    assert reply_fault(response.SerializeToString(), 2, "mood") == fault


def test_a_reply_that_is_something_else() -> None:
    assert reply_fault(b"\xff\xff\xff", 2, "mood") == "not a MatchTextResponse"


def test_a_refusal_of_our_servers_tells_when_to_retry() -> None:
    status = to_status(OverloadedError("all 64 permits are taken", 0.1))
    details = dict(status.trailing_metadata)["grpc-status-details-bin"]
    assert refusal_fault(details) is None


def test_refusals_that_do_not() -> None:
    assert refusal_fault(b"") == "no RetryInfo"
    assert refusal_fault(b"\xff\xff\xff") == "status details that aren't a google.rpc.Status"
    status = status_pb2.Status()
    status.details.add().Pack(error_details_pb2.RetryInfo())
    assert refusal_fault(status.SerializeToString()) == "a RetryInfo without a delay"


def test_faults_are_counted() -> None:
    assert faults([None, "a", "b", "a"]) == {"a": 2, "b": 1}
