"""The figures that sum up a load test: what the targets are about, and what a later run is compared with."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from load.jobs import OK, SHED

OVERLOAD = 3.0  # times the capacity: what the targets are about

Results = dict[str, Any]  # what `result.json` holds


@dataclass(frozen=True)
class Figure:
    """One number. A ratio carries over to other machines. `bound` is the target, None where there is none."""

    name: str
    value: float
    higher_is_better: bool = False
    is_ratio: bool = True
    bound: float | None = None
    unit: str = ""
    phase: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.bound is None:
            return None
        return self.value >= self.bound if self.higher_is_better else self.value <= self.bound

    def describe(self) -> str:
        """A line such as "match p50 / three echoes: 1.22, target at most 1.25: holds"."""
        text = f"{self.name}: {self.value:.4g}{self.unit and ' '}{self.unit}"
        if self.bound is None:
            return text
        kind = "at least" if self.higher_is_better else "at most"
        return f"{text}, target {kind} {self.bound:g}: {'holds' if self.holds else 'MISSED'}"

    def to_json(self) -> dict[str, Any]:
        """Fields and verdict."""
        return {**asdict(self), "holds": self.holds}


def figures_of(results: Results) -> list[Figure]:
    """The figures of the phases that ran."""
    found = {
        "unloaded": _unloaded(results),
        "throughput": _throughput(results),
        "rates": [*_rates(results), *_overload(results)],
        "h2load": _flood(results),
    }
    return [replace(figure, phase=phase) for phase, figures in found.items() for figure in figures]


def failures_of(results: Results) -> list[str]:
    """What no server may do at any speed, of the runs whose replies were looked into: a sentence each."""
    runs = [*results.get("steps", []), *(results[name] for name in ("at_80", "overload") if name in results)]
    checked = [(f"at {run['rate']:.0f}/s", run) for run in runs if "reply_faults" in run]
    silent = [f"{at}: no call was answered" for at, run in checked if not run["outcomes"].get(OK)]
    return silent + [
        f"{at}: faulty replies: {run['reply_faults']}" for at, run in checked if run["reply_faults"]
    ]


def _unloaded(results: Results) -> list[Figure]:
    if (unloaded := results.get("unloaded")) is None:
        return []
    one, three = (unloaded["ratios"][name] for name in ("echo", "three echoes"))
    match = unloaded["timings"]["match"]
    of_one_process = 1.5 if results["one_process"] else None
    return [
        Figure("unloaded p50 / three echoes", three["p50"]["median"], bound=1.25),
        Figure("unloaded p99 / three echoes", three["p99"]["median"], bound=1.5),
        Figure("unloaded p50 / one echo", one["p50"]["median"], bound=of_one_process),
        Figure("unloaded p50", match["p50_ms"], is_ratio=False, unit="ms"),
        Figure("unloaded p99", match["p99_ms"], is_ratio=False, unit="ms"),
    ]


def _throughput(results: Results) -> list[Figure]:
    if (kinds := results.get("throughput")) is None:
        return []
    match, echo = kinds["match"]["calls_per_s"], kinds["echo"]["calls_per_s"]
    texts = kinds["batch"]["calls_per_s"] * results["batch"]
    return [
        Figure("match rate / third of echo rate", 3 * match / echo, higher_is_better=True, bound=0.8),
        Figure("texts/s in batches / texts/s alone", texts / match, higher_is_better=True, bound=10),
        Figure("match rate, closed loop", match, higher_is_better=True, is_ratio=False, unit="calls/s"),
    ]


def _rates(results: Results) -> list[Figure]:
    if (at_80 := results.get("at_80")) is None:
        return []
    knee, latency = results["knee"], at_80["latency_ms"]
    return [
        Figure("capacity", results["capacity_per_s"], True, is_ratio=False, unit="calls/s"),
        Figure("knee", knee["rate"], higher_is_better=True, is_ratio=False, unit="calls/s"),
        *(
            Figure(f"{name} at 80 % of the knee", latency[name], is_ratio=False, unit="ms")
            for name in ("p50", "p99")
            if name in latency
        ),
    ]


def _overload(results: Results) -> list[Figure]:
    if (overload := results.get("overload")) is None:
        return []
    outcomes, total = overload["outcomes"], sum(overload["outcomes"].values())
    neither = (total - outcomes.get(OK, 0) - outcomes.get(SHED, 0)) / total
    goodput = overload["achieved_per_s"] / results["capacity_per_s"]
    figures = [
        Figure("goodput / capacity in overload", goodput, higher_is_better=True, bound=0.85),
        Figure("neither served nor shed in overload", neither, bound=0.0),
        Figure("faulty replies in overload, of a sample", sum(overload["reply_faults"].values()), bound=0),
        Figure("shed in overload without RetryInfo", sum(overload["refusal_faults"].values()), bound=0),
    ]
    figures += _accepted("accepted p99 in overload / p99 at 80 %", overload, results)
    return _as_targets(figures, results)


def _flood(results: Results) -> list[Figure]:
    if (flood := results.get("h2load", {}).get("flood")) is None:
        return []
    goodput = flood["answered_per_s"] / results["capacity_per_s"]
    figures = [Figure("goodput / capacity in overload by h2load", goodput, True, bound=0.85)]
    figures += _accepted("accepted p99 in overload by h2load / p99 at 80 %", flood["ours"], results)
    return _as_targets(figures, results)


def _accepted(name: str, overload: Results, results: Results) -> list[Figure]:
    """How much later the accepted calls of an overload are answered, if any were."""
    accepted, calm = (step["latency_ms"].get("p99") for step in (overload, results["at_80"]))
    return [] if accepted is None or calm is None else [Figure(name, accepted / calm, bound=3.0)]


def _as_targets(figures: list[Figure], results: Results) -> list[Figure]:
    """Targets are about OVERLOAD times the capacity; less is none."""
    if results["overload_times"] >= OVERLOAD:
        return figures
    return [replace(figure, bound=None) for figure in figures]
