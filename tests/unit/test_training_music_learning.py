"""What the music recipes are made of: means, folds, projections, the regression and its figures."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
keras = pytest.importorskip("keras", reason="TensorFlow is not installed")

from training.data.audioset import dequantize  # noqa: E402
from training.data.errors import DataError  # noqa: E402
from training.music.config import MusicConfig  # noqa: E402
from training.music.features import mean_frames  # noqa: E402
from training.music.folds import assign_folds  # noqa: E402
from training.music.linear import fit_linear, mean_frame  # noqa: E402
from training.music.model import build_model  # noqa: E402
from training.music.mood_rows import MoodRows  # noqa: E402
from training.music.quality import count_groups, mood_quality  # noqa: E402
from training.music.whitening import UnitProjection, fit_projection  # noqa: E402
from training.regression.fitting import predict  # noqa: E402

pytestmark = [pytest.mark.tensorflow]


def mood_rows(clips: int, seed: int = 0) -> MoodRows:
    """Clips of random bytes, their moods in turn, told by one feature that is right four times in five."""
    draw = np.random.default_rng(seed)
    moods = np.arange(clips) % 7
    frames = draw.integers(108, 149, (clips, 10, 128)).astype(np.uint8)
    told = np.where(draw.random(clips) < 0.8, moods, draw.integers(0, 7, clips))
    frames[np.arange(clips), :, told] = 250
    return MoodRows(np.array([f"clip{i}" for i in range(clips)]), frames, np.full(clips, 10, np.int32), moods)


def test_the_mean_is_over_the_frames_that_are_there() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 10, 128)).astype(np.uint8)
    counts = np.array([10, 4, 1], np.int32)
    expected = [dequantize(clip[:count]).mean(axis=0) for clip, count in zip(frames, counts, strict=True)]
    np.testing.assert_allclose(mean_frames(frames, counts), expected, atol=1e-5)
    np.testing.assert_allclose(mean_frame(frames, counts), expected, atol=1e-5)


def test_the_seeds_network_dequantises_what_is_heard_and_nothing_else() -> None:
    model = build_model(input_noise=0.05)
    frames = np.random.default_rng(0).integers(0, 256, (2, 10, 128)).astype(np.uint8)
    inputs = {"frames": frames, "frame_counts": np.array([10, 4], np.int32)}
    noise = next(layer for layer in model.layers if isinstance(layer, keras.layers.GaussianNoise))
    features = predict(keras.Model(model.inputs, noise.output), inputs)[..., 0]
    np.testing.assert_allclose(features[0], dequantize(frames[0]), atol=1e-6)
    np.testing.assert_allclose(features[1, :4], dequantize(frames[1, :4]), atol=1e-6)
    assert not features[1, 4:].any()


def test_all_rows_of_a_clip_are_in_one_fold_and_every_mood_in_each() -> None:
    rows = mood_rows(70)
    twice = rows.take(np.tile(np.arange(70), 2))
    fold_of = assign_folds(twice, folds=5, seed=1)
    np.testing.assert_array_equal(fold_of[:70], fold_of[70:])
    for fold in range(5):
        assert np.bincount(twice.moods[fold_of == fold], minlength=7).tolist() == [4] * 7
    np.testing.assert_array_equal(fold_of, assign_folds(twice, folds=5, seed=1))
    assert (fold_of != assign_folds(twice, folds=5, seed=2)).any()


def test_a_mood_on_too_few_clips_is_refused() -> None:
    with pytest.raises(DataError, match="at least 11 clips of a mood for 11 folds, got 10"):
        assign_folds(mood_rows(70), folds=11, seed=1)
    rows = mood_rows(70)
    with pytest.raises(DataError, match="mood rows: none is of tender"):
        fit_linear(MusicConfig(), rows.take(rows.moods != 3), mean_frames(rows.frames, rows.frame_counts))


def test_the_posterior_is_as_sure_as_it_is_right() -> None:
    rows, others = mood_rows(700), mood_rows(700, seed=1)
    music = mean_frames(rows.frames, rows.frame_counts)
    model = fit_linear(MusicConfig(folds=5, inverse_penalty=0.005), rows, music)
    outputs = model(others.frames, others.frame_counts)
    assert set(outputs) == {"moods"}
    moods = outputs["moods"].numpy()
    right = (moods.argmax(axis=1) == others.moods).mean()
    assert 0.75 < right < 0.9
    assert moods.max(axis=1).mean() == pytest.approx(right, abs=0.05)


def test_a_projection_is_white_before_it_is_scaled_to_length_one() -> None:
    draw = np.random.default_rng(0)
    rows = (draw.normal(size=(5000, 8)) * np.arange(1, 9) + 3).astype(np.float32)
    project = fit_projection(rows, "rows")
    whitened = (rows - project.mean) @ project.axes
    np.testing.assert_allclose(np.cov(whitened.T), np.eye(6), atol=0.01)
    unit = project(rows)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(project(project.mean[None]), 0, atol=1e-6)


def test_directions_without_variance_are_not_blown_up() -> None:
    rows = np.zeros((50, 7), np.float32)
    rows[:, 0] = np.random.default_rng(0).normal(size=50)
    assert np.isfinite(fit_projection(rows, "rows")(rows + np.float32(1e-3))).all()


@pytest.mark.parametrize("shape", [(5, 9), (9, 5)])
def test_a_projection_needs_enough_rows_and_features(shape: tuple[int, int]) -> None:
    with pytest.raises(DataError, match=r"timbres: at least 6 rows and features for 6 components, got "):
        fit_projection(np.zeros(shape, np.float32), "timbres")


def test_a_group_is_answered_by_the_sum_of_its_moods() -> None:
    # sad .4 is the likeliest mood, happy and exciting together (.3 + .3) the likeliest group
    posterior = np.array([[0.3, 0, 0.4, 0, 0.3, 0, 0]], np.float32)
    assert count_groups(posterior, np.array([4])).true_positives.tolist() == [1, 0, 0, 0, 0]
    quality = mood_quality(posterior, np.array([4]))
    assert (quality["micro_precision"], quality["seven_mood_accuracy"]) == (1, 0)
    assert quality["negative_log_likelihood"] == pytest.approx(-np.log(0.3), abs=1e-5)
    assert quality["expected_calibration_error"] == pytest.approx(0.4, abs=1e-5)


def test_a_projection_maps_along_its_axes() -> None:
    axes = np.zeros((7, 6), np.float32)
    axes[0, 0] = axes[1, 1] = 2
    project = UnitProjection(np.ones(7, np.float32), axes)
    moved = np.ones((1, 7), np.float32)
    moved[0, :2] += [3, 4]
    np.testing.assert_allclose(project(moved), [[0.6, 0.8, 0, 0, 0, 0]], atol=1e-6)
