"""The released model on LiteRT: batches equal single windows to the bit, threads and deadlines are held."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.errors import ArtifactError, DeadlineError
from ambiance.pooling import pool
from ambiance.tokenizer import PAD_ID, TextTokenizer
from text_encoders import JOY, RELEASED, SADNESS
from text_service.encoder import MODEL_FILE, LiteRtEncoder, read_signature
from text_service.windows import Outputs

RandomWindows = Callable[[int], NDArray[np.int32]]


@pytest.fixture(scope="module")
def artifact() -> artifacts.Artifact:
    return artifacts.load(RELEASED, artifacts.TEXT_ENCODER)


@pytest.fixture(scope="module")
def encoder(artifact: artifacts.Artifact) -> LiteRtEncoder:
    return LiteRtEncoder(artifact.file(MODEL_FILE), interpreters=2)


@pytest.fixture(scope="module")
def random_windows(encoder: LiteRtEncoder, artifact: artifacts.Artifact) -> RandomWindows:
    """Makes windows of any tokens and of every length, the same for the same count."""
    vocabulary_count = TextTokenizer.load(artifact.path).vocabulary_count

    def make(count: int) -> NDArray[np.int32]:
        random, window = np.random.default_rng(count), encoder.signature.window
        windows = random.integers(0, vocabulary_count, (count, window), np.int32)
        windows[random.integers(0, window, count)[:, None] < np.arange(window)] = PAD_ID
        return windows

    return make


def assert_equal(found: Outputs, expected: Outputs) -> None:
    """To the bit."""
    assert set(found) == set(expected)
    for name, rows in expected.items():
        np.testing.assert_array_equal(found[name], rows)


@pytest.mark.parametrize("count", [2, 4, 5, 16, 17, 64, 65, 130])
def test_a_batch_equals_its_windows_one_by_one(
    encoder: LiteRtEncoder, random_windows: RandomWindows, count: int
) -> None:
    windows = random_windows(count)
    alone = [encoder.encode(window[None], 10) for window in windows]
    joined = {name: np.concatenate([one[name] for one in alone]) for name in encoder.signature.widths}
    assert_equal(encoder.encode(windows, 10), joined)


def test_no_window_has_no_outputs(encoder: LiteRtEncoder, random_windows: RandomWindows) -> None:
    shapes = {name: rows.shape for name, rows in encoder.encode(random_windows(0), 10).items()}
    assert shapes == {name: (0, width) for name, width in encoder.signature.widths.items()}


def test_the_released_model_writes_what_its_manifest_says(artifact: artifacts.Artifact) -> None:
    signature = read_signature(artifact.file(MODEL_FILE))
    signature.require(artifact.manifest.spaces, artifact.path)
    assert {"emotions", "scenes", "vad", "distress", "mood", "embedding"} == set(signature.widths)


def test_happy_is_pleasanter_than_sad(artifact: artifacts.Artifact, encoder: LiteRtEncoder) -> None:
    tokenizer = TextTokenizer.load(artifact.path)
    texts = "I am so happy, thank you!", "I am so sad that she is gone."
    encodings = [tokenizer.encode(text, encoder.signature.window) for text in texts]
    outputs = pool(
        encoder.encode(np.concatenate([encoding.windows for encoding in encodings]), 10), encodings
    )
    assert outputs["vad"][0, 0] > outputs["vad"][1, 0] + 0.1
    assert (np.diff(outputs["emotions"][:, [JOY, SADNESS]]) > 0).tolist() == [[False], [True]]


def test_threads_share_the_interpreters(encoder: LiteRtEncoder, random_windows: RandomWindows) -> None:
    batches = [random_windows(count) for count in range(1, 33)]
    expected = [encoder.encode(batch, 10) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: encoder.encode(batch, 10), batches * 4))
    for outputs, reference in zip(found, expected * 4, strict=True):
        assert_equal(outputs, reference)


@pytest.mark.parametrize("count", [1, 64])
def test_a_passed_deadline_stops_the_reading(
    encoder: LiteRtEncoder, random_windows: RandomWindows, count: int
) -> None:
    with pytest.raises(DeadlineError, match="the deadline passed before every window was read"):
        encoder.encode(random_windows(count), 0)


def test_what_a_helper_runs_into_is_not_lost(
    encoder: LiteRtEncoder, random_windows: RandomWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, caller = encoder._run, threading.get_ident()
    begun = threading.Event()

    def fail_in_helper(windows: NDArray[np.int32], deadline: float) -> Outputs:
        if threading.get_ident() == caller:
            begun.wait(10)  # leaves the helper a block
            return run(windows, deadline)
        begun.set()
        raise RuntimeError("the helper's own")

    monkeypatch.setattr(encoder, "_run", fail_in_helper)
    with pytest.raises(RuntimeError, match="the helper's own"):
        encoder.encode(random_windows(64), 10)


def test_waiting_for_an_interpreter_ends_with_the_deadline(
    artifact: artifacts.Artifact, random_windows: RandomWindows
) -> None:
    busy = LiteRtEncoder(artifact.file(MODEL_FILE), interpreters=1)
    taken = busy._idle.get()  # as a call on another thread does
    with pytest.raises(DeadlineError):
        busy.encode(random_windows(1), 0.05)
    busy._idle.put(taken)
    assert len(busy.encode(random_windows(1), 10)["vad"]) == 1


def test_a_model_of_another_kind_is_refused() -> None:
    music = artifacts.load(RELEASED, artifacts.MUSIC_ENCODER).file(MODEL_FILE)
    with pytest.raises(ArtifactError, match=r"model.tflite: needs token_ids int32\[n, window\] to .*, has "):
        LiteRtEncoder(music, interpreters=1)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / MODEL_FILE).write_bytes(b"not a model")
    with pytest.raises(ArtifactError, match=r"model.tflite: LiteRT can't run it: "):
        LiteRtEncoder(tmp_path / MODEL_FILE, interpreters=1)


def test_what_nobody_waits_for_is_not_read_to_the_end(
    encoder: LiteRtEncoder, random_windows: RandomWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, counts = encoder._run, []

    def count(windows: NDArray[np.int32], deadline: float) -> Outputs:
        counts.append(len(windows))
        return run(windows, deadline)

    monkeypatch.setattr(encoder, "_run", count)
    with pytest.raises(DeadlineError, match="the caller left before every window was read"):
        encoder.encode(random_windows(400), 10, lambda: len(counts) < 2)
    assert len(counts) < 6  # each thread ends with the block it is at
