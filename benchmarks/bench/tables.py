"""Figures as tables, for the terminal and for the page alike."""

from collections.abc import Iterable, Mapping
from typing import Any

from bench.targets import Verdict
from training.evaluate.tables import markdown_table

NO_FIGURE = "-"
_MET = {True: "yes", False: "no", None: "not measured"}


def spread_text(spread: Mapping[str, float]) -> str:
    """Median and quartiles over repetitions."""
    return f"{number(spread['median'])} ({number(spread['low'])} to {number(spread['high'])})"


def verdict_table(verdicts: Iterable[Verdict]) -> str:
    """Target, limit, figure, spread and whether it is met."""
    rows = [
        (
            verdict.target.title,
            f"{'≥' if verdict.target.at_least else '≤'} {number(verdict.target.limit)}{verdict.target.unit}",
            NO_FIGURE if verdict.figure is None else f"{number(verdict.figure)}{verdict.target.unit}",
            _between(verdict.low, verdict.high),
            _MET[verdict.met],
        )
        for verdict in verdicts
    ]
    return markdown_table(("target", "limit", "figure", "quartiles", "met"), rows)


def timing_table(timings: Mapping[str, Mapping[str, Any]]) -> str:
    """p50 with its quartiles over rounds, and p99, of each kind of call."""
    rows = [
        (
            name,
            f"{number(timing['p50_ms'])} ms",
            _between(timing["p50_low_ms"], timing["p50_high_ms"]),
            f"{number(timing['p99_ms'])} ms",
        )
        for name, timing in timings.items()
    ]
    return markdown_table(("", "p50", "quartiles", "p99"), rows)


def ratio_table(ratios: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Ratios at p50 and p99, medians over rounds with quartiles."""
    rows = [(name, *(spread_text(each[key]) for key in ("p50", "p99"))) for name, each in ratios.items()]
    return markdown_table(("", "at p50", "at p99"), rows)


def number(value: float) -> str:
    """Three significant places, thousands set apart, no exponent."""
    rounded = float(f"{value:.3g}") if abs(value) < 1_000 else round(value)
    return f"{rounded:,.12f}".rstrip("0").rstrip(".")


def _between(low: float | None, high: float | None) -> str:
    return NO_FIGURE if low is None or high is None else f"{number(low)} to {number(high)}"
