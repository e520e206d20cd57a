"""Requests, serialised before anything is timed, and first answers, which tell how long a reply must be."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import grpc

from ambiance.match.v1 import match_service_pb2 as pb
from bench import echo
from load.errors import LoadError, NobodyAnswersError
from load.jobs import Work
from load.options import BATCH
from load.replies import reply_fault
from load.target import Target
from load.texts import Texts

_SERVICE = pb.DESCRIPTOR.services_by_name["MatchService"].full_name
MATCH_TEXT = f"/{_SERVICE}/MatchText"
MATCH_TEXTS = f"/{_SERVICE}/MatchTexts"

BATCHES = 32  # distinct ones
PROBES = 20
PROBE_DEADLINE_S = 5.0

_ABSENT = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


@dataclass(frozen=True)
class Workload:
    """The calls of a load test, and the length of a typical reply to a match in bytes."""

    match: Work
    batch: Work
    reply_bytes: int

    def echo(self, target: Target) -> Work:
        """The same requests, for an echo server."""
        return Work(target, echo.PATH, self.match.requests, self.reply_bytes, self.match.deadline_s)


def prepare(target: Target, texts: Texts, k: int, space: str, deadline_s: float) -> Workload:
    """Serialise every request, and ask the first ones to see that the server answers them well.

    Raises:
        NobodyAnswersError: if no server answers.
        LoadError: if one refuses, or its answer isn't a match of k clips in the space.
    """
    requests = [
        pb.MatchTextRequest(text=text, options={"k": k}, space=space).SerializeToString()
        for text in texts.texts
    ]
    sizes = sorted(map(len, _probe(target, requests[:PROBES], k, space)))
    batches = [_batch(texts, i, k, space).SerializeToString() for i in range(BATCHES)]
    least = sizes[0] // 2  # replies differ in length; half of the shortest holds no k clips
    return Workload(
        Work(target, MATCH_TEXT, tuple(requests), least, deadline_s),
        Work(target, MATCH_TEXTS, tuple(batches), BATCH * least, max(deadline_s, PROBE_DEADLINE_S)),
        sizes[len(sizes) // 2],
    )


def _batch(texts: Texts, number: int, k: int, space: str) -> pb.MatchTextsRequest:
    of_batch = [texts.texts[(number * BATCH + i) % len(texts.texts)] for i in range(BATCH)]
    return pb.MatchTextsRequest(texts=of_batch, options={"k": k}, space=space)


def _probe(target: Target, requests: list[bytes], k: int, space: str) -> list[bytes]:
    with closing(target.channel()) as channel:
        method: Any = channel.unary_unary(MATCH_TEXT)
        try:
            replies = [method(r, timeout=PROBE_DEADLINE_S, metadata=target.metadata) for r in requests]
        except grpc.RpcError as error:
            code, details = error.code(), error.details()
            kind = NobodyAnswersError if code in _ABSENT else LoadError
            raise kind(f"{target.address}: {code.name}: {details}") from error
    for reply in replies:
        if (fault := reply_fault(reply, k, space)) is not None:
            raise LoadError(f"{target.address}: the first answers aren't matches: {fault}")
    return replies
