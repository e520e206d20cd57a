"""The mood along a text as a picture."""

from pathlib import Path

from matplotlib.figure import Figure

from ambiance.commands.output.soundtrack.curve import bounds, peaks, points
from ambiance.commands.output.soundtrack.whole import Soundtrack

_INCHES = (12.0, 4.5)
_DPI = 120
_MAX_BANDS = 60  # cues; more couldn't be told apart
_EDGE = 0.05  # of the width, where a label would hang over
_COLOURS = {"valence": "#1f6f8b", "arousal": "#c8553d"}


def draw_curve(soundtrack: Soundtrack, path: Path) -> None:
    """Write valence and arousal over the time of reading, with cues as bands and labelled peaks, as PNG.

    Raises:
        OSError: if it can't be written.
    """
    curve = points(soundtrack)
    minutes = [point.seconds / 60 for point in curve]
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    for cue in soundtrack.cues[1::2] if len(soundtrack.cues) <= _MAX_BANDS else ():
        begin = cue.start_seconds / 60
        axes.axvspan(begin, begin + cue.duration_seconds / 60, color="0.95", linewidth=0)
    for axis, colour in _COLOURS.items():
        axes.plot(minutes, [getattr(point, axis) for point in curve], color=colour, label=axis, linewidth=1.6)
    low, high = bounds(curve) if curve else (0.0, 1.0)
    for peak in peaks(curve):
        value = getattr(peak.point, peak.axis)
        axes.annotate(
            peak.label,
            (peak.point.seconds / 60, value),
            xytext=(0, 8),
            textcoords="offset points",
            ha=_alignment(peak.point.place),
            color=_COLOURS[peak.axis],
        )
        axes.plot(peak.point.seconds / 60, value, "o", color=_COLOURS[peak.axis], markersize=4)
    axes.set(
        xlabel="minutes of reading", ylim=(low, high), xlim=(0, soundtrack.end.duration_seconds / 60 or 1)
    )
    axes.set_title(soundtrack.reading.title.replace("$", r"\$"), loc="left")  # no formula
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper right", frameon=False, ncols=2)
    figure.savefig(path, format="png")


def _alignment(place: float) -> str:
    """Where a label stands beside its point."""
    return "left" if place < _EDGE else "right" if place > 1 - _EDGE else "center"
