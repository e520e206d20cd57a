"""Looks into the replies and refusals that senders kept: were they what was asked for?"""

from collections.abc import Iterable

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from ambiance.match.v1 import match_service_pb2 as pb


def reply_fault(reply: bytes, k: int, space: str) -> str | None:
    """What is wrong with a serialised MatchTextResponse, None if nothing is.

    It must hold k distinct clips, nearest first in the space's order, in the space that answers are wanted
    in, and say which versions made it.
    """
    try:
        response = pb.MatchTextResponse.FromString(reply)
    except DecodeError:
        return "not a MatchTextResponse"
    clips = [neighbor.clip.id for neighbor in response.match.neighbors]
    if len(clips) != k:
        return f"{len(clips)} clips instead of {k}"
    if len(set(clips)) != k:
        return "the same clip twice"
    if response.origin.space.name != space:
        return f"matched in {response.origin.space.name!r} instead of {space!r}"
    if not (response.origin.model.version and response.origin.index.version):
        return "no version of the model or the index"
    return None


def refusal_fault(details: bytes) -> str | None:
    """What is wrong with the status details of a RESOURCE_EXHAUSTED call: they must tell when to retry."""
    info = error_details_pb2.RetryInfo()
    try:
        status = status_pb2.Status.FromString(details)
    except DecodeError:
        return "status details that aren't a google.rpc.Status"
    if not any(detail.Unpack(info) for detail in status.details):
        return "no RetryInfo"
    return None if info.retry_delay.ToNanoseconds() > 0 else "a RetryInfo without a delay"


def faults(found: Iterable[str | None]) -> dict[str, int]:
    """How often each fault was found."""
    counts: dict[str, int] = {}
    for fault in found:
        if fault is not None:
            counts[fault] = counts.get(fault, 0) + 1
    return counts
