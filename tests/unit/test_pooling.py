"""From windows to texts."""

import numpy as np
import pytest

from ambiance.affect import EMOTIONS
from ambiance.pooling import pool, window_weights
from ambiance.tokenizer import Encoding

JOY, NEUTRAL = EMOTIONS.names.index("joy"), EMOTIONS.names.index("neutral")


def posterior(neutral: float) -> np.ndarray:
    row = np.zeros(28, np.float32)
    row[[JOY, NEUTRAL]] = 1 - neutral, neutral
    return row


def encoding(*token_counts: int) -> Encoding:
    windows = np.zeros((len(token_counts), 8), np.int32)
    for row, count in zip(windows, token_counts, strict=True):
        row[:count] = 2
    return Encoding(windows, sum(token_counts), 0)


def test_a_lone_window_is_the_text_to_the_bit() -> None:
    rows = np.random.default_rng(0).random((3, 28)).astype(np.float32)
    pooled = pool({"emotions": rows}, [encoding(3), encoding(8), encoding(1)])
    np.testing.assert_array_equal(pooled["emotions"], rows)
    beside_a_long_text = pool({"emotions": rows}, [encoding(3), encoding(8, 2)])
    np.testing.assert_array_equal(beside_a_long_text["emotions"][0], rows[0])


def test_a_window_weighs_its_tokens_times_its_feeling() -> None:
    outputs = {
        "emotions": np.stack([posterior(0.9), posterior(0.1), posterior(0.5)]),
        "vad": np.array([[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5]], np.float32),
    }
    texts = [encoding(8, 4), encoding(3)]
    np.testing.assert_allclose(window_weights(outputs["emotions"], texts), [0.8, 3.6, 1.5], rtol=1e-6)
    pooled = pool(outputs, texts)
    np.testing.assert_allclose(pooled["vad"], [[3.6 / 4.4] * 3, [0.5] * 3], rtol=1e-6)
    np.testing.assert_allclose(pooled["emotions"].sum(axis=1), 1, rtol=1e-6)
    assert pooled["vad"].dtype == np.float32


@pytest.mark.parametrize("token_counts", [(8, 8, 4), (0, 0)])
def test_windows_neutral_beyond_doubt_still_count(token_counts: tuple[int, ...]) -> None:
    emotions = np.stack([posterior(1.0)] * len(token_counts))
    pooled = pool({"emotions": emotions}, [encoding(*token_counts)])
    np.testing.assert_allclose(pooled["emotions"], emotions[:1])
