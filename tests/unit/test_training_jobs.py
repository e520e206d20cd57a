"""Each encoder's job end to end on tiny synthetic data: train two steps, publish, load, agree."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import EMOTIONS, vad_lineage  # noqa: E402
from ambiance.artifacts import MUSIC_ENCODER, TEXT_ENCODER, Artifact, load  # noqa: E402
from ambiance.tokenizer import WordTokenizer  # noqa: E402
from audioset_files import clip_record, tfrecord, write_archive, write_ontology  # noqa: E402
from training.data.goemotions import load_comments  # noqa: E402
from training.data.sources import REPOSITORY, data_dir  # noqa: E402
from training.evaluate.readings import count_emotions  # noqa: E402
from training.evaluate.released import evaluate_released  # noqa: E402
from training.music.config import MusicConfig  # noqa: E402
from training.music.job import run as run_music  # noqa: E402
from training.text import encode as text_encode  # noqa: E402
from training.text.config import TextConfig  # noqa: E402
from training.text.job import run as run_text  # noqa: E402
from training.text.windows import first_windows  # noqa: E402

# Tracing the unrolled recurrence takes most of the time, minutes where other work shares the machine.
pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(300)]

TEXTS = ("so sad today", "what a joy", "", "nothing known here", "sad " * 40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both data sets, small: 32 comments a split, and 29 clips, one of them of two moods and six seconds."""
    folder = tmp_path_factory.mktemp("data")
    lines = [f"a {EMOTIONS.names[i % 28]} day\t{i % 28}\tid{i}\n" for i in range(32)]
    (folder / "goemotions").mkdir()
    for split in ("train", "dev", "test"):
        (folder / "goemotions" / f"{split}.tsv").write_text("".join(lines))
    (folder / "goemotions" / "emotions.txt").write_text("\n".join(EMOTIONS.names) + "\n")
    noise = random.Random(0)
    records = [
        clip_record(f"clip{i:07}", labels=(137, 276 + i % 7), frames=[noise.randbytes(128)] * 10)
        for i in range(28)
    ]
    records.append(clip_record("of two moods", labels=(278, 279), frames=[bytes(128)] * 6))
    shards = {f"{split}/00": tfrecord(records) for split in ("bal_train", "eval")}
    write_archive(folder, shards)
    write_ontology(folder)
    return folder


@pytest.fixture(scope="module")
def artifacts_root(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both encoders, published by their jobs."""
    root = tmp_path_factory.mktemp("artifacts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMBIANCE_DATA", str(folder))
        run_text(TextConfig(min_word_count=2, epochs=1, batch_size=16), root)
        run_music(MusicConfig(folds=2), root)
    return root


def saved_model_vad(artifact: Artifact, signature: str, **inputs: np.ndarray) -> np.ndarray:
    """What TensorFlow Serving would answer."""
    encode = tf.saved_model.load(artifact.path).signatures[signature]
    return encode(**{name: tf.constant(column) for name, column in inputs.items()})["vad"].numpy()


@pytest.mark.parametrize("signature", ["encode", "serving_default"])
def test_both_forms_of_a_text_encoder_agree(artifacts_root: Path, signature: str) -> None:
    artifact = load(artifacts_root, TEXT_ENCODER)
    token_ids = first_windows(WordTokenizer.load(artifact.path), TEXTS)
    expected = text_encode.encode_vad(artifact, TEXTS)
    assert expected.shape == (5, 3)
    for rows in (slice(1), slice(None)):
        vad = saved_model_vad(artifact, signature, token_ids=token_ids[rows])
        np.testing.assert_allclose(vad, expected[rows], atol=1e-5)


def test_the_manifests_say_what_was_trained_on_what(artifacts_root: Path) -> None:
    text, music = (load(artifacts_root, kind).manifest for kind in (TEXT_ENCODER, MUSIC_ENCODER))
    assert [space.model_dump() for space in text.spaces] == [
        {"name": "vad", "dimension": 3, "metric": "squared_l2", "lineage": vad_lineage()}
    ]
    assert text.spaces == music.spaces
    # PAD, UNKNOWN, "a", "day" and the four emotions seen twice
    assert text.counts == {"vocabulary_tokens": 8, "parameters": 15_651, "training_comments": 32}
    assert music.counts == {"parameters": 19_099, "training_clips": 29, "training_rows": 30}
    assert 0 <= text.quality["goemotions_dev"]["micro_precision"] <= 1
    assert 0 <= music.quality["bal_train_cross_validation"]["macro_f1"] <= 1
    assert {name.split("/")[0] for name in text.origin.datasets} == {"goemotions"}


def test_released_encoders_are_measured_on_test_and_eval(
    artifacts_root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBIANCE_DATA", str(folder))
    summary = evaluate_released(artifacts_root).summary()
    assert summary["versions"] == {"text_encoder": 1, "music_encoder": 1}
    assert (summary["test_comments"], summary["eval_mood_rows"]) == (32, 30)
    assert set(summary["evaluation"]) == {"text", "music", "connection"}


@pytest.mark.data
def test_the_committed_evaluation_is_that_of_the_committed_artifacts() -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    released = REPOSITORY / "artifacts"
    committed = json.loads((released / "evaluation.json").read_text())
    assert json.loads(json.dumps(evaluate_released(released).summary())) == committed


def test_the_first_window_is_all_that_is_read(artifacts_root: Path) -> None:
    tokenizer = WordTokenizer.load(load(artifacts_root, TEXT_ENCODER).path)
    windows = first_windows(tokenizer, ["", "A day; unheard", "day " * 31])
    a, day = tokenizer.vocabulary.index("a"), tokenizer.vocabulary.index("day")
    assert windows.dtype == np.int32
    assert windows.tolist() == [[0] * 30, [a, day, 1] + [0] * 27, [day] * 30]


@pytest.mark.data
def test_the_released_text_encoder_is_as_good_as_its_manifest_says() -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    artifact, dev = load(REPOSITORY / "artifacts", TEXT_ENCODER), load_comments(data_dir(), "dev")
    found = count_emotions(text_encode.encode_vad(artifact, dev.texts), dev.labels)
    promised = artifact.manifest.quality["goemotions_dev"]
    assert found.micro_precision == pytest.approx(promised["micro_precision"], abs=1e-3)
    assert found.macro_precision == pytest.approx(promised["macro_precision"], abs=1e-2)
