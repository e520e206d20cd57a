"""From seconds to figures: percentiles of a kind of call, and ratios of two kinds timed in alternation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.timing import Seconds

PERCENTILES = (50, 99)

Figures = dict[str, Any]


def timing(seconds: Seconds) -> Figures:
    """Percentiles over every call, in milliseconds, and between which of its rounds' p50 half of them lie.

    Args:
        seconds: <float64>[rounds, calls].
    """
    milliseconds = seconds * 1e3
    of_rounds = np.percentile(milliseconds, 50, axis=1)
    low, high = np.percentile(of_rounds, (25, 75))
    return {
        f"p{percentile}_ms": _rounded(np.percentile(milliseconds, percentile)) for percentile in PERCENTILES
    } | {
        "p50_low_ms": _rounded(low),
        "p50_high_ms": _rounded(high),
        "rounds": int(seconds.shape[0]),
        "calls": int(seconds.size),
    }


def timings(seconds: Mapping[str, Seconds]) -> Figures:
    """`timing` of each kind."""
    return {name: timing(each) for name, each in seconds.items()}


def ratio(seconds: Seconds, reference: Seconds) -> Figures:
    """How many times the reference a kind takes, at each percentile: {"p50": {"median", "low", "high"}, ...}.

    Every round gives a ratio; of these, the median and the quartiles.

    Args:
        seconds: <float64>[rounds, calls].
        reference: <float64>[rounds, calls] of the same rounds.
    """
    if len(seconds) != len(reference):
        raise ValueError(f"rounds: {len(seconds)} beside {len(reference)} of the reference")
    return {
        f"p{percentile}": spread(
            np.percentile(seconds, percentile, axis=1) / np.percentile(reference, percentile, axis=1)
        )
        for percentile in PERCENTILES
    }


def spread(values: NDArray[np.float64]) -> Figures:
    """Median and quartiles of a figure over its repetitions <float64>[n]."""
    low, median, high = np.percentile(values, (25, 50, 75))
    return {"median": _rounded(median), "low": _rounded(low), "high": _rounded(high)}


def _rounded(value: float) -> float:
    """Four significant places: more would be noise."""
    return float(f"{value:.4g}")
