"""The text job end to end on tiny synthetic data: every recipe learns, is published, loaded, and agrees."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import lesson_files  # noqa: E402

from ambiance.affect import EMOTIONS, READERS_VAD_LINEAGE, SCENES, nrc_vad_lineage  # noqa: E402
from ambiance.artifacts import (  # noqa: E402
    TEXT_ENCODER,
    TEXT_TEACHER,
    Artifact,
    Description,
    Origin,
    load,
    publish,
)
from ambiance.errors import ArtifactError  # noqa: E402
from ambiance.fixed_queries import FALLBACK_FILE, GENTLE_FILE  # noqa: E402
from ambiance.tokenizer import PAD, PAD_ID, TOKENIZER_FILE, UNKNOWN, UNKNOWN_ID, TextTokenizer  # noqa: E402
from pretrained import small_bert  # noqa: E402
from training.data.emobank import load_emobank  # noqa: E402
from training.data.errors import DataError  # noqa: E402
from training.data.goemotions import load_comments  # noqa: E402
from training.data.lessons import SCENE, load_lessons  # noqa: E402
from training.data.sources import REPOSITORY, data_dir  # noqa: E402
from training.metrics.text_quality import dev_figures, rating_figures  # noqa: E402
from training.regression.litert import MODEL_FILE, run_litert  # noqa: E402
from training.space.space import MoodSpace  # noqa: E402
from training.teacher.artifact import Teacher  # noqa: E402
from training.text.__main__ import _config, _parse_flags, _published_line  # noqa: E402
from training.text.config import RECIPES, Recipe  # noqa: E402
from training.text.encode import read_texts  # noqa: E402
from training.text.job import default_config, run  # noqa: E402
from training.text.recipes import distilled, large  # noqa: E402
from training.text.recipes.bag import BagConfig, train_tokenizer  # noqa: E402
from training.text.recipes.distilled import DistilledConfig  # noqa: E402
from training.text.recipes.large import LargeConfig  # noqa: E402
from training.text.recipes.seed import SeedRecipeConfig  # noqa: E402
from training.text.student.config import FitConfig, NetworkConfig  # noqa: E402
from training.text.trained import first_windows  # noqa: E402

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(600)]

COMMENTS = lesson_files.COMMENTS
OUTPUTS = {"emotions", "scenes", "vad", "distress", "mood", "embedding"}
TEXTS = ("so grief today", "what a joy", "", "nothing known here", "a joy day " * 40)
NETWORK = NetworkConfig(table_width=16, code_bytes=4, width=16, embedding_width=8)
FIT = FitConfig(epochs=8, coded_epochs=1, batch_size=8, learning_rate=1e-2)
FRAMED = replace(NETWORK, body=("attention", "feed_forward") * 2, heads=2, activation="gelu", framed=True)
CONFIG = DistilledConfig(network=NETWORK, fit=FIT)
CONFIGS = {
    "distilled": CONFIG,
    "large": LargeConfig(network=replace(FRAMED, lite_only=True), fit=FIT),
    "bag": BagConfig(
        network=replace(BagConfig().network, table_width=16, code_bytes=4, width=16),
        fit=replace(FIT, epochs=20),
        vocabulary_tokens=120,
    ),
    "seed": SeedRecipeConfig(),
}


def use_small_corpora(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """As for the teacher, and few words that point to a scene."""
    lesson_files.use_small_corpora(patch, folder)
    patch.setattr(distilled, "load_written", lambda folder: lesson_files.small_words())
    patch.setattr(large, "load_minilm", lambda: small_bert(FRAMED, whole_words()))


def whole_words() -> Tokenizer:
    """A tokenizer of whole words, those that the lessons are made of."""
    words = [*EMOTIONS.names, *(name for name in SCENES if name not in EMOTIONS.names)]
    ids = {word: i for i, word in enumerate([PAD, UNKNOWN, "a", "day", *words])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    return tokenizer


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every corpus, small: each text names what is told of it."""
    folder = tmp_path_factory.mktemp("data")
    lesson_files.write_corpora(folder)
    return folder


