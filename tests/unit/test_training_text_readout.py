"""From logits to what is served, how calibrated the posterior is, and the figures of what was read."""

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import EMOTIONS, NO_SCENE, SCENES
from ambiance.fixed_queries import DISTRESS_THRESHOLD
from training.data.lessons import DISTRESS, SCENE, SCENES_OF_EMOTION, VAD, WIDTH
from training.metrics.text_quality import dev_figures, distress_figures, emotion_truth, rating_figures
from training.text.calibration import calibration_figures, cross_entropy, fit_temperature
from training.text.readout import NEUTRAL_LEFT, Readout, posterior
from training.text.recipes.seed import closeness, scene_shares

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
    nothing = posterior(np.full((1, 28), -500, np.float32), 0.5)
    np.testing.assert_allclose(nothing, np.full((1, 28), 1 / 28), rtol=1e-3)
    everything = posterior(np.full((1, 28), 500, np.float32), 0.5).numpy()[0]
    np.testing.assert_allclose(np.delete(everything, NEUTRAL), 1 / (27 + NEUTRAL_LEFT**2), rtol=1e-3)


def test_neutral_is_the_likeliest_only_where_nothing_else_is_likely() -> None:
    logits = np.full((2, 28), -40, np.float32)
    logits[:, NEUTRAL] = 40
    logits[:, JOY] = np.log(0.2 / 0.8), np.log(0.05 / 0.95)
    shares = posterior(logits, 1.0).numpy()
    np.testing.assert_allclose(shares[:, NEUTRAL], [0.1 / 0.3, 0.1 / 0.15], atol=1e-4)
    np.testing.assert_allclose(shares[:, JOY], [0.2 / 0.3, 0.05 / 0.15], atol=1e-4)


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


def test_each_output_is_read_from_columns_of_its_own() -> None:
    logits = np.zeros((1, WIDTH), np.float32)
    logits[0, JOY] = 40
    logits[0, SCENE] = np.log(np.arange(1, 22))
    logits[0, VAD] = np.log(3), 0, -np.log(3)
    logits[0, DISTRESS] = np.log(4)
    outputs = {name: rows.numpy() for name, rows in Readout(1.0)(logits).items()}
    assert set(outputs) == {"emotions", "scenes", "vad", "distress"}
    np.testing.assert_allclose(outputs["emotions"], posterior(logits[:, :28], 1.0), rtol=1e-6)
    np.testing.assert_allclose(outputs["scenes"][0], np.arange(1, 22) / 231, rtol=1e-4)
    np.testing.assert_allclose(outputs["vad"], [[0.75, 0.5, 0.25]], rtol=1e-5)
    np.testing.assert_allclose(outputs["distress"], [[0.8]], rtol=1e-5)


def test_the_temperature_of_emotions_leaves_all_else_alone() -> None:
    logits = np.random.default_rng(0).normal(size=(3, WIDTH)).astype(np.float32)
    plain, warm = Readout(1.0)(logits), Readout(2.0)(logits)
    for name in ("scenes", "vad", "distress"):
        np.testing.assert_array_equal(plain[name], warm[name])
    assert warm["emotions"].numpy().max() < plain["emotions"].numpy().max()


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


def test_ratings_are_compared_axis_by_axis() -> None:
    rated = np.random.default_rng(0).random((200, 3)).astype(np.float32)
    told = rated.copy()
    told[:, 1] = 1 - rated[:, 1] / 2
    told[:, 2] = np.random.default_rng(1).random(200)
    figures = rating_figures(told, rated)
    assert (figures["valence"], figures["arousal"]) == (1, -1)
    assert abs(figures["dominance"]) < 0.3


def test_distress_is_counted_from_the_threshold_on() -> None:
    told = np.array(
        [[0.9], [DISTRESS_THRESHOLD], [DISTRESS_THRESHOLD - 0.01], [0.8], [0.1], [0.0]], np.float32
    )
    comments = np.array([[0.7], [0.2], [0.1], [0.0]], np.float32)
    figures = distress_figures(told, (True, True, True, False, False, False), comments)
    assert figures == {
        "recall": 0.6667,
        "false_alarms_on_look_alikes": 0.3333,
        "false_alarms_on_comments": 0.25,
    }


def test_the_seed_shares_an_emotion_out_among_the_scenes_it_allows() -> None:
    shares = scene_shares()
    assert shares.shape == (28, len(SCENES))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    for row, emotion in enumerate(EMOTIONS.names):
        scenes = {SCENES[i] for i in shares[row].nonzero()[0]}
        assert scenes == set(SCENES_OF_EMOTION.get(emotion, (NO_SCENE,)))
