"""The released model on LiteRT: batches equal single windows to the bit, threads and deadlines are held."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.errors import ArtifactError, DeadlineError
from ambiance.tokenizer import WINDOW, WordTokenizer
from text_encoders import RELEASED
from text_service.encoder import BLOCK_SIZES, MODEL_FILE, LiteRtEncoder, blocks


@pytest.fixture(scope="module")
def artifact() -> artifacts.Artifact:
    return artifacts.load(RELEASED, artifacts.TEXT_ENCODER)


@pytest.fixture(scope="module")
def encoder(artifact: artifacts.Artifact) -> LiteRtEncoder:
    return LiteRtEncoder(artifact.file(MODEL_FILE), interpreters=2)


def random_windows(count: int) -> NDArray[np.int32]:
    return np.random.default_rng(count).integers(0, 2_000, (count, WINDOW), np.int32)


@given(st.integers(0, 1_000))
def test_blocks_cover_every_window_once(count: int) -> None:
    covered = list(blocks(count))
    assert [start for start, _ in covered] == list(np.cumsum([0, *(size for _, size in covered[:-1])]))[
        : len(covered)
    ]
    assert sum(size for _, size in covered) - count in range(BLOCK_SIZES[-1])
    assert all(start < count for start, _ in covered)


@pytest.mark.parametrize("count", [2, 4, 5, 16, 17, 64, 65, 130])
def test_a_batch_equals_its_windows_one_by_one(encoder: LiteRtEncoder, count: int) -> None:
    windows = random_windows(count)
    alone = [encoder.encode(window[None], 10)[0] for window in windows]
    np.testing.assert_array_equal(encoder.encode(windows, 10), alone)


def test_no_window_is_no_point(encoder: LiteRtEncoder) -> None:
    assert encoder.encode(random_windows(0), 10).shape == (0, 3)


def test_happy_is_pleasanter_than_sad(artifact: artifacts.Artifact, encoder: LiteRtEncoder) -> None:
    tokenizer = WordTokenizer.load(artifact.path)
    texts = "I am so happy, thank you!", "This is terrible. I hate it."
    happy, sad = (encoder.encode(tokenizer.encode(text).windows, 10)[0] for text in texts)
    assert happy[0] > sad[0] + 0.1


def test_threads_share_the_interpreters(encoder: LiteRtEncoder) -> None:
    batches = [random_windows(count) for count in range(1, 33)]
    expected = [encoder.encode(batch, 10) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: encoder.encode(batch, 10), batches * 4))
    for vad, reference in zip(found, expected * 4, strict=True):
        np.testing.assert_array_equal(vad, reference)


def test_a_passed_deadline_stops_the_reading(encoder: LiteRtEncoder) -> None:
    with pytest.raises(DeadlineError, match="the deadline passed before every window was read"):
        encoder.encode(random_windows(1), 0)


def test_waiting_for_an_interpreter_ends_with_the_deadline(artifact: artifacts.Artifact) -> None:
    busy = LiteRtEncoder(artifact.file(MODEL_FILE), interpreters=1)
    taken = busy._idle.get()  # as a call on another thread does
    with pytest.raises(DeadlineError):
        busy.encode(random_windows(1), 0.05)
    busy._idle.put(taken)
    assert busy.encode(random_windows(1), 10).shape == (1, 3)


def test_a_model_of_another_kind_is_refused() -> None:
    music = artifacts.load(RELEASED, artifacts.MUSIC_ENCODER).file(MODEL_FILE)
    with pytest.raises(ArtifactError, match=r"model.tflite: needs one input int32\[-1, 30\], has"):
        LiteRtEncoder(music, interpreters=1)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / MODEL_FILE).write_bytes(b"not a model")
    with pytest.raises(ArtifactError, match=r"model.tflite: LiteRT can't run it: "):
        LiteRtEncoder(tmp_path / MODEL_FILE, interpreters=1)
