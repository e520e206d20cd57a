"""From the start of a process to its first answers: seconds to SERVING, memory, and the first call beside
those that follow."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ambiance.affect import MOOD_SPACE
from ambiance.channel import CHANNEL_OPTIONS
from ambiance.music.v1 import music_index_service_pb2, music_index_service_pb2_grpc
from ambiance.text.v1 import text_service_pb2, text_service_pb2_grpc
from ambiance.type.v1.space_pb2 import Vector
from bench.cluster import GATEWAY, MUSIC, STANDALONE, TEXT, artifact_flags, target_flags
from bench.figures import spread
from bench.matching import DEADLINE_S, MATCH, K, match_calls
from bench.options import Options
from bench.processes import Running, serving
from bench.scaled import AUDIOSET_CLIPS, HUGE_CLIPS, QUICK_CLIPS, made_already, scaled_artifacts
from bench.texts import TEXTS
from bench.timing import Call, time_calls

Calls = Callable[[grpc.Channel], Call]  # what to ask of a service, once there is a channel to it
Starts = dict[str, list[dict[str, float]]]  # what was seen at each start of each process


def measure(options: Options) -> dict[str, Any]:
    """Start every process a few times, an index of 20 million clips once if there is one already.

    Of each figure the median and the quartiles over its starts.
    """
    repeats, calls = (1, 20) if options.quick else (5, 300)
    clips = QUICK_CLIPS if options.quick else AUDIOSET_CLIPS
    indexes = {MUSIC: options.artifacts, music_of(clips): scaled_artifacts(options, clips)}
    starts: Starts = defaultdict(list)
    for _ in range(repeats):
        _start_all(options, calls, starts, indexes)
    if not options.quick and (huge := made_already(options, HUGE_CLIPS)):
        _start_all(options, calls, starts, {music_of(HUGE_CLIPS): huge})
    return {
        "starts": repeats,
        "calls_after_the_first": calls,
        "processes": {
            process: {name: spread(np.array([seen[name] for seen in each])) for name in each[0]}
            for process, each in starts.items()
        },
    }


def music_of(clips: int) -> str:
    """The name of an index service that holds another index than the released one."""
    return f"{MUSIC} of {clips:,} clips"


def _start_all(options: Options, calls: int, starts: Starts, indexes: Mapping[str, Path]) -> None:
    """Start one process after the other, as each needs those before it; the index service with each index."""
    released = artifact_flags(options.artifacts)
    with serving(STANDALONE, *released, "--http-port", "none") as standalone:
        starts[STANDALONE].append(observe(standalone, one_match, calls))
    with serving(TEXT, *released) as text:
        starts[TEXT].append(observe(text, encode_calls, calls))
        queries = query_vectors(text.target)
        for name, artifacts in indexes.items():
            with serving(MUSIC, *artifact_flags(artifacts)) as music:
                starts[name].append(observe(music, lambda channel: search_calls(channel, queries), calls))
        with (
            serving(MUSIC, *released) as music,
            serving(GATEWAY, *target_flags(text, music)) as gateway,
        ):
            starts[GATEWAY].append(observe(gateway, one_match, calls))


def observe(running: Running, calls_to: Calls, count: int) -> dict[str, float]:
    """Seconds to SERVING, the first call and the median of `count` that follow, and memory after them."""
    with grpc.insecure_channel(running.target, options=CHANNEL_OPTIONS) as channel:
        # Whoever calls first has waited for SERVING, and so has the caller's own cold start behind it.
        check_health(channel)
        call = calls_to(channel)
        first_s = time_calls(call, 1).item()
        steady_s = float(np.median(time_calls(call, count)))
    return {
        "start_s": running.start_seconds,
        "first_call_ms": first_s * 1e3,
        "steady_call_ms": steady_s * 1e3,
        "first_call_ratio": first_s / steady_s,
        **running.memory_mb(),
    }


def check_health(channel: grpc.Channel) -> None:
    """Ask as a caller does that waits for SERVING, on the connection over which it calls then."""
    stub = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
    stub.Check(health_pb2.HealthCheckRequest(), timeout=DEADLINE_S, wait_for_ready=True)


def one_match(channel: grpc.Channel) -> Call:
    """A call that matches one text."""
    return match_calls(channel)[MATCH]


def encode_calls(channel: grpc.Channel) -> Call:
    """A call that encodes one text."""
    encode = text_service_pb2_grpc.TextServiceStub(channel).EncodeTexts
    requests = [text_service_pb2.EncodeTextsRequest(texts=[text]) for text in TEXTS]
    return lambda number: encode(requests[number % len(requests)], timeout=DEADLINE_S)


def search_calls(channel: grpc.Channel, queries: list[Vector]) -> Call:
    """A call that searches with one vector."""
    find = music_index_service_pb2_grpc.MusicIndexServiceStub(channel).FindNeighbors
    requests = [
        music_index_service_pb2.FindNeighborsRequest(queries=[query], options={"k": K}) for query in queries
    ]
    return lambda number: find(requests[number % len(requests)], timeout=DEADLINE_S)


def query_vectors(target: str) -> list[Vector]:
    """What a text service at an address makes of the texts, in the space that matches use."""
    with grpc.insecure_channel(target, options=CHANNEL_OPTIONS) as channel:
        encode = text_service_pb2_grpc.TextServiceStub(channel).EncodeTexts
        response = encode(text_service_pb2.EncodeTextsRequest(texts=TEXTS), timeout=DEADLINE_S)
    return [vector for text in response.results for vector in text.vectors if vector.space == MOOD_SPACE]
