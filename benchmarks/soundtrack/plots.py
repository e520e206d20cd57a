"""A story drawn: its scenes, and below them what each way plays, coloured by how it suits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from soundtrack.shown import verdict_of

COLOURS = {"fits": "#8cc7b5", "neither": "#d9d9d9", "jars": "#e39088"}
_DPI = 110


def draw(shown: Mapping[str, Any], path: Path) -> None:
    """Draw a story that `shown` describes into a PNG file."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots()
    rows = ["scenes", *shown["cues"]]
    for scene in shown["scenes"]:
        axes.barh(0, scene["end"] - scene["start"], left=scene["start"], color="#e8e2d0", edgecolor="white")
        axes.text((scene["start"] + scene["end"]) / 2, 0, scene["name"], ha="center", va="center", fontsize=7)
    for row, cues in enumerate(shown["cues"].values(), start=1):
        _row(axes, row, cues, shown["scenes"])
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.set(xlabel="words of the story", title=shown["title"], xlim=(0, shown["scenes"][-1]["end"]))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    handles = [axes.barh(-5, 0, color=colour, label=name) for name, colour in COLOURS.items()]
    axes.set_ylim(len(rows) - 0.5, -0.5)
    figure.legend(handles=handles, loc="outside lower right", ncols=3, frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})


def _row(
    axes: Axes, row: int, cues: Sequence[Mapping[str, Any]], scenes: Sequence[Mapping[str, Any]]
) -> None:
    """A way's cues, coloured scene by scene; named by their main facet where there is room."""
    for cue in cues:
        for scene in scenes:
            start, end = max(cue["start"], scene["start"]), min(cue["end"], scene["end"])
            if start < end:
                verdict = verdict_of(cue["main"], scene)
                axes.barh(row, end - start, left=start, color=COLOURS[verdict])
        axes.plot([cue["start"]] * 2, [row - 0.4, row + 0.4], color="white", linewidth=1)
        if cue["end"] - cue["start"] > 0.03 * scenes[-1]["end"]:
            axes.text((cue["start"] + cue["end"]) / 2, row, cue["main"], ha="center", va="center", fontsize=7)
