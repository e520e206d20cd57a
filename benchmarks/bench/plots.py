"""The page's own plots, as small PNG files."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from bench.results import Result
from bench.search_section import FLAT, OURS, PLOT, growth

_COLOURS = {"vad": "#1763aa", "mood": "#2f7f6f"}
_DPI = 110


def write_plots(results: Mapping[str, Result], folder: Path) -> list[Path]:
    """Draw what the results hold figures for into a folder; returns the files."""
    if "search" not in results:
        return []
    path = folder / PLOT
    growth_plot(results["search"]).savefig(path, dpi=_DPI, metadata={"Software": None})
    return [path]


def growth_plot(result: Result) -> Figure:
    """Milliseconds of a search by clips of the index: ours solid with its p99 dotted, the scan dashed."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    measured = list(growth(result["figures"]))
    for space in dict.fromkeys(space for _, space, _ in measured):
        rows = [(clips, compared["timings"]) for clips, name, compared in measured if name == space]
        colour = _COLOURS.get(space)
        for kind, percentile, style in (
            (OURS, "p50_ms", "-o"),
            (OURS, "p99_ms", ":"),
            (FLAT, "p50_ms", "--s"),
        ):
            points = [(clips, timing[kind][percentile]) for clips, timing in rows if kind in timing]
            label = f"{space}, {kind}, {percentile.removesuffix('_ms')}"
            axes.plot(*zip(*points, strict=True), style, color=colour, markersize=4, label=label)
    axes.set(xscale="log", yscale="log", xlabel="clips", ylabel="ms a query, one thread")
    axes.grid(color="#e6e6e6")
    axes.legend(frameon=False, fontsize=8)
    return figure
