"""A load test as pictures, drawn from its results alone: an old `result.json` gives the same ones."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from hdrh.histogram import HdrHistogram
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from load.figures import Results
from load.histograms import decoded
from load.jobs import OK, SHED

_DPI = 110
_PERCENTILES = {"p50": "#9ecae1", "p90": "#4a98c9", "p99": "#1763aa", "p99.9": "#08306b"}
_OK, _SHED, _FAILED, _REFERENCE = "#2f7f6f", "#e0a030", "#c03a3a", "#9a9a9a"
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "legend.frameon": False,
}

# What a percentile curve and the overload picture show, where it was measured.
_RUNS = {"at_80": "match, 80 % of the knee", "knee": "match, knee", "overload": "match, overload"}
_CURVES = {"echo_at_80": "echo, same rate as 80 %", **_RUNS}


def write_plots(results: Results, folder: Path) -> dict[str, Path]:
    """Draw into a folder what the results hold figures for; returns the files by title."""
    drawn: dict[str, Path] = {}
    with mpl.rc_context(_STYLE):
        for title, (name, needed, draw) in _PLOTS.items():
            if all(_has_latencies(results.get(key)) for key in needed):
                drawn[title] = folder / f"{name}.png"
                draw(results).savefig(drawn[title], dpi=_DPI, metadata={"Software": None})
    return drawn


def _has_latencies(found: Any) -> bool:
    """Whether a step, or any of the sweep's, was answered."""
    steps = found if isinstance(found, list) else [found or {}]
    return any(step.get("latency_ms") for step in steps)


def rates_plot(results: Results) -> Figure:
    """Above, percentiles of latency against the offered rate; below, what was achieved of it.

    Points are all that was measured; lines join the last try at each rate, which decided.
    """
    steps = sorted(results["steps"], key=lambda step: step["rate"])
    plot = Figure(figsize=(7.5, 5.6), layout="constrained")
    upper, lower = plot.subplots(2, sharex=True, height_ratios=(2.2, 1))
    for name, colour in _PERCENTILES.items():
        measured = [(step["rate"], step["latency_ms"][name]) for step in steps if name in step["latency_ms"]]
        _draw_tries(upper, measured, colour, name)
    upper.set(yscale="log", ylabel="latency from when due, ms")
    _plain_ticks(upper.yaxis)
    rates = [step["rate"] for step in steps]
    lower.plot(rates, rates, color=_REFERENCE, linewidth=1, label="offered")
    _draw_tries(lower, [(step["rate"], step["achieved_per_s"]) for step in steps], _OK, "achieved")
    lower.set(xlabel="calls/s offered", ylabel="OK calls/s", ylim=(0, None))
    if knee := results.get("knee"):
        for panel in (upper, lower):
            panel.axvline(knee["rate"], color=_FAILED, linestyle="--", linewidth=1)
        place = {"xycoords": ("data", "axes fraction"), "xytext": (4, -10), "textcoords": "offset points"}
        upper.annotate(f"knee {knee['rate']:.0f}/s", (knee["rate"], 1), color=_FAILED, **place)
    upper.legend(loc="upper left")
    lower.legend(loc="upper left")
    return plot


def _draw_tries(panel: Axes, measured: list[tuple[float, float]], colour: str, label: str) -> None:
    if measured:
        deciding = dict(measured)  # the last value of each rate
        panel.plot(*zip(*measured, strict=True), "o", color=colour, markersize=3, alpha=0.5)
        panel.plot(list(deciding), list(deciding.values()), "-", color=colour, label=label)


def percentiles_plot(results: Results) -> Figure:
    """Latency at every percentile, the scale stretched towards the slowest; and the senders' lateness."""
    plot = Figure(figsize=(7.5, 4.2), layout="constrained")
    panel = plot.subplots()
    colours = (_REFERENCE, "#4a98c9", "#08306b", _FAILED)
    for (name, label), colour in zip(_CURVES.items(), colours, strict=True):
        if step := results.get(name):
            panel.plot(*_curve(decoded(step["latency_histogram"])), color=colour, label=label)
    lateness = decoded(results["at_80"]["lateness_histogram"])
    panel.plot(*_curve(lateness), color=_REFERENCE, linestyle=":", label="sends, late by (80 % of the knee)")
    panel.set(xscale="log", yscale="log", xlabel="percentile", ylabel="latency of OK calls from when due, ms")
    nines = [1, 2, 10, 100, 1_000, 10_000]
    panel.xaxis.set_major_locator(FixedLocator(nines))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 - 100 / x:g} %"))
    _plain_ticks(panel.yaxis)
    panel.legend(loc="lower right")
    return plot