@pytest.fixture(scope="module")
def teachers(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher of whole words that is sure of every comment."""
    root = tmp_path_factory.mktemp("teacher")
    with pytest.MonkeyPatch.context() as patch:
        lesson_files.use_small_corpora(patch, data)
        lessons = load_lessons(data)
    tokenizer = whole_words()
    rng = np.random.default_rng(0)
    sure = lessons.targets.copy()
    sure[~sure[:, SCENE].any(axis=1), SCENE] = 1
    sure[:, SCENE] /= sure[:, SCENE].sum(axis=1, keepdims=True)
    teacher = Teacher(
        tokenizer_file=Path(TOKENIZER_FILE),
        token_vectors=rng.normal(size=(tokenizer.get_vocab_size(), 16)).astype(np.float32),
        answers=sure,
        features=rng.normal(size=(len(lessons), 8)).astype(np.float32),
        lessons_sha256=lessons.digest,
        synthetic_ids=tuple(np.array([4 + i % 28, 3], np.int32) for i in range(COMMENTS)),
        synthetic_answers=sure[:COMMENTS],
    )

    def write_files(folder: Path) -> None:
        teacher.save(folder)
        tokenizer.save(str(folder / TOKENIZER_FILE))

    weights = {"all-mpnet-base-v2/model.safetensors": "0" * 64, "emobank/emobank-train-dev.csv": "1" * 64}
    origin = Origin(recipe="by hand", seed=1, code_revision="", datasets=weights, libraries={})
    description = Description(kind=TEXT_TEACHER, spaces=[], counts={}, origin=origin, quality={})
    publish(root, description, write_files)
    return root


@pytest.fixture(scope="module")
def encoders(data: Path, teachers: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """An encoder of each recipe, published by the job."""
    with pytest.MonkeyPatch.context() as patch:
        use_small_corpora(patch, data)
        return {
            recipe: run(replace(config, teacher_root=teachers), tmp_path_factory.mktemp(recipe))
            for recipe, config in CONFIGS.items()
        }


@pytest.fixture
def small_corpora(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_small_corpora(monkeypatch, data)


@pytest.mark.parametrize("recipe", RECIPES)
def test_both_forms_of_an_encoder_agree(encoders: dict[str, Artifact], recipe: str) -> None:
    artifact = load(encoders[recipe].path.parents[1], TEXT_ENCODER)
    window = artifact.manifest.counts["window_tokens"]
    token_ids = first_windows(TextTokenizer.load(artifact.path), TEXTS, window)
    expected = run_litert(artifact.file(MODEL_FILE), {"token_ids": token_ids})
    tolerances = dict.fromkeys(OUTPUTS, 0.05) | {"vad": 0.02, "mood": 0.1, "embedding": 0.2}
    assert (artifact.path / "saved_model.pb").is_file() == (recipe != "large")
    for signature in ("encode", "serving_default") if recipe != "large" else ():
        outputs = tf.saved_model.load(artifact.path).signatures[signature](token_ids=tf.constant(token_ids))
        assert set(outputs) == set(expected) == set(tolerances)
        for name, tensor in outputs.items():
            np.testing.assert_allclose(tensor.numpy(), expected[name], atol=tolerances[name])
    widths = {name: rows.shape[1] for name, rows in expected.items() if name != "embedding"}
    assert widths == {"emotions": 28, "scenes": 21, "vad": 3, "distress": 1, "mood": 19}
    for name in ("emotions", "scenes"):
        np.testing.assert_allclose(expected[name].sum(axis=1), 1, atol=1e-5)
    for name in ("vad", "distress"):
        assert (expected[name].min() >= 0, expected[name].max() <= 1) == (True, True)


@pytest.mark.parametrize("recipe", ["distilled", "large", "bag"])
def test_a_student_learns_what_its_lessons_say(
    encoders: dict[str, Artifact], data: Path, recipe: str
) -> None:
    comments = load_comments(data, "dev")
    answers = read_texts(encoders[recipe], comments.texts).emotions.argmax(axis=1)
    assert np.mean(answers == [labels[0] for labels in comments.labels]) > 0.3  # by chance: 0.04
    written = lesson_files.small_written()
    told = read_texts(encoders[recipe], written.texts).scenes.argmax(axis=1)
    assert np.mean(told == [scenes[0] for scenes in written.scenes]) > 0.3  # by chance: 0.05


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_manifest_says_what_was_trained_on_what(encoders: dict[str, Artifact], recipe: str) -> None:
    artifact = encoders[recipe]
    manifest, space = artifact.manifest, MoodSpace.load(artifact.path / "space")
    assert {s.name: (s.dimension, s.metric, s.lineage) for s in manifest.spaces} == {
        "vad": (3, "squared_l2", nrc_vad_lineage() if recipe == "seed" else READERS_VAD_LINEAGE),
        "mood": (19, "squared_l2", space.lineage),
    }
    assert manifest.counts["lessons"] == lesson_files.LESSONS
    assert manifest.counts["judged_texts"] == lesson_files.JUDGED
    taught = recipe in ("distilled", "large")
    pretrained = {"all-mpnet-base-v2"} if taught else set()
    pretrained |= {"all-MiniLM-L6-v2"} if recipe == "large" else set()
    folders = {name.split("/")[0] for name in manifest.origin.datasets}
    assert folders == {"goemotions", "xed", "emobank"} | pretrained
    assert manifest.counts["synthetic_texts"] == (COMMENTS if taught else 0)
    assert manifest.counts["vocabulary_tokens"] == TextTokenizer.load(artifact.path).vocabulary_count
    assert manifest.origin.sources == ({TEXT_TEACHER: 1} if taught else {})
    assert 0 <= manifest.quality["goemotions_dev"]["ekman_macro_f1"] <= 1
    assert manifest.quality["milliseconds_a_sentence"] > 0
    assert set(manifest.quality["largest_differences"]) == OUTPUTS
    assert all(-1 <= r <= 1 for r in manifest.quality["emobank_dev"].values())
    assert all(0 <= share <= 1 for share in manifest.quality["distress"].values())
    assert "calibrated" in manifest.notes["emotions"]
    assert "distress recall" in _published_line(artifact)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_space_carries_the_queries_of_texts_that_are_not_answered(
    encoders: dict[str, Artifact], recipe: str
) -> None:
    artifact = encoders[recipe]
    for name in (FALLBACK_FILE, GENTLE_FILE):
        query = np.load(artifact.file(f"space/{name}"), allow_pickle=False)
        assert (query.dtype, query.shape) == (np.float32, (19,))


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


@pytest.mark.usefixtures("small_corpora")
def test_the_same_seed_gives_the_same_encoder(encoders: dict[str, Artifact], tmp_path: Path) -> None:
    again = run(CONFIGS["bag"], tmp_path)
    # Its lineage digests tokenizer and weights. The files also hold names, which Keras counts up.
    assert again.space("mood") == encoders["bag"].space("mood")


def test_a_teacher_of_other_lessons_is_refused(
    data: Path, teachers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "data"
    shutil.copytree(data, other)
    with (other / "goemotions" / "train.tsv").open("a") as stream:
        stream.write("another\t0\tid\n")
    use_small_corpora(monkeypatch, other)
    with pytest.raises(ArtifactError, match=r"lessons of SHA-256 .*, the teacher read"):
        run(replace(CONFIG, teacher_root=teachers), tmp_path / "artifacts")


@pytest.mark.usefixtures("small_corpora")
def test_a_teacher_of_other_width_is_refused(teachers: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="embedding: 9 wide, the teacher's features are 8"):
        run(replace(CONFIG, network=replace(NETWORK, embedding_width=9), teacher_root=teachers), tmp_path)


@pytest.mark.usefixtures("small_corpora")
def test_the_recipe_distilled_needs_a_teacher(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="text_teacher"):
        run(CONFIG, tmp_path)


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_recipe_has_settings_of_its_own(recipe: Recipe) -> None:
    config = default_config(recipe)
    assert config.recipe == recipe
    assert type(config) is type(CONFIGS[recipe])
    assert (config.seed, config.window, config.teacher_version) == (1, 32, None)


def test_by_default_recipes_differ_in_what_they_start_from() -> None:
    distilled, large, bag = map(default_config, ("distilled", "large", "bag"))
    assert distilled == DistilledConfig(network=NetworkConfig(), fit=FitConfig())
    assert large.fit == FitConfig(epochs=1.5, inherited_learning_rate=0.15)
    assert bag.fit == FitConfig(epochs=10.0, learning_rate=2e-3)
    assert bag.network == NetworkConfig(
        body=(), embedding_width=64, embedding_feeds_emotions=True, dropout=0.2
    )
    assert (bag.vocabulary_tokens, default_config("seed").sample_weights) == (8_000, "seed")


def test_flags_change_the_settings_of_their_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*flags: str) -> object:
        monkeypatch.setattr("sys.argv", ["training.text", *flags])
        return _config(_parse_flags())

    assert told() == DistilledConfig()
    assert told("--recipe", "bag", "--seed", "3", "--sample-weights", "none") == BagConfig(seed=3)
    assert told("--recipe", "large", "--teacher-version", "2", "--teacher-artifacts", "t") == LargeConfig(
        teacher_root=Path("t"), teacher_version=2
    )
    assert told("--recipe", "seed", "--sample-weights", "none") == SeedRecipeConfig(sample_weights="none")


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
    rated = load_emobank(data_dir(), "dev")
    told = rating_figures(read_texts(artifact, rated.texts).vad, rated.vad)
    assert told == pytest.approx(artifact.manifest.quality["emobank_dev"], abs=1e-2)
