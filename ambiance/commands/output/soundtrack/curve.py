"""The mood along a text: its points, its peaks, and a line of it for a terminal."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import ceil
from statistics import fmean, pstdev
from typing import NamedTuple

from ambiance.commands.output.soundtrack.whole import Soundtrack
from ambiance.soundtrack_results import Cue

AXES = ("valence", "arousal")
BARS = "▁▂▃▄▅▆▇█"
MAX_POINTS = 400
MAX_PEAKS = 6
LEAST_APART = 0.1  # of the text, between two peaks that are labelled
MARGIN = 0.08  # of a drawing, above and below the curves
LEAST_DEVIATIONS = 0.8  # standard deviations from the mean that a peak stands out by


class Point(NamedTuple):
    """The mood at a sentence, or at several in a row."""

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
    """Every sentence's, in order; where there are more than can be told apart, means of as many in a row."""
    curve = list(_sentences(soundtrack))
    size = ceil(len(curve) / MAX_POINTS)
    return curve if size <= 1 else [_mean(curve[i : i + size]) for i in range(0, len(curve), size)]


def _sentences(soundtrack: Soundtrack) -> Iterator[Point]:
    length = max(1, soundtrack.start.character_count)
    for cue in soundtrack.cues:
        passage = cue.passage
        span = max(1, passage.end - passage.start)
        for mood in passage.curve:
            share = (mood.start - passage.start) / span
            seconds = cue.start_seconds + share * cue.duration_seconds
            yield Point(mood.start / length, seconds, mood.vad.valence, mood.vad.arousal, cue)


def _mean(row: Sequence[Point]) -> Point:
    """One point for several, of the passage that the one in their midst is of."""
    figures = zip(*(point[:4] for point in row), strict=True)
    place, seconds, valence, arousal = map(fmean, figures)
    return Point(place, seconds, valence, arousal, row[len(row) // 2].cue)


def peaks(curve: Sequence[Point]) -> list[Peak]:
    """At most MAX_PEAKS in the order of the text: where valence or arousal is higher or lower than anywhere
    near, and of those that lie near each other the most outstanding."""
    candidates = [found for axis in AXES for found in _outstanding(curve, axis)]
    chosen: list[Peak] = []
    for _, peak in sorted(candidates, key=lambda each: -each[0]):
        if all(abs(peak.point.place - other.point.place) >= LEAST_APART for other in chosen):
            chosen.append(peak)
        if len(chosen) == MAX_PEAKS:
            break
    return sorted(chosen, key=lambda peak: peak.point.place)


def bounds(curve: Sequence[Point]) -> tuple[float, float]:
    """What a drawing of both axes spans: all of their values, and a little more."""
    values = [getattr(point, axis) for point in curve for axis in AXES]
    return max(0.0, min(values) - MARGIN), min(1.0, max(values) + MARGIN)


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
    """Extremes along an axis, with how many standard deviations they lie from the mean."""
    values = [getattr(point, axis) for point in curve]
    places = [point.place for point in curve]
    spread = pstdev(values) if values else 0.0
    if not spread:
        return []
    mean, found = fmean(values), []
    for point, value in zip(curve, values, strict=True):
        deviation = (value - mean) / spread
        if abs(deviation) < LEAST_DEVIATIONS:
            continue
        near = values[
            bisect_left(places, point.place - LEAST_APART) : bisect_right(places, point.place + LEAST_APART)
        ]
        if value == (max(near) if deviation > 0 else min(near)):
            found.append((abs(deviation), Peak(point, axis, _label(point))))
    return found


def _label(point: Point) -> str:
    """What the passage tells of; the direction of the mood, where that isn't known."""
    text = point.cue.passage.text
    told = [scene.scene for scene in text.scenes if scene.scene != "none"]
    return told[0] if told and not text.evidence.fallback else "bright" if point.valence > 0.5 else "dark"
