"""Calls per second with a fixed number in flight: echo, match and batches of texts, by the same senders.

A closed loop suits nothing but this: with every slot always busy it finds what the machine can do at most.
Rounds alternate between the kinds, and the median over rounds counts.
"""

import statistics
from collections.abc import Mapping
from typing import Any

import numpy as np

from load.errors import LoadError
from load.fleet import Fleet
from load.histograms import cell, histogram_of, percentiles_ms
from load.jobs import OK, OUTCOMES, Work

Figures = dict[str, dict[str, Any]]


def measure_throughput(
    fleet: Fleet, works: Mapping[str, Work], in_flight: int, rounds: int, seconds: float
) -> Figures:
    """For each kind the median OK calls/s over rounds of `seconds`, each round's rate, and the latencies.

    The first round of each kind warms up and doesn't count.

    Raises:
        LoadError: if a kind isn't answered at all.
    """
    rates: dict[str, list[float]] = {name: [] for name in works}
    latencies: dict[str, list[float]] = {name: [] for name in works}
    failures = dict.fromkeys(works, 0)
    for number in range(rounds + 1):
        for name, work in works.items():
            start, samples = fleet.closed_loop(work, in_flight, seconds)
            if number == 0:
                continue
            ok = samples.outcomes == OUTCOMES.index(OK)
            _, sent, done = samples.times.T
            rates[name].append(float((ok & (done < start + seconds)).sum() / seconds))
            latencies[name] += (done - sent)[ok].tolist()
            failures[name] += int((~ok).sum())
    if silent := [name for name, each in rates.items() if not statistics.median(each)]:
        raise LoadError(f"{', '.join(silent)}: no call was answered, {failures[silent[0]]:,} failed")
    return {
        name: {
            "calls_per_s": statistics.median(rates[name]),
            "rounds": rates[name],
            "latency_ms": percentiles_ms(histogram_of(np.array(latencies[name]))),
            "failures": failures[name],
        }
        for name in works
    }


def lines(figures: Figures, in_flight: int, batch: int) -> list[str]:
    """A table."""
    first = f"{in_flight} in flight"
    table = [f"{first:22}{'calls/s':>9}{'texts/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}"]
    for name, row in figures.items():
        texts = row["calls_per_s"] * (batch if name == "batch" else 1)
        latency = row["latency_ms"]
        table.append(
            f"{name:22}{row['calls_per_s']:9.0f}{texts:9.0f}"
            f"{cell(latency.get('p50'))}{cell(latency.get('p99'))}{row['failures']:8}"
        )
    return table
