"""A match over the wire, one call after another, beside one and three echoes: its three hops are its floor.

Three processes on this machine answer the match, or one (`ambiance serve`); others answer the echoes. An echo
that asks two more is what a gateway that does nothing costs: the same three hops, nested.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message

from ambiance.channel import CHANNEL_OPTIONS
from ambiance.match.v1 import match_service_pb2 as pb
from ambiance.match.v1 import match_service_pb2_grpc as stubs
from bench.cluster import STANDALONE, artifact_flags, running_cluster
from bench.echo import DEADLINE_S, PATH
from bench.figures import ratio, timings
from bench.options import Options
from bench.processes import serving
from bench.texts import TEXTS
from bench.timing import Call, alternate, settled_garbage

K = 10  # clips a match
BATCH = 64  # texts of a batch

ECHO, THREE_ECHOES, RELAY = "echo", "three echoes", "echo that asks two"
MATCH, BATCHED, IN_ONE = "match", f"match of {BATCH} texts", "match in one process"
MATCH_RATIO, IN_ONE_RATIO = f"{MATCH} / {THREE_ECHOES}", f"{IN_ONE} / {ECHO}"
BATCH_RATIO = f"{BATCH} x {MATCH} / {BATCHED}"


def measure(options: Options) -> dict[str, Any]:
    """Times of echoes and matches, and the ratios that the targets are about."""
    rounds, count = (3, 20) if options.quick else (30, 150)
    with wire_calls(options.artifacts) as (calls, reply_bytes), settled_garbage():
        singles = {name: calls[name] for name in (ECHO, THREE_ECHOES, RELAY, MATCH, IN_ONE)}
        seconds = alternate(singles, rounds=rounds, count=count)
        batches = {name: calls[name] for name in (MATCH, BATCHED)}
        of_batches = alternate(batches, rounds=rounds, count=max(count // 10, 3))
    return {
        "texts": len(TEXTS),
        "clips_a_match": K,
        "reply_bytes": reply_bytes,
        "timings": timings(seconds | {BATCHED: of_batches[BATCHED]}),
        "ratios": {
            MATCH_RATIO: ratio(seconds[MATCH], seconds[THREE_ECHOES]),
            IN_ONE_RATIO: ratio(seconds[IN_ONE], seconds[ECHO]),
            f"{RELAY} / {THREE_ECHOES}": ratio(seconds[RELAY], seconds[THREE_ECHOES]),
            f"{MATCH} / {RELAY}": ratio(seconds[MATCH], seconds[RELAY]),
            BATCH_RATIO: ratio(BATCH * of_batches[MATCH], of_batches[BATCHED]),
        },
    }


@contextmanager
def wire_calls(artifacts: Path) -> Iterator[tuple[dict[str, Call], int]]:
    """A match, a batch, an echo, three, and one that asks two, over the wire; and the bytes of a reply."""
    with (
        running_cluster(artifacts) as cluster,
        serving(STANDALONE, *artifact_flags(artifacts), "--http-port", "none") as standalone,
        _channel(cluster.gateway.target) as channel,
        _channel(standalone.target) as standalone_channel,
    ):
        calls = match_calls(channel)
        calls[IN_ONE] = match_calls(standalone_channel)[MATCH]
        reply_bytes = calls[MATCH](0).ByteSize()
        replies = ("--reply-bytes", str(reply_bytes))
        with (
            serving("bench.echo", *replies) as server,
            serving("bench.echo", *replies, "--relay-target", server.target) as relay,
            _channel(server.target) as echo_channel,
            _channel(relay.target) as relay_channel,
        ):
            echo, relayed = echo_call(echo_channel), echo_call(relay_channel)
            three = {THREE_ECHOES: lambda number: [echo(number) for _ in range(3)]}
            yield calls | three | {ECHO: echo, RELAY: relayed}, reply_bytes


def match_requests() -> list[bytes]:
    """The requests for a match of each text, serialised."""
    return [request.SerializeToString() for request in _requests()]


def match_calls(channel: grpc.Channel) -> dict[str, Callable[[int], Message]]:
    """A call that matches one text, and one that matches a batch of BATCH."""
    stub, singles = stubs.MatchServiceStub(channel), _requests()
    batch = pb.MatchTextsRequest(texts=[TEXTS[i % len(TEXTS)] for i in range(BATCH)], options={"k": K})
    return {
        MATCH: lambda number: stub.MatchText(singles[number % len(singles)], timeout=DEADLINE_S),
        BATCHED: lambda _: stub.MatchTexts(batch, timeout=DEADLINE_S),
    }


def echo_call(channel: grpc.Channel) -> Call:
    """A call that sends the bytes of a match's request to an echo."""
    call, requests = channel.unary_unary(PATH), match_requests()
    return lambda number: call(requests[number % len(requests)], timeout=DEADLINE_S)


def _requests() -> list[pb.MatchTextRequest]:
    return [pb.MatchTextRequest(text=text, options={"k": K}) for text in TEXTS]


def _channel(target: str) -> grpc.Channel:
    return grpc.insecure_channel(target, options=CHANNEL_OPTIONS)
