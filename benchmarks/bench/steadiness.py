"""How steady the machine itself is: a fixed piece of work again and again, on an otherwise idle core.

A virtual machine shares its cores with others. What a loop without system calls loses to them now and then
is in the high percentiles of everything that is measured here, whatever the software.
"""

import time
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.options import Options
from bench.timing import one_core

SLOW = 1.4  # times the median: what counts as slow

_STEPS = 40_000  # of a piece, about 3 ms
_SPELL_GAP_S = 0.03  # slow pieces that are no farther apart belong to one spell


def measure(options: Options) -> dict[str, Any]:
    """Share of the time that pieces took which were slow, and the spells of such time."""
    duration_s = 0.3 if options.quick else 20.0
    with one_core():
        starts, seconds = _pieces(duration_s)
    return steadiness(starts, seconds)


def _pieces(duration_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When each piece began, and how long it took."""
    ends = [time.perf_counter()]
    while ends[-1] - ends[0] < duration_s:
        _work()
        ends.append(time.perf_counter())
    moments = np.array(ends)
    return moments[:-1], np.diff(moments)


def _work() -> int:
    total = 0
    for number in range(_STEPS):
        total += number * number
    return total


def steadiness(starts: NDArray[np.float64], seconds: NDArray[np.float64]) -> dict[str, Any]:
    """Figures of pieces of work by their starts and durations <float64>[n], n from 1."""
    median, whole = float(np.median(seconds)), float(seconds.sum())
    slow = seconds > SLOW * median
    moments = [(start, start + lasted) for start, lasted in zip(starts[slow], seconds[slow], strict=True)]
    gaps = sum(later[0] - earlier[1] > _SPELL_GAP_S for earlier, later in pairwise(moments))
    spells = gaps + bool(moments)
    return {
        "seconds": whole,
        "piece_ms": median * 1e3,
        "slow_share": float(seconds[slow].sum() / whole),
        "slowest": float(seconds.max() / median),
        "spells_per_s": spells / whole,
        "spell_ms": float(seconds[slow].sum() / spells * 1e3) if spells else 0.0,
    }
