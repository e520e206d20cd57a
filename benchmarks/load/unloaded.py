"""A match with nothing else going on, beside one echo and three: how much of it is more than wire.

The echo server has the same kit around a handler that answers with as many bytes as a match. Calls come one
after another from one thread.
"""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import grpc

from bench.figures import ratio, timings
from bench.timing import alternate, settled_garbage
from load.errors import LoadError
from load.jobs import Work

ECHO, THREE_ECHOES, MATCH = "echo", "three echoes", "match"

Figures = dict[str, dict[str, Any]]


def measure_unloaded(match: Work, echo: Work, rounds: int, calls: int) -> Figures:
    """`timings` of each kind over `rounds` alternating blocks of `calls`, and `ratios` of match to echoes.

    Raises:
        LoadError: if a call fails.
    """
    with closing(match.target.channel()) as channel, closing(echo.target.channel()) as echo_channel:
        match_once, echo_once = _caller(channel, match), _caller(echo_channel, echo)
        kinds = {
            ECHO: echo_once,
            THREE_ECHOES: lambda i: [echo_once(i) for _ in range(3)],
            MATCH: match_once,
        }
        try:
            with settled_garbage():
                seconds = alternate(kinds, rounds=rounds, count=calls)
        except grpc.RpcError as error:
            status: Any = error
            raise LoadError(f"a call failed with nothing else going on: {status.code().name}") from error
    return {
        "timings": timings(seconds),
        "ratios": {name: ratio(seconds[MATCH], seconds[name]) for name in (ECHO, THREE_ECHOES)},
    }


def lines(figures: Figures) -> list[str]:
    """A table."""
    table = [f"{'':14}{'p50 ms':>9}{'p99 ms':>9}"]
    for name, row in figures["timings"].items():
        table.append(f"{name:14}{row['p50_ms']:9.3f}{row['p99_ms']:9.3f}")
    for name, each in figures["ratios"].items():
        p50, p99 = each["p50"], each["p99"]
        table.append(
            f"match / {name}: p50 {p50['median']:.2f} (rounds {p50['low']:.2f} to {p50['high']:.2f}),"
            f" p99 {p99['median']:.2f} ({p99['low']:.2f} to {p99['high']:.2f})"
        )
    return table


def _caller(channel: grpc.Channel, work: Work) -> Callable[[int], Any]:
    method: Any = channel.unary_unary(work.method)
    requests = work.requests
    timeout, metadata = work.deadline_s, work.target.metadata
    return lambda i: method(requests[i % len(requests)], timeout=timeout, metadata=metadata)
