"""Times a match against an echo in one run, one call after another: how much of a match is more than wire.

The echo is a server of the same kind and kit in a process of its own. It takes the bytes of the same
request and answers with as many bytes as a match does. Blocks alternate, so that a noisy moment of the
machine falls on all alike. Needs a running cluster (`make up`); `make latency` runs it.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import grpc
from tqdm import tqdm

from ambiance.match.v1 import match_service_pb2 as pb
from ambiance.match.v1 import match_service_pb2_grpc as stubs
from ambiance.rpc.channel import CHANNEL_OPTIONS, GATEWAY_PORT
from ambiance.rpc.server import Application, HealthReporter, Servicer, create_server
from ambiance.rpc.settings import ServerSettings
from ambiance.rpc.telemetry import RpcMetrics

TEXTS = (
    "I can't believe she is gone",
    "We won! I'm so proud of every single one of you, what a night",
    "Stop following me, I told you never to come back here",
    "ok",
)
ECHO = "/ambiance.load.Echo/Echo"


def serve_echo(reply: bytes, ready: Connection) -> None:
    """Run the echo server until the parent ends it."""
    handler = grpc.unary_unary_rpc_method_handler(lambda _request, _context: reply)
    _, service, method = ECHO.split("/")
    generic = grpc.method_handlers_generic_handler(service, {method: handler})
    application = Application([Servicer(service, lambda server: server.add_generic_rpc_handlers((generic,)))])
    server, port = create_server(application, ServerSettings(), RpcMetrics(), HealthReporter([service]))
    server.start()
    ready.send(port)
    server.wait_for_termination()


def time_calls(call: Callable[[int], object], count: int) -> list[float]:
    """Seconds that each of `count` calls took, one after another."""
    seconds = []
    for i in range(count):
        start = time.perf_counter()
        call(i)
        seconds.append(time.perf_counter() - start)
    return seconds


def measure(target: str, rounds: int, calls: int) -> dict[str, list[float]]:
    """Seconds of every match, echo and row of three echoes, in alternating blocks after a warm-up."""
    requests = [pb.MatchTextRequest(text=text) for text in TEXTS]
    encoded = [request.SerializeToString() for request in requests]
    with grpc.insecure_channel(target, options=CHANNEL_OPTIONS) as channel:
        match = stubs.MatchServiceStub(channel).MatchText
        reply = match(requests[0], timeout=5).SerializeToString()
        spawn = multiprocessing.get_context("spawn")
        parent, child = spawn.Pipe()
        process = spawn.Process(target=serve_echo, args=(reply, child), daemon=True)
        process.start()
        with grpc.insecure_channel(f"127.0.0.1:{parent.recv()}", options=CHANNEL_OPTIONS) as echo_channel:
            echo = echo_channel.unary_unary(ECHO)

            def three_echoes(i: int) -> None:
                for _ in range(3):
                    echo(encoded[i % len(encoded)], timeout=5)

            kinds: dict[str, Callable[[int], object]] = {
                "echo": lambda i: echo(encoded[i % len(encoded)], timeout=5),
                "three echoes": three_echoes,
                "match": lambda i: match(requests[i % len(requests)], timeout=5),
            }
            seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
            for kind in kinds.values():
                time_calls(kind, calls)
            for _ in tqdm(range(rounds), desc="rounds", disable=not sys.stderr.isatty()):
                for name, kind in kinds.items():
                    seconds[name] += time_calls(kind, calls)
        process.terminate()
    return seconds


def main() -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--target", default=f"127.0.0.1:{GATEWAY_PORT}", help="address of the gateway")
    parser.add_argument("--rounds", type=int, default=20, help="alternations")
    parser.add_argument("--calls", type=int, default=200, help="calls of each kind in a round")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    try:
        seconds = measure(arguments.target, arguments.rounds, arguments.calls)
    except grpc.RpcError as error:
        print(f"match_latency: {arguments.target}: {error.details()}", file=sys.stderr)  # type: ignore[attr-defined]
        return 69
    figures = {}
    for name, values in seconds.items():
        percentiles = statistics.quantiles(values, n=100)
        figures[name] = {
            "p50_ms": percentiles[49] * 1e3,
            "p99_ms": percentiles[98] * 1e3,
            "calls": len(values),
        }
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return 0
    floor = figures["three echoes"]
    print(f"{'':14}{'p50 ms':>9}{'p99 ms':>9}{'p50 / three echoes':>21}{'p99 / three echoes':>21}")
    for name, row in figures.items():
        ratios = row["p50_ms"] / floor["p50_ms"], row["p99_ms"] / floor["p99_ms"]
        print(f"{name:14}{row['p50_ms']:9.3f}{row['p99_ms']:9.3f}{ratios[0]:21.2f}{ratios[1]:21.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
