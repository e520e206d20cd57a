"""95 % intervals around a figure: how far it would move with other comments and other clips."""

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000


def resample_counts(of: NDArray[np.int64], resamples: int, seed: int) -> NDArray[np.float32]:
    """<float32>[resamples, n] how often each of n examples is drawn, if as many as there are are drawn anew.

    `of` <int64>[n] says what an example belongs to, from 0 without gaps: rows of one clip come together.
    """
    drawn = int(of.max()) + 1
    counts = np.random.default_rng(seed).multinomial(drawn, np.full(drawn, 1 / drawn), size=resamples)
    return counts.astype(np.float32)[:, of]


def interval(value: float, resampled: NDArray[np.float64], highest: float = 1.0) -> tuple[float, float]:
    """The figure less and plus 1.96 standard deviations of its resampled values, within [0, highest].

    Not their percentiles: a resample holds fewer different comments and clips than there are, which by
    itself lowers a coverage and raises a largest share.
    """
    reach = 1.96 * float(np.nanstd(resampled))
    return max(value - reach, 0.0), min(value + reach, highest)
