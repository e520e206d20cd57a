"""From logits to posterior and VAD, and how calibrated the posterior is."""

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import EMOTIONS
from training.text.calibration import calibration_figures, cross_entropy, fit_temperature
from training.text.quality import dev_figures, emotion_truth
from training.text.readout import Readout, posterior
from training.text.recipes.seed import closeness

pytestmark = pytest.mark.tensorflow

JOY, SADNESS, NEUTRAL = (EMOTIONS.names.index(name) for name in ("joy", "sadness", "neutral"))


def labelled_logits(count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose shares of sigmoids are the very probabilities that the labels are drawn by."""
    rng = np.random.default_rng(0)
    logits = rng.normal(-3, 2, (count, 28)).astype(np.float32)
    shares = posterior(logits, 1.0).numpy().astype(np.float64)
    labels = [rng.choice(28, p=row / row.sum()) for row in shares]
    return logits, np.eye(28, dtype=bool)[labels]


def test_a_posterior_shares_out_the_sigmoids() -> None:
    logits = np.full((1, 28), -40, np.float32)
    logits[0, [JOY, SADNESS]] = 40, 0
    np.testing.assert_allclose(posterior(logits, 1.0).numpy()[0, [JOY, SADNESS]], [2 / 3, 1 / 3], atol=1e-4)
    for extreme in (np.full((1, 28), -500, np.float32), np.full((1, 28), 500, np.float32)):
        np.testing.assert_allclose(posterior(extreme, 0.5), np.full((1, 28), 1 / 28), rtol=1e-3)


def test_the_temperature_that_labels_were_drawn_at_is_found() -> None:
    logits, truth = labelled_logits()
    assert fit_temperature(logits, truth) == pytest.approx(1, abs=0.1)


def test_calibration_mends_an_overconfident_network() -> None:
    logits, truth = labelled_logits()
    likelier = np.log(posterior(logits, 0.5).numpy() + 1e-9)  # shares squared and shared out again
    figures = calibration_figures(likelier.astype(np.float32), truth, seed=1)
    before, after = figures["before"], figures["cross_fitted"]
    assert after["expected_calibration_error"] < before["expected_calibration_error"] / 2
    assert after["cross_entropy"] < before["cross_entropy"]


def test_a_comment_of_two_emotions_stands_for_half_of_each() -> None:
    emotions = np.full((1, 28), 1e-12, np.float32)
    emotions[0, [JOY, SADNESS]] = 0.5
    truth = emotion_truth([(JOY, SADNESS)])
    assert cross_entropy(emotions, truth) == pytest.approx(np.log(2))


def test_vad_is_the_mean_of_the_emotions_without_half_of_their_frequency() -> None:
    frequencies = np.full(28, 0.01, np.float32)
    frequencies[NEUTRAL] = 0.04
    logits = np.full((1, 28), -40, np.float32)
    logits[0, [JOY, NEUTRAL]] = 40
    outputs = Readout(1.0, frequencies)(logits)
    np.testing.assert_allclose(outputs["emotions"].numpy()[0, [JOY, NEUTRAL]], [0.5, 0.5], atol=1e-4)
    # Neutral is four times as frequent, so it weighs half of what joy weighs.
    expected = (2 * EMOTIONS.vad[JOY] + EMOTIONS.vad[NEUTRAL]) / 3
    np.testing.assert_allclose(outputs["vad"], expected[None], atol=1e-4)


def test_the_seeds_emotions_are_those_of_affect() -> None:
    vad = np.random.default_rng(0).random((50, 3)).astype(np.float32)
    np.testing.assert_allclose(closeness(vad), EMOTIONS.closeness(vad), atol=1e-5)


def test_dev_figures_of_a_perfect_reading() -> None:
    labels = [(i % 28,) for i in range(280)]
    figures = dev_figures(emotion_truth(labels).astype(np.float32), labels, seed=1)
    for name in ("micro_precision", "macro_precision", "ekman_macro_f1", "emotion_macro_f1"):
        assert figures[name] == 1
    assert figures["expected_calibration_error"] == 0


def test_an_answer_that_is_one_of_two_emotions_is_right() -> None:
    # Every comment bears both of the favourites that split its posterior: either is a sure answer.
    logits = np.full((200, 28), -12, np.float32)
    logits[:, [JOY, SADNESS]] = 1.0, 0.0
    truth = emotion_truth([(JOY, SADNESS)] * 200)
    assert posterior(logits, fit_temperature(logits, truth)).numpy().max() > 0.6
    assert posterior(logits, 1.0).numpy().max() < 0.6