def histogram_plot(results: Results) -> Figure:
    """How many calls took how long, at 80 % of the knee and for an echo at the same rate."""
    plot = Figure(figsize=(7.5, 3.2), layout="constrained")
    panel = plot.subplots()
    runs = {name: _recorded(decoded(results[name]["latency_histogram"])) for name in ("echo_at_80", "at_80")}
    lowest, highest = min(v[0].min() for v in runs.values()), max(v[0].max() for v in runs.values())
    edges = np.geomspace(lowest, highest * 1.001, 80)
    for (name, (values, counts)), colour in zip(runs.items(), (_REFERENCE, "#1763aa"), strict=True):
        panel.hist(values, edges.tolist(), weights=counts, color=colour, alpha=0.75, label=_CURVES[name])
    p99 = results["at_80"]["latency_ms"].get("p99")
    if p99 is not None:
        panel.axvline(p99, color=_FAILED, linestyle="--", linewidth=1, label=f"p99 of a match {p99:.1f} ms")
    panel.set(xscale="log", xlabel="latency from when due, ms", ylabel="calls")
    _plain_ticks(panel.xaxis)
    panel.legend()
    return plot


def overload_plot(results: Results) -> Figure:
    """What became of the calls at each of these rates, and how long the accepted ones took."""
    steps = {label.removeprefix("match, "): results[name] for name, label in _RUNS.items()}
    plot = Figure(figsize=(7.5, 3.2), layout="constrained")
    left, right = plot.subplots(1, 2)
    _stack_outcomes(left, steps)
    for name in ("p50", "p99"):
        heights = [step["latency_ms"].get(name, np.nan) for step in steps.values()]
        right.plot(list(steps), heights, "o-", color=_PERCENTILES[name], label=f"{name} of OK calls")
    right.set(yscale="log", ylabel="latency from when due, ms")
    right.margins(x=0.2)
    _plain_ticks(right.yaxis)
    right.legend()
    return plot


def _stack_outcomes(panel: Axes, steps: Mapping[str, Any]) -> None:
    shares: list[dict[str, float]] = []
    for step in steps.values():
        total, outcomes = sum(step["outcomes"].values()), step["outcomes"]
        ok, shed = outcomes.get(OK, 0), outcomes.get(SHED, 0)
        parts = {"OK": ok, "shed": shed, "other failures": total - ok - shed}
        shares.append({part: count / total * step["offered_per_s"] for part, count in parts.items()})
    base = np.zeros(len(shares))
    for part, colour in (("OK", _OK), ("shed", _SHED), ("other failures", _FAILED)):
        heights = np.array([share[part] for share in shares])
        panel.bar(list(steps), heights, bottom=base, color=colour, label=part, width=0.6)
        base += heights
    panel.set(ylabel="calls/s, by what became of them")
    panel.legend(loc="upper left")


def _recorded(histogram: HdrHistogram) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values in milliseconds and their counts, ascending: <float64>[n] each."""
    items = [
        (item.value_iterated_to / 1e3, item.count_at_value_iterated_to)
        for item in histogram.get_recorded_iterator()
    ]
    values, counts = np.array(items, dtype=np.float64).reshape(-1, 2).T
    return values, counts


def _curve(histogram: HdrHistogram) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """1 / (1 - quantile) and the latency in milliseconds there, up to the slowest call."""
    values, counts = _recorded(histogram)
    beyond = counts.sum() - (counts.cumsum() - counts)
    return counts.sum() / beyond, values


def _plain_ticks(axis: Any) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


# Title, and for each the file, what it needs, what draws it.
_PLOTS: Mapping[str, tuple[str, tuple[str, ...], Callable[[Results], Figure]]] = {
    "Latency against rate": ("rates", ("steps",), rates_plot),
    "Percentiles": ("percentiles", ("at_80",), percentiles_plot),
    "Histogram": ("histogram", ("at_80", "echo_at_80"), histogram_plot),
    "Overload": ("overload", ("at_80", "knee", "overload"), overload_plot),
}
