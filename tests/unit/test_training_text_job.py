"""The text job end to end on tiny synthetic data: every recipe learns, is published, loaded, and agrees."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import EMOTIONS, vad_lineage  # noqa: E402
from ambiance.artifacts import (  # noqa: E402
    TEXT_ENCODER,
    TEXT_TEACHER,
    Artifact,
    Description,
    Origin,
    file_sha256,
    load,
    publish,
)
from ambiance.errors import ArtifactError  # noqa: E402
from ambiance.tokenizer import PAD, PAD_ID, TOKENIZER_FILE, UNKNOWN, UNKNOWN_ID, TextTokenizer  # noqa: E402
from training.data.errors import DataError  # noqa: E402
from training.data.goemotions import load_comments  # noqa: E402
from training.data.sources import REPOSITORY, data_dir  # noqa: E402
from training.regression.litert import MODEL_FILE, run_litert  # noqa: E402
from training.space.space import MoodSpace  # noqa: E402
from training.teacher.artifact import TRAIN, Teacher  # noqa: E402
from training.text.config import RECIPES, FitConfig, NetworkConfig, TextConfig  # noqa: E402
from training.text.encode import read_texts  # noqa: E402
from training.text.job import run  # noqa: E402
from training.text.quality import dev_figures  # noqa: E402
from training.text.recipes.bag import train_tokenizer  # noqa: E402
from training.text.reexport import COMMAND, reexport  # noqa: E402
from training.text.trained import first_windows  # noqa: E402

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(600)]

COMMENTS = 56
TEXTS = ("so grief today", "what a joy", "", "nothing known here", "a joy day " * 40)
NETWORK = NetworkConfig(table_width=16, code_bytes=4, width=16, embedding_width=8)
FIT = FitConfig(epochs=15, coded_epochs=2, batch_size=8, learning_rate=1e-2)
CONFIG = TextConfig(space="plain", vocabulary_tokens=120, network=NETWORK, fit=FIT, bag_fit=FIT)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GoEmotions, small: 56 comments a split, each naming its emotion."""
    folder = tmp_path_factory.mktemp("data")
    lines = [f"a {EMOTIONS.names[i % 28]} day\t{i % 28}\tid{i}\n" for i in range(COMMENTS)]
    (folder / "goemotions").mkdir()
    for split in ("train", "dev", "test"):
        (folder / "goemotions" / f"{split}.tsv").write_text("".join(lines))
    (folder / "goemotions" / "emotions.txt").write_text("\n".join(EMOTIONS.names) + "\n")
    return folder


@pytest.fixture(scope="module")
def teachers(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher of whole words that is sure of every comment."""
    root = tmp_path_factory.mktemp("teacher")
    ids = {word: i for i, word in enumerate([PAD, UNKNOWN, "a", "day", *EMOTIONS.names])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    rng = np.random.default_rng(0)
    sure = np.eye(28, dtype=np.float32)[np.arange(COMMENTS) % 28]
    teacher = Teacher(
        tokenizer_file=Path(TOKENIZER_FILE),
        token_vectors=rng.normal(size=(len(ids), 16)).astype(np.float32),
        train_soft_labels=sure,
        train_features=rng.normal(size=(COMMENTS, 8)).astype(np.float32),
        train_sha256=file_sha256(data / TRAIN),
        synthetic_ids=tuple(np.array([4 + i % 28, 3], np.int32) for i in range(COMMENTS)),
        synthetic_soft_labels=sure,
    )

    def write_files(folder: Path) -> None:
        teacher.save(folder)
        tokenizer.save(str(folder / TOKENIZER_FILE))

    origin = Origin(
        recipe="by hand", seed=1, code_revision="", datasets={TRAIN: teacher.train_sha256}, libraries={}
    )
    description = Description(kind=TEXT_TEACHER, spaces=[], counts={}, origin=origin, quality={})
    publish(root, description, write_files)
    return root


@pytest.fixture(scope="module")
def encoders(data: Path, teachers: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """An encoder of each recipe, published by the job."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMBIANCE_DATA", str(data))
        return {
            recipe: run(replace(CONFIG, recipe=recipe), tmp_path_factory.mktemp(recipe), teachers)
            for recipe in RECIPES
        }


