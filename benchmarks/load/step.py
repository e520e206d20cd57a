"""The figures of one run at one rate."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from load.arrivals import Plan
from load.histograms import encoded, histogram_of, percentiles_ms
from load.jobs import OK, OUTCOMES, Samples

LATE_S = 1e-3  # a send that is later than this counts as late


@dataclass(frozen=True)
class Step:
    """What a rate came to. Latencies are those of OK calls, from when each was due; times in milliseconds.

    achieved_per_s: OK replies that arrived within the measured time, for each second of it.
    outcomes: how many of the calls that were due within the measured time ended so.
    lateness_ms: how long after it was due a call was sent: the generator's own share of a latency.
    generator_cpu: CPU seconds per second and sender; a sender near 1 can't keep up.
    """

    rate: float
    offered_per_s: float
    achieved_per_s: float
    outcomes: dict[str, int]
    latency_ms: dict[str, float]
    lateness_ms: dict[str, float]
    late_count: int
    generator_cpu: float
    latency_histogram: str
    lateness_histogram: str
    samples: Samples

    @property
    def error_rate(self) -> float:
        """The share of calls that didn't end in OK, those that weren't sent included."""
        total = sum(self.outcomes.values())
        return (total - self.outcomes.get(OK, 0)) / total if total else 0.0

    def to_json(self) -> dict[str, Any]:
        """Everything but the samples."""
        return {
            "rate": self.rate,
            "offered_per_s": self.offered_per_s,
            "achieved_per_s": self.achieved_per_s,
            "error_rate": self.error_rate,
            "outcomes": self.outcomes,
            "latency_ms": self.latency_ms,
            "lateness_ms": self.lateness_ms,
            "late_count": self.late_count,
            "generator_cpu": self.generator_cpu,
            "latency_histogram": self.latency_histogram,
            "lateness_histogram": self.lateness_histogram,
        }


def step_of(plan: Plan, start: float, samples: Samples) -> Step:
    """Sum up a run of a plan that began at `start`, without its warm-up."""
    begin, end = start + plan.warm_up_s, start + plan.total_s
    due, sent, done = samples.times.T
    ok = samples.outcomes == OUTCOMES.index(OK)
    counts = due >= begin
    latency = histogram_of((done - due)[counts & ok])
    lags = (sent - due)[counts & ~np.isnan(sent)]
    lateness = histogram_of(lags)
    codes = Counter(OUTCOMES[i] for i in samples.outcomes[counts].tolist())
    return Step(
        rate=plan.rate,
        offered_per_s=float(counts.sum() / plan.duration_s),
        achieved_per_s=float((ok & (done >= begin) & (done < end)).sum() / plan.duration_s),
        outcomes=dict(codes.most_common()),
        latency_ms=percentiles_ms(latency),
        lateness_ms=percentiles_ms(lateness),
        late_count=int((lags > LATE_S).sum()),
        generator_cpu=samples.cpu_s / samples.wall_s if samples.wall_s else 0.0,
        latency_histogram=encoded(latency),
        lateness_histogram=encoded(lateness),
        samples=samples,
    )
