"""The teacher's job from end to end, on a BERT of a few thousand weights."""

from pathlib import Path

import numpy as np
import pytest

from ambiance.affect import EMOTIONS
from ambiance.artifacts import TEXT_TEACHER, Artifact, load
from ambiance.errors import AmbianceError
from pretrained import word_piece

torch = pytest.importorskip("torch", reason="the extra [teacher] is not installed")
transformers = pytest.importorskip("transformers", reason="the extra [teacher] is not installed")

from training.teacher.artifact import Teacher  # noqa: E402
from training.teacher.config import TeacherConfig  # noqa: E402
from training.teacher.fine_tune import Lessons, train_member  # noqa: E402
from training.teacher.job import run  # noqa: E402
from training.teacher.network import TeacherNetwork, read  # noqa: E402
from training.teacher.source import model_file  # noqa: E402

# A process of its own for the members imports PyTorch anew, which takes its time on a busy machine.
pytestmark = pytest.mark.timeout(600)

CONFIG = TeacherConfig(
    members=2, processes=1, epochs=1, batch_size=16, synthetic_texts=40, token_width=4, feature_width=3
)
WORDS = ("happy", "days", "sing", "sang", "unhappy", "[NAME]", "😂", "haha", "99", "über")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a random BERT with two layers."""
    folder = tmp_path_factory.mktemp("model")
    tokenizer = word_piece()
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little GoEmotions."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "goemotions").mkdir()
    random = np.random.default_rng(0)
    for split in ("train", "dev", "test"):
        texts = [" ".join(random.choice(WORDS, random.integers(1, 14))) for _ in range(56)]
        lines = (f"{text}\t{i % 28}\t{split}{i}\n" for i, text in enumerate(texts))
        (folder / "goemotions" / f"{split}.tsv").write_text("".join(lines))
    (folder / "goemotions" / "emotions.txt").write_text("\n".join(EMOTIONS.names) + "\n")
    return folder


@pytest.fixture(scope="module")
def artifact(model: str, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The teacher that the job published."""
    root = tmp_path_factory.mktemp("artifacts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMBIANCE_DATA", str(data_dir))
        run(CONFIG, model, root)
    return load(root, TEXT_TEACHER)


def test_the_artifact_holds_what_a_student_needs(artifact: Artifact, data_dir: Path) -> None:
    teacher = Teacher.load(artifact)
    teacher.check_train(data_dir)
    tokens = artifact.manifest.counts["tokens"]
    assert teacher.token_vectors.shape == (tokens, 4)
    assert not teacher.token_vectors[:2].any()
    assert teacher.train_soft_labels.shape == (56, 28)
    assert teacher.train_features.shape == (56, 3)
    assert (len(teacher.synthetic_ids), teacher.synthetic_soft_labels.shape) == (40, (40, 28))
    assert max(ids.max() for ids in teacher.synthetic_ids) < tokens
    assert teacher.synthetic_soft_labels.std(axis=0).min() > 0


def test_the_manifest_says_where_the_teacher_comes_from(artifact: Artifact) -> None:
    manifest = artifact.manifest
    assert manifest.spaces == []
    assert manifest.origin.recipe.endswith("--members 2 --epochs 1 --synthetic-texts 40")
    assert manifest.counts["training_comments"] == 56
    assert set(manifest.origin.libraries) == {"numpy", "tokenizers", "torch", "transformers"}
    assert "all-MiniLM-L6-v2/model.safetensors" in manifest.origin.datasets
    assert any("all-MiniLM-L6-v2" in notice for notice in manifest.origin.notices)
    assert 0 <= manifest.quality["goemotions_dev"]["ekman_macro_f1"] <= 1


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    """Texts of the letters that say which of two emotions they bear."""
    random = np.random.default_rng(0)
    bears = random.random(128) < 0.5
    rows = [np.array([3, 40 + bear, *random.integers(10, 30, 5), 4], np.int32) for bear in bears]
    labels = np.zeros((128, 28), bool)
    labels[np.arange(128), bears.astype(int)] = True
    return Lessons(labels, rows, rows[:32], rows[32:64])


def test_a_member_learns_what_the_labels_say(model: str, lessons: Lessons) -> None:
    config = TeacherConfig(epochs=6, batch_size=16, learning_rate=1e-2, head_learning_rate=1e-2, dropout=0.0)
    answers = train_member(config, model, 0, lessons)
    learned = answers.train[:, :2].argmax(axis=1) == lessons.labels[:, :2].argmax(axis=1)
    assert learned.mean() > 0.9
    # bfloat16, and other texts in a batch: close, not the same
    np.testing.assert_allclose(answers.dev, answers.train[:32], atol=0.1)
    np.testing.assert_allclose(answers.synthetic, answers.train[32:64], atol=0.1)


def test_members_differ_and_a_seed_repeats_itself(model: str, lessons: Lessons) -> None:
    config = TeacherConfig(epochs=1, batch_size=64)
    one, again, other = (train_member(config, model, member, lessons).dev for member in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_texts_are_read_in_their_order_whatever_their_lengths(model: str) -> None:
    network = TeacherNetwork(model, dropout=0.1)
    rows = [np.array([3, *[10] * length, 4], np.int32) for length in (9, 1, 5)]
    logits, means = read(network, rows, batch_size=2)
    assert (logits.shape, means.shape) == ((3, 28), (3, 16))
    for i, row in enumerate(rows):
        np.testing.assert_allclose(logits[i], read(network, [row])[0][0], atol=0.02)


def test_a_text_too_long_for_the_encoder_is_refused(model: str) -> None:
    with pytest.raises(AmbianceError, match="text: at most 64 tokens, got 65"):
        read(TeacherNetwork(model, dropout=0.1), [np.full(65, 10, np.int32)])


def test_the_words_the_encoder_knows_stay_as_they_are(model: str) -> None:
    network = TeacherNetwork(model, dropout=0.1)
    assert not any(p.requires_grad for p in network.encoder.embeddings.parameters())
    assert all(p.requires_grad for p in network.encoder.encoder.parameters())


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AmbianceError, match=r"tokenizer\.json"):
        model_file(str(tmp_path), "tokenizer.json")
