"""h2load beside our own senders: the same request, the same calls in flight, both in a closed loop.

And in their place where they are too dear: a call costs h2load a tenth of the processor time that it costs
them, which a server under overload needs for its answers where both are on one machine.
"""

import re
import shutil
import statistics
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from load.errors import LoadError
from load.fleet import Fleet
from load.jobs import OK, OUTCOMES, Work

PROGRAM = "h2load"
ROUNDS = 3
LIMIT_S = 120  # of one run of h2load
FEWEST_CALLS = 100
FLOOD_WARM_UP_S = 1
MOST_STREAMS = 1_000  # of a connection: more than wait for an answer in any overload

_DATA = re.compile(r"\((\d+)\) data")
_UNITS_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def framed(message: bytes) -> bytes:
    """A message as gRPC sends it over HTTP/2: not compressed, its length, the bytes."""
    return struct.pack(">?I", False, len(message)) + message


def cross_check(fleet: Fleet, work: Work, in_flight: int, seconds: float) -> dict[str, Any]:
    """calls_per_s and mean_ms by our senders and by h2load: medians over rounds that alternate.

    Both keep `in_flight` calls going over as many connections, and make about as many calls in all.

    Raises:
        LoadError: if h2load can't be run here, or says what can't be read.
    """
    _require_program(work)
    one = Work(work.target, work.method, work.requests[:1], work.min_reply_bytes, work.deadline_s)
    connections = min(in_flight, fleet.senders * fleet.connections)
    streams = in_flight // connections
    rounds: dict[str, list[dict[str, float]]] = {"load": [], PROGRAM: []}
    for _ in range(ROUNDS):
        ours = _ours(fleet, one, connections * streams, seconds)
        calls = max(FEWEST_CALLS, round(ours["calls_per_s"] * seconds))
        rounds["load"].append(ours)
        output = _run(one, connections, f"-m{streams}", f"-n{calls}")
        rounds[PROGRAM].append(parse(output, work.min_reply_bytes))
    figures: dict[str, Any] = {
        name: {key: statistics.median(each[key] for each in found) for key in found[0]}
        for name, found in rounds.items()
    }
    return {**figures, "in_flight": connections * streams, "connections": connections}


def lines(figures: dict[str, Any]) -> list[str]:
    """A table. By Little's law calls/s times the mean is the calls in flight: a check on each of both."""
    table = [f"{'':14}{'calls/s':>10}{'mean ms':>10}{'calls/s x mean':>16}"]
    for name in ("load", PROGRAM):
        rate, mean = figures[name]["calls_per_s"], figures[name]["mean_ms"]
        table.append(f"{name:14}{rate:10.1f}{mean:10.2f}{rate * mean / 1e3:16.1f}")
    rates, means = (figures["load"][key] / figures[PROGRAM][key] for key in ("calls_per_s", "mean_ms"))
    in_flight, connections = figures["in_flight"], figures["connections"]
    table.append(
        f"ours / {PROGRAM}: {rates:.2f} of the calls/s, {means:.2f} of the mean,"
        f" {in_flight} in flight over {connections} connections"
    )
    return table


def _ours(fleet: Fleet, work: Work, in_flight: int, seconds: float) -> dict[str, float]:
    start, samples = fleet.closed_loop(work, in_flight, seconds)
    _, sent, done = samples.times.T
    ok = samples.outcomes == OUTCOMES.index(OK)
    if not ok.any():
        raise LoadError("no call was answered")
    return {
        "calls_per_s": float((ok & (done < start + seconds)).sum() / seconds),
        "mean_ms": float(np.mean((done - sent)[ok]) * 1e3),
    }


def flood(work: Work, connections: int, rate: float, seconds: int, reply_bytes: float) -> dict[str, float]:
    """offered_per_s and answered_per_s while the first request is sent at a rate, whatever becomes of it.

    Args:
        work: whose first request is sent.
        connections: from 1.
        rate: calls a second.
        seconds: measured, after a warm-up.
        reply_bytes: of an answer to that request, as `cross_check` finds them; a refusal has none.

    Raises:
        LoadError: if h2load can't be run here, or says what can't be read.
    """
    _require_program(work)
    times = (f"-D{seconds}", f"--warm-up-time={FLOOD_WARM_UP_S}")
    output = _run(work, connections, f"-m{MOST_STREAMS}", f"--rps={rate / connections:.2f}", *times)
    done, data = re.search(r"(\d+) done", output), _DATA.search(output)
    if not (done and data):
        raise _unreadable(output)
    return {
        "offered_per_s": int(done[1]) / seconds,
        "answered_per_s": int(data[1]) / reply_bytes / seconds,
    }


def _require_program(work: Work) -> None:
    if shutil.which(PROGRAM) is None:
        raise LoadError(f"{PROGRAM} isn't installed")
    if work.target.token:
        raise LoadError(f"{PROGRAM} takes a token only where every user of this machine could read it")


def _run(work: Work, connections: int, *flags: str) -> str:
    """What h2load prints of sending the first request."""
    scheme = "https" if work.target.tls else "http"
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "body"
        body.write_bytes(framed(work.requests[0]))
        command = [PROGRAM, f"-c{connections}", *flags, "-d", str(body)]
        command += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
        command.append(f"{scheme}://{work.target.address}{work.method}")
        try:
            ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise LoadError(f"{PROGRAM} didn't end within {LIMIT_S} s") from error
    return ended.stdout


def _unreadable(output: str) -> LoadError:
    return LoadError(f"{PROGRAM} says what can't be read: {output.strip()[-200:]}")


def parse(output: str, min_reply_bytes: int) -> dict[str, float]:
    """calls_per_s, mean_ms and reply_bytes from what h2load prints.

    It counts an answer by its HTTP status, which is 200 for a gRPC error too: that the replies have their
    bytes shows that they were answers.

    Raises:
        LoadError: if a figure is missing, a call failed, or the replies are too short to be answers.
    """
    rate = re.search(r"^finished in .*?, ([\d.]+) req/s", output, re.M)
    calls = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
    data = _DATA.search(output)
    mean = re.search(r"^time for request: +\S+ +\S+ +([\d.]+)(us|ms|s)\b", output, re.M)
    if not (rate and calls and data and mean):
        raise _unreadable(output)
    succeeded = int(calls[2])
    reply_bytes = int(data[1]) / succeeded if succeeded else 0.0
    if any(map(int, calls.groups()[2:])) or reply_bytes < min_reply_bytes:
        raise LoadError(f"{PROGRAM}'s calls weren't answered well: {calls[0]}, {reply_bytes:.0f} bytes each")
    return {
        "calls_per_s": float(rate[1]),
        "mean_ms": float(mean[1]) * _UNITS_MS[mean[2]],
        "reply_bytes": reply_bytes,
    }
