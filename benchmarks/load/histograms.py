"""Latencies in HDR histograms: 1 µs to 10 minutes, three significant digits wherever they lie."""

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

LONGEST_US = 600_000_000
DIGITS = 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9)


def histogram_of(seconds: NDArray[np.float64]) -> HdrHistogram:
    """A histogram of durations <float64>[n] in seconds, recorded in whole microseconds, at least one."""
    histogram = HdrHistogram(1, LONGEST_US, DIGITS)
    values = np.clip(np.rint(seconds * 1e6), 1, LONGEST_US).astype(np.int64)
    for value, count in zip(*np.unique(values, return_counts=True), strict=True):
        histogram.record_value(int(value), int(count))
    return histogram


def percentiles_ms(histogram: HdrHistogram) -> dict[str, float]:
    """p50, p90, p99 and p99.9 in milliseconds, and the largest. A percentile with less than one call beyond
    it would be the largest under another name, so it is left out."""
    if not histogram.total_count:
        return {}
    values = {
        f"p{percentile:g}": histogram.get_value_at_percentile(percentile) / 1e3
        for percentile in PERCENTILES
        if histogram.total_count * (100 - percentile) >= 100
    }
    return {**values, "max": histogram.get_max_value() / 1e3}


def cell(milliseconds: float | None) -> str:
    """A percentile in a table's column, nine wide."""
    return f"{'–':>9}" if milliseconds is None else f"{milliseconds:9.2f}"


def encoded(histogram: HdrHistogram) -> str:
    """The histogram in HdrHistogram's own compressed format, which its other implementations read too."""
    return str(histogram.encode().decode("ascii"))


def decoded(text: str) -> HdrHistogram:
    """The histogram that `encoded` wrote."""
    return HdrHistogram.decode(text)
