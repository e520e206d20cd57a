"""Fits the posterior's temperature on held-out comments, and measures how calibrated it is."""

import numpy as np
from numpy.typing import NDArray

from training.metrics.calibration import likeliest_reliability
from training.text.readout import posterior

_TEMPERATURES = np.geomspace(0.4, 2.5, 101)
_LEAST = 1e-9  # probability whose logarithm is taken


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Temperature that makes the likeliest emotion's probability tell best how often it is right.

    An answer is right if annotators gave that emotion, alone or beside others. The cross-entropy with the
    annotators' shares would have a comment of two emotions answered at a half, though either answer is right.

    Args:
        logits: <float32>[n, 28] of held-out comments.
        truth: <bool>[n, 28] emotions that annotators gave each.
    """
    losses = [_confidence_loss(posterior(logits, value).numpy(), truth) for value in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def calibration_figures(
    logits: NDArray[np.float32], truth: NDArray[np.bool_], seed: int
) -> dict[str, dict[str, float]]:
    """Expected calibration error and cross-entropy without a temperature, and with one.

    Each random half is measured at the temperature of the other.
    """
    half = np.random.default_rng(seed).permutation(len(logits)) % 2 == 0
    calibrated = np.empty_like(logits)
    for counted in (half, ~half):
        temperature = fit_temperature(logits[~counted], truth[~counted])
        calibrated[counted] = posterior(logits[counted], temperature).numpy()
    return {
        "before": _figures(posterior(logits, 1.0).numpy(), truth),
        "cross_fitted": _figures(calibrated, truth),
    }


def cross_entropy(emotions: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Mean cross-entropy, in nats, of posteriors <float32>[n, 28] with emotions <bool>[n, 28].

    A comment of several emotions stands for an equal share of each.
    """
    shares = truth / truth.sum(axis=1, keepdims=True)
    return float(-(shares * np.log(emotions + _LEAST)).sum(axis=1).mean())


def _confidence_loss(emotions: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Mean log loss, in nats, of the likeliest emotion's probability as a forecast that it is right."""
    confidence = np.clip(emotions.max(axis=1), _LEAST, 1 - _LEAST, dtype=np.float64)
    right = truth[np.arange(len(truth)), emotions.argmax(axis=1)]
    return float(-np.where(right, np.log(confidence), np.log1p(-confidence)).mean())


def _figures(emotions: NDArray[np.float32], truth: NDArray[np.bool_]) -> dict[str, float]:
    error = likeliest_reliability(emotions, truth).expected_calibration_error
    return {
        "expected_calibration_error": round(error, 6),
        "cross_entropy": round(cross_entropy(emotions, truth), 6),
    }
