"""What the models are trained towards, and how much each example weighs."""

import hashlib

import numpy as np
import pytest

from ambiance.affect import EMOTIONS
from training.data.errors import DataError
from training.data.goemotions import load_comments
from training.data.sources import data_dir
from training.music.config import NetworkConfig
from training.regression.targets import inverse_frequency_weights, mean_vad, mean_weights
from training.text.seed.config import SeedConfig
from training.text.seed.weights import label_weights

JOY, SADNESS, NEUTRAL = (EMOTIONS.names.index(name) for name in ("joy", "sadness", "neutral"))


def test_an_example_of_two_labels_lies_between_them() -> None:
    targets = mean_vad([(JOY,), (JOY, SADNESS)], EMOTIONS)
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets, [[0.98, 0.824, 0.794], [0.516, 0.556, 0.479]], atol=1e-6)


def test_an_example_weighs_the_mean_of_its_labels() -> None:
    weights = mean_weights([(0,), (0, 2)], np.array([1, 5, 4], np.float32))
    assert weights.tolist() == [1, 2.5]


def test_inverse_frequencies_sum_to_one() -> None:
    weights = inverse_frequency_weights([(0,), (0, 1), (0,), (1, 2)], "abc")  # seen 3, 2 and 1 times
    np.testing.assert_allclose(weights, np.array([2, 3, 6]) / 11, rtol=1e-6)


def test_a_label_on_no_example_has_no_inverse_frequency() -> None:
    with pytest.raises(DataError, match="no example bears b, d"):
        inverse_frequency_weights([(0,), (2,)], "abcd")


def test_the_seed_weights_are_laid_on_by_name() -> None:
    # In GoEmotions "neutral" is the last id; in the seed's table it stands between nervousness and optimism.
    weights = label_weights("seed", [])
    assert weights[NEUTRAL] == np.float32(0.0592243)
    assert weights[EMOTIONS.names.index("optimism")] == np.float32(0.1094205)
    assert weights[EMOTIONS.names.index("surprise")] == np.float32(0.01692921)


def test_the_seeds_table_and_settings_stay_as_the_seed_had_them() -> None:
    weights = {
        name: f"{weight:.8f}" for name, weight in zip(EMOTIONS.names, label_weights("seed", []), strict=True)
    }
    digest = hashlib.sha256(repr(sorted(weights.items())).encode()).hexdigest()
    assert digest.startswith("526158e08420")
    assert SeedConfig() == SeedConfig(1, 15, 3, 128, 1e-3, "seed")
    assert NetworkConfig() == NetworkConfig(630, 128, 1e-3, 0.05)


def test_corrected_weights_are_inverse_frequencies_and_none_are_equal() -> None:
    labels = [(emotion,) for emotion in range(28)] + [(NEUTRAL,)] * 3
    corrected = label_weights("corrected", labels)
    assert corrected[JOY] == pytest.approx(4 * corrected[NEUTRAL])
    assert label_weights("none", labels).tolist() == [1] * 28


@pytest.mark.data
def test_the_seed_weights_are_the_corrected_ones_in_another_order() -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    labels = load_comments(data_dir(), "train").labels
    seed, corrected = label_weights("seed", labels), label_weights("corrected", labels)
    np.testing.assert_allclose(np.sort(seed), np.sort(corrected), rtol=1e-5)
    assert np.abs(seed - corrected).max() > 0.1
