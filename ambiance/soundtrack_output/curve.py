"""The mood along a text: its points, its peaks, and a line of it for a terminal."""

from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import NamedTuple

from ambiance.soundtrack_output.whole import Soundtrack
from ambiance.soundtrack_results import Cue

BARS = "▁▂▃▄▅▆▇█"
MAX_PEAKS = 6
LEAST_APART = 0.1  # of the text, between two peaks that are labelled
LEAST_DEVIATIONS = 0.8  # standard deviations from the mean that a peak stands out by


class Point(NamedTuple):
    """The mood at a sentence."""

    place: float  # along the text, 0 to 1
    seconds: float  # of reading
    valence: float
    arousal: float
    cue: Cue


class Peak(NamedTuple):
    """A point that stands out, and what it is called."""

    point: Point
    axis: str  # "valence" or "arousal"
    label: str


def points(soundtrack: Soundtrack) -> list[Point]:
    """Every sentence's, in order."""
    length = max(1, soundtrack.start.character_count)
    total = soundtrack.end.duration_seconds
    found = []
    for cue in soundtrack.cues:
        passage = cue.passage
        span = max(1, passage.end - passage.start)
        for mood in passage.curve:
            share = (mood.start - passage.start) / span
            seconds = min(total, cue.start_seconds + share * cue.duration_seconds)
            found.append(Point(mood.start / length, seconds, mood.vad.valence, mood.vad.arousal, cue))
    return found


def peaks(curve: Sequence[Point]) -> list[Peak]:
    """At most MAX_PEAKS in the order of the text: where valence or arousal stands out most."""
    if not curve:
        return []
    candidates = [found for axis in ("valence", "arousal") for found in _outstanding(curve, axis)]
    chosen: list[tuple[float, Peak]] = []
    for deviation, peak in sorted(candidates, key=lambda each: -each[0]):
        apart = all(abs(peak.point.place - other.point.place) >= LEAST_APART for _, other in chosen)
        if apart and deviation >= LEAST_DEVIATIONS:
            chosen.append((deviation, peak))
        if len(chosen) == MAX_PEAKS:
            break
    return sorted((peak for _, peak in chosen), key=lambda peak: peak.point.place)


def sparkline(curve: Sequence[Point], axis: str, width: int) -> str:
    """A bar for each part of the text, of its mean, from the lowest of them to the highest; and these two."""
    parts: list[list[float]] = [[] for _ in range(width)]
    for point in curve:
        parts[min(width - 1, int(point.place * width))].append(getattr(point, axis))
    means: list[float] = []
    for part in parts:  # one without a sentence of its own is as that before it
        means.append(fmean(part) if part else means[-1] if means else getattr(curve[0], axis))
    low, high = min(means), max(means)
    step = (high - low) or 1.0
    bars = "".join(BARS[round((mean - low) / step * (len(BARS) - 1))] for mean in means)
    return f"{axis:<8} {bars} {low:.2f}–{high:.2f}"


def _outstanding(curve: Sequence[Point], axis: str) -> list[tuple[float, Peak]]:
    """Points with how many standard deviations they lie from the mean."""
    values = [getattr(point, axis) for point in curve]
    mean, spread = fmean(values), pstdev(values)
    if not spread:
        return []
    return [
        (abs(value - mean) / spread, Peak(point, axis, _label(point)))
        for point, value in zip(curve, values, strict=True)
    ]


def _label(point: Point) -> str:
    """What the passage tells of; the direction of the mood, where that isn't known."""
    text = point.cue.passage.text
    told = [scene.scene for scene in text.scenes if scene.scene != "none"]
    return told[0] if told and not text.evidence.fallback else "bright" if point.valence > 0.5 else "dark"
