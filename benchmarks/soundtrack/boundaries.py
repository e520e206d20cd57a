"""How well boundaries that were found agree with those that are known, counted in sentences."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 2  # sentences between a boundary found and the one meant

Counts = tuple[float, float]  # numerator and denominator, so that texts can be pooled


def agreement(known: Sequence[int], found: Sequence[int]) -> dict[str, Counts]:
    """F1, precision and recall of boundaries, each of which may be in one pair at most TOLERANCE apart.

    Args:
        known: ascending numbers of the sentences that begin a scene, without the first sentence.
        found: the same, as they were found.
    """
    pairs = float(_pairs(known, found))
    return {
        "boundary_f1": (2 * pairs, float(len(known) + len(found))),
        "boundary_precision": (pairs, float(len(found))),
        "boundary_recall": (pairs, float(len(known))),
    }


def _pairs(known: Sequence[int], found: Sequence[int]) -> int:
    """The most pairs: each known boundary takes the first that is near enough and free."""
    pairs = i = 0
    for boundary in known:
        while i < len(found) and found[i] < boundary - TOLERANCE:
            i += 1
        if i < len(found) and found[i] <= boundary + TOLERANCE:
            pairs, i = pairs + 1, i + 1
    return pairs


def pk(known: Sequence[int], found: Sequence[int], sentences: int) -> Counts:
    """Beeferman's Pk: of windows half a mean scene long, those with their ends in one part by one set of
    boundaries and not by the other.
    """
    one, other = (_between(each, sentences, _window(known, sentences)) for each in (known, found))
    return float(((one == 0) != (other == 0)).sum()), float(len(one))


def window_diff(known: Sequence[int], found: Sequence[int], sentences: int) -> Counts:
    """Pevzner and Hearst's WindowDiff: of the same windows, how many hold other numbers of boundaries."""
    one, other = (_between(each, sentences, _window(known, sentences)) for each in (known, found))
    return float((one != other).sum()), float(len(one))


def stray(known: Sequence[int], found: Sequence[int]) -> list[bool]:
    """Whether each boundary found lies farther than TOLERANCE from any known one."""
    return [all(abs(boundary - other) > TOLERANCE for other in known) for boundary in found]


def _window(known: Sequence[int], sentences: int) -> int:
    return max(1, min(round(sentences / (len(known) + 1) / 2), sentences - 1))


def _between(boundaries: Sequence[int], sentences: int, window: int) -> NDArray[np.int64]:
    """Boundaries between sentence i and sentence i + window, for each i."""
    before = np.searchsorted(np.array(boundaries, np.int64), np.arange(sentences), side="right")
    return before[window:] - before[:-window]
