"""The evaluation as pictures: small PNG files for the model card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ambiance.affect import EKMAN, MOOD_GROUPS
from training.evaluate.headline import HEADLINES
from training.evaluate.split_predictions import SplitPredictions

_DPI = 80
_LINE, _REFERENCE = "#2b6a99", "#b0b0b0"


def write_plots(report: Mapping[str, Any], section: SplitPredictions, folder: Path) -> None:
    """Draw every plot into a folder: of the report, and of the section `test`, whose arrays some need."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = report["released"]["test"]
    with mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        plots = {
            "listener": listener_plot(figures["listener"]),
            "reliability": reliability_plot(figures),
            "confusion": confusion_plot(figures),
            "shares": shares_plot(section),
            "seeds": seeds_plot(report),
        }
        for name, plot in plots.items():
            # without the library's version in it, the same figures give the same file
            plot.savefig(folder / f"{name}.png", dpi=_DPI, metadata={"Software": None})


def listener_plot(listener: Mapping[str, Any]) -> Figure:
    """Share of the answers to each kind of scene whose main facet fits, jars, or does neither."""
    scenes = listener["by"]["scene"]
    plot = Figure(figsize=(9, 4), layout="constrained")
    panel = plot.subplots()
    fits = np.array([figures["listener_fit"] for figures in scenes.values()])
    jars = np.array([figures["listener_jar"] for figures in scenes.values()])
    places = np.arange(len(scenes))
    panel.bar(places, fits, color=_LINE, label="fits")
    panel.bar(places, 1 - fits - jars, bottom=fits, color=_REFERENCE, label="neither")
    panel.bar(places, jars, bottom=1 - jars, color="#b04a3a", label="jars")
    panel.set_xticks(places, list(scenes), rotation=45, ha="right")
    panel.set(ylabel="share of ten answers", ylim=(0, 1))
    panel.legend(frameon=False, ncols=3, loc="lower left")
    return plot


def reliability_plot(figures: Mapping[str, Any]) -> Figure:
    """Stated probability against the share that was right, with the number of answers below."""
    parts = {
        "text: likeliest of 28 emotions": figures["text"],
        "music: likeliest of 7 moods": figures["music"],
    }
    plot, panels = _panels(len(parts))
    for panel, (title, part) in zip(panels, parts.items(), strict=True):
        curve = part["reliability"]
        share = np.array(curve["count"]) / sum(curve["count"])
        panel.plot([0, 1], [0, 1], color=_REFERENCE, linewidth=1)
        panel.bar(curve["probability"], share, width=0.03, color=_REFERENCE, label="share of answers")
        panel.plot(curve["probability"], curve["frequency"], "o-", color=_LINE, markersize=3)
        error = curve["expected_calibration_error"]
        panel.set(title=f"{title}\nexpected calibration error {error:.3f}", xlabel="stated", ylabel="right")
        panel.set(xlim=(0, 1), ylim=(0, 1))
    panels[0].legend(frameon=False)
    return plot


def confusion_plot(figures: Mapping[str, Any]) -> Figure:
    """Share of each class's examples (rows) that got each answer (columns)."""
    parts = (
        ("text, Ekman's groups", list(EKMAN), figures["text"]["ekman"]),
        ("music, mood groups", list(MOOD_GROUPS), figures["music"]["groups"]),
        ("connection, nearest mood row", list(MOOD_GROUPS), figures["connection"]["nearest"]),
    )
    plot, panels = _panels(len(parts))
    for panel, (title, names, part) in zip(panels, parts, strict=True):
        counts = np.array(part["confusion"], float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        panel.set(title=title, xlabel="answered", ylabel="is")
        panel.set_xticks(range(len(names)), names, rotation=45, ha="right")
        panel.set_yticks(range(len(names)), names)
        for (row, column), share in np.ndenumerate(shares):
            color = "white" if share > 0.5 else "black"
            panel.text(column, row, f"{share:.2f}", ha="center", va="center", color=color, fontsize=6)
    return plot


def shares_plot(section: SplitPredictions) -> Figure:
    """Share of first answers that each clip takes, the most popular first."""
    parts = (
        (f"the {len(section.rows.moods)} mood rows", section.matching.hits, len(section.rows.moods), 0.03),
        ("the released library", section.library_hits, len(section.library), 0.005),
    )
    plot, panels = _panels(len(parts))
    for panel, (title, hits, clips, target) in zip(panels, parts, strict=True):
        shares = np.sort(np.bincount(hits[:, 0], minlength=clips))[::-1] / len(hits)
        answering = np.count_nonzero(shares)
        panel.plot(np.arange(1, answering + 1), shares[:answering], color=_LINE)
        panel.axhline(1 / clips, color=_REFERENCE, linewidth=1, label="all alike")
        panel.axhline(target, color="black", linestyle=":", linewidth=1, label="target for the largest")
        panel.set(title=title, xlabel="clip, by popularity", ylabel="share of first answers")
        panel.set(xscale="log", yscale="log")
        panel.legend(frameon=False)
    return plot


def seeds_plot(report: Mapping[str, Any]) -> Figure:
    """Each headline figure on test: the release with its interval, every seed, and the target."""
    released, plot = report["released"]["test"], Figure(figsize=(9, 4), layout="constrained")
    panel = plot.subplots()
    for height, figure in enumerate(reversed(HEADLINES)):
        panel.plot(released["intervals"][figure.name], [height, height], color=_REFERENCE, linewidth=4)
        seeds = [seed["test"][figure.name] for seed in report["seeds"].values()]
        panel.plot(seeds, [height] * len(seeds), "|", color=_LINE, markersize=10)
        panel.plot(released["headline"][figure.name], height, "o", color=_LINE, markersize=4)
        panel.plot(figure.target, height, "k<" if figure.smaller_is_better else "k>", markersize=5)
    panel.set_yticks(range(len(HEADLINES)), [figure.title for figure in reversed(HEADLINES)])
    panel.set_xlim(left=0)
    panel.set_title("test: release (dot), 95 % interval (bar), seeds (strokes), target (arrow)")
    return plot


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    plot = Figure(figsize=(3.2 * count, 3.2), layout="constrained")
    return plot, list(plot.subplots(1, count))
