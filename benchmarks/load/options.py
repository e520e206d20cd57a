"""The flags of a load test. What no load test needs is refused with the limit in the sentence."""

import argparse
import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ambiance.affect import MOOD_SPACE
from ambiance.channel import GATEWAY_PORT
from ambiance.errors import InvalidInputError
from ambiance.limits import DEFAULT_K, MAX_HITS, MAX_K
from ambiance.targets import resolvable
from load.arrivals import Arrivals, Plan
from load.target import Target, is_loopback

TOKEN_VARIABLE = "AMBIANCE_TOKEN"

MAX_RATE = 20_000.0  # calls/s: several times what Python can send from a few cores
MAX_CALLS = 1_000_000  # of one step: what the senders hold in memory until it ends
LONGEST_STEP = 3.0  # times --duration
BATCH = 64  # texts
PHASES = ("unloaded", "throughput", "rates", "h2load")


@dataclass(frozen=True)
class Options:
    """What one load test was asked for. Durations in seconds, rates in calls/s."""

    target: Target
    phases: tuple[str, ...]
    quick: bool
    k: int
    space: str
    arrivals: Arrivals
    seed: int
    senders: int
    connections: int  # of each sender
    concurrency: int  # calls in flight where their number is fixed
    duration_s: float
    warm_up_s: float
    deadline_s: float
    p99_limit_ms: float
    rate: float  # 0: sweep to the knee
    start_rate: float  # 0: a tenth of what the closed loop reached
    max_rate: float
    rounds: int
    out: Path
    baseline: Path | None
    save_baseline: Path | None
    tolerance: float

    @property
    def figured_phases(self) -> tuple[str, ...]:
        """The phases that end in figures, if all goes well."""
        return _figured(self.phases, self.rate)

    def plan(self, rate: float, *, times: float = 1.0) -> Plan:
        """An open loop at a rate, `times` as long as a step."""
        return Plan(rate, self.warm_up_s, self.duration_s * times, self.arrivals, self.seed)


def parse(argv: Sequence[str] | None = None) -> Options:
    """Read the flags; exits 2 with one sentence on anything out of place."""
    parser = _parser()
    flags = vars(parser.parse_args(argv))
    quick, only = flags["quick"], flags.pop("only")
    flags["duration_s"] = flags["duration_s"] or (1.0 if quick else 6.0)
    if flags["warm_up_s"] is None:
        flags["warm_up_s"] = 0.3 if quick else 1.0
    most = min(MAX_RATE, MAX_CALLS / (flags["warm_up_s"] + LONGEST_STEP * flags["duration_s"]))
    if (asked := max(flags["max_rate"], flags["rate"])) > most:
        parser.error(
            f"--max-rate, --rate: at most {most:,.0f} calls/s for so long a --duration"
            f" ({MAX_CALLS:,} calls a step), got {asked:,.0f}"
        )
    flags["max_rate"] = flags["max_rate"] or most
    phases = tuple(phase for phase in PHASES if not only or phase in only)
    if "throughput" in phases and (k := flags["k"]) * BATCH > MAX_HITS:
        parser.error(f"-k: at most {MAX_HITS // BATCH} with the phase throughput, got {k}; see --only")
    if flags["baseline"] and not _figured(phases, flags["rate"]):
        parser.error("--baseline: with this --only or --rate there is no figure to compare")
    if (kept := flags["save_baseline"]) and kept.is_dir():
        parser.error(f"--save-baseline: {kept}: is a folder")
    return Options(target=_target(parser, flags), phases=phases, rounds=3 if quick else 20, **flags)


