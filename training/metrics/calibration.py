"""How far a stated probability is from the share of times that it comes true."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Answers gathered by their stated probability into bins of equal width; empty bins are left out."""

    probability: NDArray[np.float64]  # [bins] mean stated
    frequency: NDArray[np.float64]  # [bins] share that was right
    count: NDArray[np.int64]  # [bins] answers, from 1

    @property
    def expected_calibration_error(self) -> float:
        """Mean distance between stated probability and frequency, each bin weighing as many as it holds."""
        gaps = np.abs(self.probability - self.frequency)
        return float(np.average(gaps, weights=self.count))

    def summary(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        return {
            "expected_calibration_error": round(self.expected_calibration_error, 6),
            "probability": self.probability.round(6).tolist(),
            "frequency": self.frequency.round(6).tolist(),
            "count": self.count.tolist(),
        }


def reliability(probability: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """Bin n answers, n from 1, by their stated probability <float>[n] in [0, 1]; `right` is <bool>[n]."""
    at = np.minimum((probability * bins).astype(np.int64), bins - 1)
    count = np.bincount(at, minlength=bins)
    held = count > 0
    means = (np.bincount(at, weights, bins)[held] / count[held] for weights in (probability, right))
    stated, frequency = means
    return Reliability(stated, frequency, count[held])


def likeliest_reliability(posterior: NDArray[np.float32], truth: NDArray[np.bool_]) -> Reliability:
    """Of the likeliest class of each example: posterior <float32>[n, classes], truth <bool>[n, classes]."""
    answers = posterior.argmax(axis=1)
    return reliability(posterior.max(axis=1), truth[np.arange(len(truth)), answers])
