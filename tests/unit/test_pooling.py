"""From windows to texts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.affect import SCENES
from ambiance.pooling import pool, window_weights
from ambiance.tokenizer import Encoding

JOY, NONE = SCENES.index("joy"), SCENES.index("none")


def posterior(none: float) -> NDArray[np.float32]:
    row = np.zeros(21, np.float32)
    row[[JOY, NONE]] = 1 - none, none
    return row


def encoding(*token_counts: int) -> Encoding:
    windows = np.zeros((len(token_counts), 8), np.int32)
    for row, count in zip(windows, token_counts, strict=True):
        row[:count] = 2
    return Encoding(windows, sum(token_counts), 0)


def random_outputs(count: int) -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(0)
    widths = {"emotions": 28, "scenes": 21, "distress": 1}
    return {name: random.random((count, width)).astype(np.float32) / 21 for name, width in widths.items()}


def test_a_lone_window_is_the_text_to_the_bit() -> None:
    outputs = random_outputs(3)
    pooled = pool(outputs, [encoding(3), encoding(8), encoding(1)])
    beside_a_long_text = pool(outputs, [encoding(3), encoding(8, 2)])
    for name, rows in outputs.items():
        np.testing.assert_array_equal(pooled[name], rows)
        np.testing.assert_array_equal(beside_a_long_text[name][0], rows[0])


def test_a_window_weighs_its_tokens_times_its_feeling() -> None:
    outputs = {
        "scenes": np.stack([posterior(0.9), posterior(0.1), posterior(0.5)]),
        "distress": np.zeros((3, 1), np.float32),
        "vad": np.array([[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5]], np.float32),
    }
    texts = [encoding(8, 4), encoding(3)]
    np.testing.assert_allclose(window_weights(outputs["scenes"], texts), [0.8, 3.6, 1.5], rtol=1e-6)
    pooled = pool(outputs, texts)
    np.testing.assert_allclose(pooled["vad"], [[3.6 / 4.4] * 3, [0.5] * 3], rtol=1e-6)
    np.testing.assert_allclose(pooled["scenes"].sum(axis=1), 1, rtol=1e-6)
    assert pooled["vad"].dtype == np.float32


def test_distress_in_one_window_is_the_texts_however_little_the_window_weighs() -> None:
    outputs = random_outputs(6)
    outputs["scenes"][:] = posterior(0.2)
    outputs["scenes"][1] = posterior(1.0)
    outputs["distress"][:, 0] = [0.1, 0.9, 0.2, 0.3, 0.05, 0.04]
    pooled = pool(outputs, [encoding(8, 1, 8), encoding(3), encoding(8, 8)])
    assert pooled["distress"].tolist() == [[np.float32(0.9)], [np.float32(0.3)], [np.float32(0.05)]]
    assert pooled["distress"].dtype == np.float32


@pytest.mark.parametrize("token_counts", [(8, 8, 4), (0, 0)])
def test_windows_that_tell_of_nothing_beyond_doubt_still_count(token_counts: tuple[int, ...]) -> None:
    outputs = random_outputs(len(token_counts))
    outputs["scenes"][:] = posterior(1.0)
    pooled = pool(outputs, [encoding(*token_counts)])
    np.testing.assert_allclose(pooled["scenes"], outputs["scenes"][:1])