def _figured(phases: Iterable[str], rate: float) -> tuple[str, ...]:
    """Those of some phases that end in figures: h2load only checks some, and one rate shows no knee."""
    return tuple(phase for phase in phases if phase != "h2load" and not (phase == "rates" and rate))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="load", description="Load a running Ambiance and say what it bears.", allow_abbrev=False
    )
    add = parser.add_argument
    add("--target", default=f"127.0.0.1:{GATEWAY_PORT}", help="host:port of the gateway")
    add("--tls", action="store_true", help="speak TLS")
    add("--ca", type=Path, help="PEM file to check the server's certificate against; needs --tls")
    add("--server-name", default="", help="name in the server's certificate, if not the host; needs --tls")
    add(
        "--token",
        default=os.environ.get(TOKEN_VARIABLE, ""),
        help=f"bearer token; {TOKEN_VARIABLE} keeps it out of the process list",
    )
    add("--only", action="append", choices=PHASES, help="leave out other phases; may be repeated")
    add("--quick", action="store_true", help="short steps, for a look; its figures are rough")
    add("-k", type=_whole(1, MAX_K, "clips"), default=DEFAULT_K, help="clips a match")
    add("--space", default=MOOD_SPACE, help="space to match in")
    add("--arrivals", choices=("constant", "poisson"), default="constant", help="gaps between calls")
    add("--seed", type=_whole(0, 2**31, ""), default=1, help="draws the texts and the Poisson arrivals")
    add("--senders", type=_whole(1, 64, "processes"), default=2, help="processes that send")
    add("--connections", type=_whole(1, 64, "connections"), default=2, help="connections of each sender")
    add("--concurrency", type=_whole(1, 512, "calls"), default=16, help="calls in flight in a closed loop")
    add(
        "--duration",
        dest="duration_s",
        type=_real(0.5, 600, "seconds"),
        help="measured time of a step (default 6, quick 1)",
    )
    add(
        "--warm-up",
        dest="warm_up_s",
        type=_real(0, 60, "seconds"),
        help="time before it (default 1, quick 0.3)",
    )
    add("--deadline", dest="deadline_s", type=_real(0.01, 60, "seconds"), default=2.0, help="of each call")
    add(
        "--p99-limit",
        dest="p99_limit_ms",
        type=_real(0.1, 60_000, "ms"),
        default=100.0,
        help="of a rate that holds",
    )
    add("--rate", type=_real(1, MAX_RATE, "calls/s"), default=0.0, help="one rate instead of a sweep")
    add("--start-rate", type=_real(1, MAX_RATE, "calls/s"), default=0.0, help="where the sweep starts")
    add(
        "--max-rate",
        type=_real(1, MAX_RATE, "calls/s"),
        default=0.0,
        help="the highest rate, overload included",
    )
    add("--out", type=Path, default=Path("runs/load"), help="folder for results, one folder a run")
    add("--baseline", type=Path, help="result to compare with; the exit status is 1 if a figure got worse")
    add("--save-baseline", type=Path, help="file to write the result to as well")
    add("--tolerance", type=_real(0, 10, ""), default=0.25, help="share by which a figure may be worse")
    return parser


def _target(parser: argparse.ArgumentParser, flags: dict[str, Any]) -> Target:
    """Take the flags that tell where to call."""
    address, tls, ca, name, token = map(flags.pop, ("target", "tls", "ca", "server_name", "token"))
    try:
        resolvable(address)
    except InvalidInputError as error:
        parser.error(f"--{error}")
    if not (token.isascii() and token.isprintable()):
        parser.error("--token: printable ASCII only, as gRPC carries nothing else")
    if not tls and (ca or name):
        parser.error("--ca and --server-name: need --tls")
    if token and not tls and not is_loopback(address):
        parser.error("--token: without --tls it would cross the network in the clear")
    try:
        return Target(address, tls, ca.read_bytes() if ca else None, name, token)
    except OSError as error:
        parser.error(f"--ca: {ca}: {error.strerror}")


def _real(low: float, high: float, unit: str) -> Callable[[str], float]:
    """A number from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{low:g} to {high:,g} {unit}".rstrip() + f", got {text}")
        return value

    return read


def _whole(low: int, high: int, unit: str) -> Callable[[str], Any]:
    """A whole number from `low` to `high`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{low:,} to {high:,} {unit}".rstrip() + f", got {text}")
        return value

    return read