@pytest.mark.parametrize("recipe", RECIPES)
def test_both_forms_of_an_encoder_agree(encoders: dict[str, Artifact], recipe: str) -> None:
    artifact = load(encoders[recipe].path.parents[1], TEXT_ENCODER)
    window = artifact.manifest.counts["window_tokens"]
    token_ids = first_windows(TextTokenizer.load(artifact.path), TEXTS, window)
    expected = run_litert(artifact.file(MODEL_FILE), {"token_ids": token_ids})
    tolerances = {"emotions": 0.05, "vad": 0.02, "mood": 0.1, "embedding": 0.2}
    for signature in ("encode", "serving_default"):
        outputs = tf.saved_model.load(artifact.path).signatures[signature](token_ids=tf.constant(token_ids))
        assert set(outputs) == set(expected) == set(tolerances)
        for name, tensor in outputs.items():
            np.testing.assert_allclose(tensor.numpy(), expected[name], atol=tolerances[name])
    np.testing.assert_allclose(expected["emotions"].sum(axis=1), 1, atol=1e-5)
    assert (expected["vad"].min() >= 0, expected["vad"].max() <= 1) == (True, True)


@pytest.mark.parametrize("recipe", ["distilled", "bag"])
def test_a_student_learns_what_its_comments_say(
    encoders: dict[str, Artifact], data: Path, recipe: str
) -> None:
    comments = load_comments(data, "dev")
    answers = read_texts(encoders[recipe], comments.texts).emotions.argmax(axis=1)
    assert np.mean(answers == [labels[0] for labels in comments.labels]) > 0.3  # by chance: 0.04


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_manifest_says_what_was_trained_on_what(encoders: dict[str, Artifact], recipe: str) -> None:
    artifact = encoders[recipe]
    manifest, space = artifact.manifest, MoodSpace.load(artifact.path / "space")
    assert {s.name: (s.dimension, s.metric, s.lineage) for s in manifest.spaces} == {
        "vad": (3, "squared_l2", vad_lineage()),
        "mood": (space.dimension, "squared_l2", space.lineage),
    }
    assert manifest.counts["training_comments"] == COMMENTS
    assert manifest.counts["synthetic_texts"] == (COMMENTS if recipe == "distilled" else 0)
    assert manifest.counts["vocabulary_tokens"] == TextTokenizer.load(artifact.path).vocabulary_count
    assert manifest.origin.sources == ({TEXT_TEACHER: 1} if recipe == "distilled" else {})
    assert 0 <= manifest.quality["goemotions_dev"]["ekman_macro_f1"] <= 1
    assert manifest.quality["milliseconds_a_sentence"] > 0
    assert set(manifest.quality["largest_differences"]) == {"emotions", "vad", "mood", "embedding"}
    assert "calibrated" in manifest.notes["emotions"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_texts_of_any_length_are_read_whole(encoders: dict[str, Artifact], recipe: str) -> None:
    readings = read_texts(encoders[recipe], TEXTS)
    assert len(readings) == len(TEXTS)
    alone = read_texts(encoders[recipe], TEXTS[4:])
    for name, rows in vars(readings).items():
        assert np.isfinite(rows).all()
        np.testing.assert_allclose(getattr(alone, name)[0], rows[4], atol=1e-3)


def test_litert_reads_short_texts_in_short_windows(encoders: dict[str, Artifact]) -> None:
    artifact = encoders["distilled"]
    token_ids = first_windows(TextTokenizer.load(artifact.path), TEXTS[:4], 32)
    whole = run_litert(artifact.file(MODEL_FILE), {"token_ids": token_ids})
    for length in (8, 16, 24):
        short = {"token_ids": token_ids[:, :length]}
        for name, rows in run_litert(artifact.file(MODEL_FILE), short, f"encode_{length}").items():
            np.testing.assert_allclose(rows, whole[name], atol=1e-5)


def test_an_encoder_is_exported_again_from_its_weights(
    encoders: dict[str, Artifact], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBIANCE_DATA", str(data))
    old = encoders["distilled"]
    new = load(reexport(old, tmp_path, NETWORK).path.parents[1], TEXT_ENCODER)
    assert new.manifest.spaces == old.manifest.spaces
    assert new.manifest.origin.sources == {TEXT_TEACHER: 1, TEXT_ENCODER: old.manifest.version}
    assert new.manifest.origin.code_revision == old.manifest.origin.code_revision
    assert COMMAND in new.manifest.notes["export"]
    assert max(moved["largest"] for moved in new.manifest.quality["reexport"].values()) < 1e-5
    texts = load_comments(data, "dev").texts
    for name, rows in vars(read_texts(old, texts)).items():
        np.testing.assert_allclose(getattr(read_texts(new, texts), name), rows, atol=1e-5)


@pytest.mark.parametrize("recipe", ["bag", "seed"])
def test_weights_of_another_network_are_not_exported_again(
    encoders: dict[str, Artifact], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str
) -> None:
    monkeypatch.setenv("AMBIANCE_DATA", str(data))
    with pytest.raises(ArtifactError, match=r"variables: not the weights of a NetworkConfig\("):
        reexport(encoders[recipe], tmp_path, NETWORK)


def test_the_same_seed_gives_the_same_encoder(
    encoders: dict[str, Artifact], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBIANCE_DATA", str(data))
    again = run(replace(CONFIG, recipe="bag"), tmp_path)
    # Its lineage digests tokenizer and weights. The files also hold names, which Keras counts up.
    assert again.space("mood") == encoders["bag"].space("mood")


def test_a_teacher_of_other_comments_is_refused(
    data: Path, teachers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goemotions = tmp_path / "goemotions"
    goemotions.mkdir()
    for file in (data / "goemotions").iterdir():
        (goemotions / file.name).write_bytes(file.read_bytes())
    with (goemotions / "train.tsv").open("a") as stream:
        stream.write("another\t0\tid\n")
    monkeypatch.setenv("AMBIANCE_DATA", str(tmp_path))
    with pytest.raises(ArtifactError, match=r"train.tsv: SHA-256 .*, the teacher read"):
        run(CONFIG, tmp_path / "artifacts", teachers)


def test_a_teacher_of_other_width_is_refused(
    data: Path, teachers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBIANCE_DATA", str(data))
    with pytest.raises(DataError, match="embedding: 9 wide, the teacher's features are 8"):
        run(replace(CONFIG, network=replace(NETWORK, embedding_width=9)), tmp_path, teachers)


def test_a_learned_tokenizer_spells_any_text_and_follows_from_its_texts() -> None:
    texts = ["a grieving day", "joyful days", "so much joy"]
    tokenizer = train_tokenizer(texts, vocabulary_tokens=300)
    assert len(tokenizer.ids("joyful Day")) < len("joyful day")
    ids = tokenizer.ids("[PAD] [UNK] 😭 naïve")
    assert ids
    assert not {PAD_ID, UNKNOWN_ID} & set(ids)
    assert train_tokenizer(texts, 300).document == tokenizer.document


def test_a_learned_tokenizer_shows_where_words_part() -> None:
    tokenizer = train_tokenizer(["ab"], vocabulary_tokens=258)  # every byte, and no pair
    assert len(tokenizer.ids("abcde fg")) == 9  # a space stands before each word
    assert tokenizer.encode("abcde fg", 8).window_token_counts.tolist() == [6, 3]


@pytest.mark.data
def test_the_released_text_encoder_is_as_good_as_its_manifest_says() -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    artifact, dev = load(REPOSITORY / "artifacts", TEXT_ENCODER), load_comments(data_dir(), "dev")
    found = dev_figures(read_texts(artifact, dev.texts).emotions, dev.labels, artifact.manifest.origin.seed)
    promised = artifact.manifest.quality["goemotions_dev"]
    for name in ("micro_precision", "ekman_macro_f1", "emotion_macro_f1"):
        assert found[name] == pytest.approx(promised[name], abs=1e-2)
