"""The mood along a passage: VAD at each sentence, smoothed by the sentences around it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gateway.soundtrack.readings import Unit

# Standard deviation of the kernel, in words: some three sentences to each side count.
REACH_WORDS = 30.0
# A sentence that tells of nothing felt counts this much, so that a stretch of nothing else has a mood.
LEAST_WEIGHT = 0.01
_NEIGHBOURS = 12  # sentences beyond the passage that may count


class Point(NamedTuple):
    """The mood where a sentence starts."""

    start: int
    vad: tuple[float, float, float]


def smoothed(before: Sequence[Unit], units: Sequence[Unit], after: Sequence[Unit]) -> list[Point]:
    """A point for each of these sentences, given those around them; all in the order of the text."""
    before, after = before[-_NEIGHBOURS:], after[:_NEIGHBOURS]
    around = [*before, *units, *after]
    words = np.array([unit.sentence.word_count for unit in around], np.float64)
    places = np.cumsum(words) - words / 2
    weights = np.maximum([unit.weight for unit in around], LEAST_WEIGHT)
    vads = np.array([unit.vad for unit in around], np.float64)
    points = []
    for at, unit in enumerate(units, start=len(before)):
        near = slice(max(0, at - 4 * _NEIGHBOURS), at + 4 * _NEIGHBOURS)
        kernel = weights[near] * np.exp(-0.5 * ((places[near] - places[at]) / REACH_WORDS) ** 2)
        valence, arousal, dominance = (kernel @ vads[near] / kernel.sum()).tolist()
        points.append(Point(unit.sentence.start, (valence, arousal, dominance)))
    return points
