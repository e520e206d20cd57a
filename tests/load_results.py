"""Made-up results of a load test, for the tests of what is made of them."""

from typing import Any

import numpy as np

from load.arrivals import Plan
from load.figures import figures_of
from load.jobs import OK, OUTCOMES, SHED, Samples
from load.step import Step, step_of


def made_up_step(
    rate: float,
    slow: float = 1.0,
    shed_share: float = 0.0,
    late_s: float = 1e-4,
    cpu_s: float = 0.2,
) -> Step:
    """A step of 2 s whose latencies are lognormal around `slow` x 5 ms; a share of the calls is shed at once.

    Sends are late by `late_s` on average, and cost the sender `cpu_s`.
    """
    rng = np.random.default_rng(0)
    due = np.arange(int(rate * 2)) / rate
    sent = due + rng.exponential(late_s, len(due))
    shed = rng.random(len(due)) < shed_share
    done = sent + np.where(shed, 1e-3, rng.lognormal(np.log(5e-3 * slow), 0.4, len(due)))
    outcomes = np.where(shed, OUTCOMES.index(SHED), OUTCOMES.index(OK)).astype(np.int8)
    samples = Samples(np.stack([due, sent, done], axis=1), outcomes, cpu_s=cpu_s, wall_s=2.0)
    return step_of(Plan(rate, 0, 2), 0.0, samples)


def made_up_results() -> dict[str, Any]:
    """Results of a full test with a knee at 400 calls/s, as `result.json` holds them."""
    steps = [made_up_step(rate, slow).to_json() for rate, slow in ((100, 1), (200, 1.2), (400, 2), (560, 30))]
    kinds = {"echo": 3000.0, "match": 900.0, "batch": 150.0}
    latency = {"p50": 5.0, "p99": 20.0, "max": 30.0}
    ratios = {"p50": spread(1.2), "p99": spread(1.4)}
    results: dict[str, Any] = {
        "format": 2,
        "started": "2026-01-02T03:04:05+00:00",
        "machine": {"cores": 2, "cpu": "A <fast> one", "revision": "abc"},
        "texts": "3 made-up sentences",
        "batch": 64,
        "one_process": False,
        "senders_first": True,
        "options": {
            "target": "127.0.0.1:50051",
            "k": 10,
            "space": "mood",
            "arrivals": "constant",
            "senders": 2,
            "connections": 2,
            "concurrency": 16,
            "tls": False,
            "phases": ["unloaded", "throughput", "rates", "h2load"],
            "quick": False,
            "rate": 0.0,
            "duration_s": 6.0,
            "deadline_s": 2.0,
            "p99_limit_ms": 100.0,
        },
        "unloaded": {
            "timings": {name: {"p50_ms": 1.0, "p99_ms": 2.0} for name in ("echo", "three echoes", "match")},
            "ratios": {"echo": {"p50": spread(3.0), "p99": spread(3.5)}, "three echoes": ratios},
        },
        "throughput": {
            name: {"calls_per_s": rate, "rounds": [rate], "latency_ms": latency, "failures": 0}
            for name, rate in kinds.items()
        },
        "steps": steps,
        "knee": steps[2],
        "capacity_per_s": 400.0,
        "overload_times": 3.0,
        "at_80": made_up_step(320, 1.5).to_json(),
        "echo_at_80": made_up_step(320, 0.2).to_json(),
        "overload": {
            **made_up_step(1200, 3, shed_share=0.7).to_json(),
            "refusal_faults": {},
            "reply_faults": {},
        },
    }
    results["figures"] = [figure.to_json() for figure in figures_of(results)]
    return results


def spread(value: float) -> dict[str, float]:
    """A median with its quartiles."""
    return {"median": value, "low": value * 0.9, "high": value * 1.1}
