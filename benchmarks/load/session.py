"""One load test from its first call to its results: the phases, in an order that gives each what it needs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ambiance.text.v1 import text_service_pb2
from bench.machine import describe_machine
from bench.processes import serving
from load import h2load, throughput, unloaded
from load.errors import LoadError
from load.figures import Results
from load.fleet import Fleet
from load.jobs import Work
from load.knee import Limits
from load.options import BATCH, Options
from load.rates import LONGEST_STEP, Rates, Say, line
from load.step import step_of
from load.target import Target
from load.texts import mixed_texts
from load.workload import Workload, prepare

FORMAT = 2  # of the results

UNLOADED_CALLS = 100  # of each kind in a round
THROUGHPUT_ROUNDS = 3
THROUGHPUT_SHARE = 0.5  # of a step's duration, for each round of each kind
HEALTH_DEADLINE_S = 2.0

_TEXT_SERVICE = text_service_pb2.DESCRIPTOR.services_by_name["TextService"].full_name


def run_session(options: Options, say: Say, check: Callable[[Results], None]) -> Results:
    """Load the target in every phase that was asked for; says each figure as it is there.

    Args:
        options: what was asked for.
        say: takes a line for people.
        check: takes what is known before the first call is measured, and may refuse to go on.

    Raises:
        NobodyAnswersError: if no server answers at the target.
        LoadError: if its answers aren't matches, or a sender fails.
    """
    texts = mixed_texts(options.seed)
    workload = prepare(options.target, texts, options.k, options.space, options.deadline_s)
    say(f"{options.target.address}: {texts.describe()}")
    say(f"{options.k} clips a match, replies of {workload.reply_bytes:,} bytes, {options.arrivals} arrivals")
    results: Results = {
        "format": FORMAT,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "texts": texts.describe(),
        "batch": BATCH,
        "one_process": _is_one_process(options.target),
        "options": noted(options),
    }
    check(results)
    reply = ("--reply-bytes", str(workload.reply_bytes))
    with Fleet(options.senders, options.connections) as fleet, serving("bench.echo", *reply) as running:
        echo = workload.echo(Target(running.target))
        fleet.connect(options.target)
        fleet.connect(echo.target)
        results["senders_first"] = fleet.has_priority
        say(_senders(options, fleet))
        phases = _Phases(options, fleet, workload, echo, say)
        for name in options.phases:
            getattr(phases, name)(results)
    return results


def noted(options: Options) -> Results:
    """The options that figures depend on; the token is in no file."""
    names = ("k", "space", "arrivals", "seed", "senders", "connections", "concurrency", "quick", "rate")
    times = ("duration_s", "warm_up_s", "deadline_s", "p99_limit_ms")
    where = {"target": options.target.address, "tls": options.target.tls, "phases": list(options.phases)}
    return where | {name: getattr(options, name) for name in (*names, *times)}


class _Phases:
    """The phases by name, each of which adds to the results, and what they need."""

    def __init__(self, options: Options, fleet: Fleet, workload: Workload, echo: Work, say: Say) -> None:
        self._options, self._say = options, say
        self._fleet, self._workload, self._echo = fleet, workload, echo

    def unloaded(self, results: Results) -> None:
        """Targets of latency."""
        rounds = self._options.rounds
        found = unloaded.measure_unloaded(self._workload.match, self._echo, rounds, UNLOADED_CALLS)
        results["unloaded"] = found
        self._say_all(f"one call after another, {rounds} rounds of {UNLOADED_CALLS}", unloaded.lines(found))

    def throughput(self, results: Results) -> None:
        """Targets of calls/s."""
        works = {"echo": self._echo, "match": self._workload.match, "batch": self._workload.batch}
        seconds, in_flight = self._options.duration_s * THROUGHPUT_SHARE, self._options.concurrency
        found = throughput.measure_throughput(self._fleet, works, in_flight, THROUGHPUT_ROUNDS, seconds)
        results["throughput"] = found
        self._say_all("as fast as answers come", throughput.lines(found, in_flight, BATCH))

    def rates(self, results: Results) -> None:
        """Latency against rate, and overload."""
        self._say_all("calls at a rate, whatever becomes of them; latencies in ms from when each was due", [])
        closed_loop = results.get("throughput", {}).get("match", {}).get("calls_per_s")
        rates = Rates(self._fleet, self._workload.match, self._options, self._say)
        results.update(rates.run(self._echo, closed_loop))

    def h2load(self, results: Results) -> None:
        """Another generator's word, where there is one."""
        seconds, in_flight = self._options.duration_s * THROUGHPUT_SHARE, self._options.concurrency
        try:
            found = h2load.cross_check(self._fleet, self._workload.match, in_flight, seconds)
            results["h2load"] = found
            self._say_all("cross-check, the same call all the time", h2load.lines(found))
            if "overload" in results:
                found["flood"] = self._flood(results)
        except LoadError as error:
            self._say_all(f"no cross-check: {error}", [])

    def _flood(self, results: Results) -> Results:
        """The overload once more, but we send as little as at 80 % of the knee, and h2load the rest.

        So the senders take no more of the machine than where its latency is compared with.
        """
        work, found, rate = self._workload.match, results["h2load"], results["at_80"]["rate"]
        plan = self._options.plan(rate, times=LONGEST_STEP)
        rest, reply_bytes = results["overload"]["rate"] - rate, found[h2load.PROGRAM]["reply_bytes"]
        with ThreadPoolExecutor(1) as beside:
            flood = beside.submit(
                h2load.flood, work, found["connections"], rest, round(plan.duration_s), reply_bytes
            )
            step = step_of(plan, *self._fleet.open_loop(work, plan))
            theirs = flood.result()
        self._say(line("most: h2load", step, Limits(self._options.p99_limit_ms)))
        offered = step.offered_per_s + theirs["offered_per_s"]
        answered = step.achieved_per_s + theirs["answered_per_s"]
        self._say(f"{'':13}of {offered:.0f}/s in all {answered:.0f} were answered")
        return {"offered_per_s": offered, "answered_per_s": answered, "ours": step.to_json()}

    def _say_all(self, title: str, lines: list[str]) -> None:
        self._say(f"\n== {title}")
        for each in lines:
            self._say(each)


def _senders(options: Options, fleet: Fleet) -> str:
    priority = "before" if fleet.has_priority else "without priority over"
    many = f"{options.senders} senders with {options.connections} connections each"
    return f"{many}, {priority} other processes of this machine"


def _is_one_process(target: Target) -> bool:
    """Whether the text service answers at the gateway's address: then there are no hops between them."""
    with closing(target.channel()) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]
        try:
            request = health_pb2.HealthCheckRequest(service=_TEXT_SERVICE)
            answer = check(request, timeout=HEALTH_DEADLINE_S, metadata=target.metadata)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
