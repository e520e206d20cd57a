"""`python -m load.replicas`: a match with clips in FAISS or in Milvus, by one index service or two replicas.

Every cluster has a gateway and a text service in processes of their own, all on this machine with the
senders: two replicas show what they cost or gain where cores are shared, not what two machines would. The
order is turned in every other round. Milvus is the one at --milvus-uri, or a server that the package `milvus`
starts for this run.
"""

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ambiance.affect import MOOD_SPACE
from bench.local_milvus import LocalMilvus
from bench.processes import serving
from load.fleet import Fleet
from load.target import Target
from load.texts import mixed_texts
from load.throughput import measure_throughput
from load.unloaded import ECHO, measure_unloaded
from load.workload import prepare

FAISS, MILVUS = "FAISS", "Milvus"
CLUSTERS = [(engine, count) for engine in (FAISS, MILVUS) for count in (1, 2)]

ROUNDS, CALLS = 5, 40  # of one call after another, in a cluster
IN_FLIGHT = 8
DEADLINE_S = 20.0


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row for each kind of cluster: medians over rounds."""
    options = _parse(argv)
    found: dict[tuple[str, int], list[tuple[float, ...]]] = defaultdict(list)
    with ExitStack() as stack:
        uri = options.milvus_uri or stack.enter_context(_local_milvus())
        for number in range(options.rounds):
            for engine, count in CLUSTERS[:: -1 if number % 2 else 1]:
                found[engine, count].append(_measured(engine, count, uri, options.duration))
    print(f"{'':18}  p50, ms  x echo  matches/s  x echoes/s")
    for engine, count in CLUSTERS:
        p50, beside, rate, share = map(statistics.median, zip(*found[engine, count], strict=True))
        name = f"{engine}, {count} replica{'s' if count > 1 else ''}"
        print(f"{name:18}{p50:9.2f}{beside:8.1f}{rate:11.0f}{share:12.3f}")
    return 0


def _measured(engine: str, count: int, uri: str, seconds: float) -> tuple[float, ...]:
    """p50 in ms of a match after another, its multiple of an echo's, matches a second of many at once, their
    share of the echoes a second."""
    flags = () if engine == FAISS else ("--engine", "milvus", "--milvus-uri", uri)
    with ExitStack() as stack:
        text = stack.enter_context(serving("text_service")).target
        indexes = [stack.enter_context(serving("music_index_service", *flags)).target for _ in range(count)]
        peers = ("--text-target", text, "--music-target", f"ipv4:{','.join(indexes)}")
        gateway = Target(stack.enter_context(serving("gateway", *peers)).target)
        workload = prepare(gateway, mixed_texts(0), 10, MOOD_SPACE, DEADLINE_S)
        reply = ("--reply-bytes", str(workload.reply_bytes))
        echo = workload.echo(Target(stack.enter_context(serving("bench.echo", *reply)).target))
        fleet = stack.enter_context(Fleet(2, 4))
        fleet.connect(gateway)
        fleet.connect(echo.target)
        alone = measure_unloaded(workload.match, echo, ROUNDS, CALLS)
        works = {"match": workload.match, ECHO: echo}
        together = measure_throughput(fleet, works, IN_FLIGHT, 2, seconds)
    rate = together["match"]["calls_per_s"]
    beside = alone["ratios"][ECHO]["p50"]["median"]
    return alone["timings"]["match"]["p50_ms"], beside, rate, rate / together[ECHO]["calls_per_s"]


@contextmanager
def _local_milvus() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, LocalMilvus(Path(folder)) as server:
        yield server.uri


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m load.replicas", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="over all clusters (default: %(default)s)")
    parser.add_argument(
        "--duration", type=float, default=4.0, help="seconds of many at once (default: %(default)s)"
    )
    parser.add_argument("--milvus-uri", default="", help="of a server that runs")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
