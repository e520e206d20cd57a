"""Open loops: the sweep to the knee, a run at 80 % of it, an overload at three times the capacity."""

from collections.abc import Callable

from load.figures import OVERLOAD, Results
from load.fleet import Fleet
from load.histograms import cell
from load.jobs import OK, Work
from load.knee import Limits, Sweep, find_knee, shortcoming
from load.options import LONGEST_STEP, Options
from load.replies import faults, refusal_fault, reply_fault
from load.step import Step, step_of

CALM = 0.8  # times the knee
START_SHARE = 0.1  # of what a closed loop reaches
START_RATE = 20.0  # where no closed loop ran
BUSY = 0.8  # of a core for one sender: beyond it the generator itself may be the limit

HEADER = (
    f"{'':13}{'offered/s':>10}{'achieved/s':>11}{'p50':>9}{'p90':>9}{'p99':>9}{'p99.9':>9}"
    f"{'errors':>8}{'late':>7}{'late p99':>9}{'cpu':>6}"
)

Say = Callable[[str], None]


class Rates:
    """Measures steps of one workload and says each as it ends. Times in its table are milliseconds."""

    def __init__(self, fleet: Fleet, work: Work, options: Options, say: Say) -> None:
        self._fleet, self._work, self._options, self._say = fleet, work, options, say
        self._limits = Limits(options.p99_limit_ms)

    def run(self, echo: Work, closed_loop_rate: float | None) -> Results:
        """The whole phase; what couldn't be measured is left out, and said."""
        self._say(HEADER)
        if self._options.rate:
            return {"steps": [self._checked(self.measure("fixed", self._options.rate))]}
        sweep = self._sweep(closed_loop_rate)
        results: Results = {"steps": [step.to_json() for step in sweep.steps]}
        if (knee := sweep.knee) is None:
            return results | self._without_knee(sweep)
        capacity = max(closed_loop_rate or 0.0, *(step.achieved_per_s for step in sweep.steps))
        self._say(f"knee {knee.rate:.0f}/s; capacity {capacity:.0f}/s, the most that any run had answered")
        results |= {"knee": knee.to_json(), "capacity_per_s": capacity}
        calm = CALM * knee.rate
        results["at_80"] = self._checked(self.measure("80 % of knee", calm, LONGEST_STEP))
        results["echo_at_80"] = self.measure("echo, same", calm, LONGEST_STEP, echo).to_json()
        return results | self._overload(capacity)

    def _without_knee(self, sweep: Sweep) -> Results:
        if sweep.held is None:
            self._say(f"no rate down to {sweep.steps[-1].rate:.1f}/s held: there is no knee")
            return {}
        rate = sweep.held.rate
        self._say(f"held at {rate:.0f}/s, the highest rate that --max-rate allows: no knee, no overload")
        return {"held_per_s": rate}

    def _overload(self, capacity: float) -> Results:
        rate = min(OVERLOAD * capacity, self._options.max_rate)
        if (times := rate / capacity) < OVERLOAD:
            self._say(f"--max-rate keeps the overload to {times:.2f} x capacity: no target is about that")
        step = self._checked(self.measure(f"{times:.1f} x capacity", rate, LONGEST_STEP))
        return {"overload_times": times, "overload": step}

    def measure(self, name: str, rate: float, times: float = 1.0, work: Work | None = None) -> Step:
        """One open loop, said in a line."""
        plan = self._options.plan(rate, times=times)
        step = step_of(plan, *self._fleet.open_loop(work or self._work, plan))
        self._say(line(name, step, self._limits))
        for warning in warnings(step):
            self._say(f"{'':13}{warning}")
        return step

    def _sweep(self, closed_loop_rate: float | None) -> Sweep:
        options = self._options
        start = options.start_rate or START_SHARE * (closed_loop_rate or START_RATE / START_SHARE)
        # Three times the capacity must still be a rate that may be sent.
        most = options.max_rate / OVERLOAD
        return find_knee(lambda rate: self.measure("", rate), self._limits, max(start, 1.0), most)

    def _checked(self, step: Step) -> Results:
        """The step with what was found wrong in the replies and refusals that were kept."""
        options, samples = self._options, step.samples
        of_replies = faults(reply_fault(reply, options.k, options.space) for reply in samples.replies)
        of_refusals = faults(map(refusal_fault, samples.refusals))
        looked = f"looked into {len(samples.replies)} replies and {len(samples.refusals)} refusals"
        self._say(f"{'':13}{looked}: {of_replies | of_refusals or 'as they should be'}")
        return {
            **step.to_json(),
            "replies_checked": len(samples.replies),
            "reply_faults": of_replies,
            "refusals_checked": len(samples.refusals),
            "refusal_faults": of_refusals,
        }


def line(name: str, step: Step, limits: Limits) -> str:
    """A row under HEADER, and why the rate doesn't hold if it doesn't."""
    latency = "".join(cell(step.latency_ms.get(p)) for p in ("p50", "p90", "p99", "p99.9"))
    why = shortcoming(step, limits)
    return (
        f"{name:13}{step.offered_per_s:10.1f}{step.achieved_per_s:11.1f}{latency}{step.error_rate:8.2%}"
        f"{step.late_count:7}{cell(step.lateness_ms.get('p99'))}{step.generator_cpu:6.2f}"
        + (f"  {why}" if why else "")
    )


def warnings(step: Step) -> list[str]:
    """What makes a step's figures the senders' rather than the server's, and which calls failed."""
    found = []
    if step.generator_cpu > BUSY:
        found.append(f"the senders were busy ({step.generator_cpu:.0%} of a core each): take more of them")
    late, slow = step.lateness_ms.get("p99"), step.latency_ms.get("p99")
    if late is not None and slow is not None and late > slow / 2:
        found.append("half of the p99 is the senders' own lateness: is this machine busy with other things?")
    if errors := {code: count for code, count in step.outcomes.items() if code != OK}:
        found.append(", ".join(f"{code} {count:,}" for code, count in errors.items()))
    return found
