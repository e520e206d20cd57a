"""The teacher's job from end to end, on an MPNet of a few thousand weights."""

import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import lesson_files
import numpy as np
import pytest

from ambiance.affect import EMOTIONS, FACETS
from ambiance.artifacts import TEXT_TEACHER, Artifact, load
from ambiance.errors import AmbianceError
from ambiance.tokenizer import TextTokenizer
from pretrained import save_mpnet
from training.data.lessons import DISTRESS, SCENE, WIDTH, Lessons, load_lessons
from training.listener.files import Benchmark

torch = pytest.importorskip("torch", reason="the extra [teacher] is not installed")
pytest.importorskip("transformers", reason="the extra [teacher] is not installed")

from safetensors.torch import load_file  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from training.teacher import __main__ as command  # noqa: E402
from training.teacher import job  # noqa: E402
from training.teacher.artifact import TOKENIZER_FILE, Teacher  # noqa: E402
from training.teacher.config import TeacherConfig  # noqa: E402
from training.teacher.job import NETWORK_FILE, run  # noqa: E402
from training.teacher.network import TeacherNetwork, answers, read  # noqa: E402
from training.teacher.source import model_file  # noqa: E402
from training.teacher.tokens import build_tokens  # noqa: E402

pytestmark = pytest.mark.timeout(300)

CONFIG = TeacherConfig(batch_size=16, frozen_layers=1, synthetic_texts=40, token_width=4, feature_width=3)
WORDS = ("happy", "days", "sing", "sang", "unhappy", "[NAME]", "😂", "haha", "99", "über")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Several threads would mostly wait for each other over so small a network."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a random MPNet with two layers."""
    folder = tmp_path_factory.mktemp("model")
    save_mpnet(folder)
    return str(folder)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every corpus in small; comments of several words, from which others can be made up."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "goemotions").mkdir()
    random = np.random.default_rng(0)
    for split in ("train", "dev"):
        texts = [" ".join(random.choice(WORDS, random.integers(1, 14))) for _ in range(lesson_files.COMMENTS)]
        lines = (f"{text}\t{i % 28}\t{split}{i}\n" for i, text in enumerate(texts))
        (folder / "goemotions" / f"{split}.tsv").write_text("".join(lines))
    (folder / "goemotions" / "test.tsv").write_text("never read\n")
    (folder / "goemotions" / "emotions.txt").write_text("\n".join(EMOTIONS.names) + "\n")
    lesson_files.write_xed(folder)
    lesson_files.write_emobank(folder)
    return folder


def small_benchmark(half: str) -> Benchmark:
    """Four short texts of the half that may choose settings."""
    assert half == "dev"
    judged = np.zeros((4, len(FACETS)), np.bool_)
    return Benchmark(WORDS[:4], ((0,), (1,), (2, 3), (4,)), ("diary",) * 4, ("plain",) * 4, judged, judged)


def use_small_corpora(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """As for the student, and few texts of the listener's."""
    lesson_files.use_small_corpora(patch, folder)
    patch.setattr(job, "load_benchmark", small_benchmark)


@pytest.fixture(scope="module")
def artifact(model: str, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The teacher that the job published."""
    root = tmp_path_factory.mktemp("artifacts")
    with pytest.MonkeyPatch.context() as patch:
        use_small_corpora(patch, data_dir)
        run(replace(CONFIG, model=model), root)
    return load(root, TEXT_TEACHER)


def test_the_artifact_holds_what_a_student_needs(
    artifact: Artifact, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_small_corpora(monkeypatch, data_dir)
    teacher = Teacher.load(artifact)
    teacher.check_lessons(load_lessons(data_dir))
    tokens = artifact.manifest.counts["tokens"]
    assert teacher.token_vectors.shape == (tokens, 4)
    assert not teacher.token_vectors[:2].any()
    assert teacher.answers.shape == (lesson_files.LESSONS, WIDTH)
    assert teacher.features.shape == (lesson_files.LESSONS, 3)
    assert (len(teacher.synthetic_ids), teacher.synthetic_answers.shape) == (40, (40, WIDTH))
    assert max(ids.max() for ids in teacher.synthetic_ids) < tokens
    np.testing.assert_allclose(teacher.answers[:, SCENE].sum(axis=1), 1, atol=0.05)
    assert TextTokenizer.load(artifact.path).vocabulary_count == tokens


def test_the_network_that_is_kept_gives_the_answers_that_were_published(
    artifact: Artifact, model: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_small_corpora(monkeypatch, data_dir)
    network = TeacherNetwork(model, CONFIG.dropout, CONFIG.frozen_layers)
    network.load_state_dict(load_file(artifact.file(NETWORK_FILE)))
    lessons = load_lessons(data_dir)
    tokens = build_tokens(Tokenizer.from_file(str(Path(model) / TOKENIZER_FILE)), lessons.texts)
    logits, _ = read(network, list(map(tokens.spell, tokens.encode(lessons.texts))))
    np.testing.assert_allclose(answers(logits), Teacher.load(artifact).answers, atol=0.02)


def test_the_manifest_says_where_the_teacher_comes_from(artifact: Artifact) -> None:
    manifest = artifact.manifest
    assert manifest.spaces == []
    assert manifest.origin.recipe.endswith(" --annotated-epochs 1 --epochs 1 --synthetic-texts 40")
    assert manifest.counts["lessons"] == lesson_files.LESSONS
    assert set(manifest.origin.libraries) == {"numpy", "tokenizers", "torch", "transformers"}
    folders = {name.split("/")[0] for name in manifest.origin.datasets}
    assert folders == {"all-mpnet-base-v2", "goemotions", "xed", "emobank"}
    for name in ("all-mpnet-base-v2", "GoEmotions", "XED", "EmoBank"):
        assert any(name in notice for notice in manifest.origin.notices)
    assert set(manifest.quality) == {"listener_dev", "goemotions_dev", "emobank_dev"}
    assert manifest.quality["listener_dev"]["scene_told"] in (0, 0.25, 0.5, 0.75, 1)
    assert 0 <= manifest.quality["goemotions_dev"]["ekman_macro_f1"] <= 1
    correlations = manifest.quality["emobank_dev"]
    assert set(correlations) == {"valence", "arousal", "dominance"}
    assert all(-1 <= r <= 1 for r in correlations.values())


RATED = lesson_files.RATED["train"]
ANNOTATED = lesson_files.COMMENTS + lesson_files.DIALOGUE + RATED  # in the order of the lessons
WRITTEN = lesson_files.WRITTEN + lesson_files.DISTRESS
STAGES = TeacherConfig(
    annotated_epochs=2, rating_repeats=3, epochs=4, annotated_share=0.25, written_repeats=5
)


@pytest.fixture
def lessons(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Lessons:
    use_small_corpora(monkeypatch, data_dir)
    return load_lessons(data_dir)


def counted(epochs: list[np.ndarray]) -> list[list[int]]:
    """How often each epoch goes through each lesson."""
    return [np.bincount(rows, minlength=lesson_files.LESSONS).tolist() for rows in epochs]


def test_annotated_lessons_come_first_and_ratings_as_often_as_said(lessons: Lessons) -> None:
    first, _ = job._stages(STAGES, lessons)
    once = lesson_files.COMMENTS + lesson_files.DIALOGUE
    assert counted(first) == [[1] * once + [3] * RATED + [0] * (lesson_files.JUDGED + WRITTEN)] * 2


def test_our_own_lessons_come_second_the_written_ones_more_often(lessons: Lessons) -> None:
    _, second = job._stages(STAGES, lessons)
    ours = [counts[ANNOTATED:] for counts in counted(second)]
    assert ours == [[1] * lesson_files.JUDGED + [5] * WRITTEN] * 4


def test_with_our_own_lessons_comes_a_share_of_the_annotated_ones(lessons: Lessons) -> None:
    first, second = job._stages(STAGES, lessons)
    theirs = np.array(counted(second))[:, :ANNOTATED]
    assert theirs.sum(axis=1).tolist() == [round(0.25 * len(first[0]))] * 4
    assert (theirs <= np.array(counted(first))[0, :ANNOTATED]).all()  # drawn once each
    assert len({tuple(counts) for counts in theirs.tolist()}) == 4  # and anew for each epoch
    for start, stop in ((0, lesson_files.COMMENTS), (lesson_files.COMMENTS, ANNOTATED)):
        assert theirs[:, start:stop].any(axis=1).all()


@pytest.mark.parametrize(("share", "drawn"), [(0, 0), (0.5, 73), (1, 146)])
def test_the_share_of_annotated_lessons_is_of_what_an_epoch_goes_through(
    lessons: Lessons, share: float, drawn: int
) -> None:
    first, second = job._stages(replace(STAGES, annotated_share=share), lessons)
    assert len(first[0]) == 146
    assert {sum(counts[:ANNOTATED]) for counts in counted(second)} == {drawn}


def test_a_seed_draws_the_same_lessons_again_and_another_others(lessons: Lessons) -> None:
    one, again, other = (counted(job._stages(replace(STAGES, seed=seed), lessons)[1]) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_the_second_stage_goes_on_with_what_the_first_has_tuned(
    lessons: Lessons, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[tuple[TeacherNetwork, list[list[int]], TeacherNetwork]] = []

    def fine_tune(
        network: TeacherNetwork, config: TeacherConfig, told: Lessons, rows: object, epochs: list[np.ndarray]
    ) -> TeacherNetwork:
        assert told.digest == lessons.digest
        tuned = deepcopy(network)
        with torch.no_grad():
            tuned.head.bias[len(stages)] += 100  # sure of an emotion more
        stages.append((network, counted(epochs), tuned))
        return tuned

    monkeypatch.setattr(job, "fine_tune", fine_tune)
    config = replace(CONFIG, model=model, annotated_epochs=2, epochs=3)
    published = Teacher.load(run(config, tmp_path))
    (start, *_), (middle, *_) = stages
    assert middle is stages[0][2]
    assert [epochs for _, epochs, _ in stages] == list(map(counted, job._stages(config, lessons)))
    assert (published.answers[:, :2] == 1).all()
    assert (published.answers[:, 2] < 0.5).all()
    # The head starts from what annotators tell: of somebody in danger, nothing.
    starts = torch.sigmoid(start.head.bias.detach()[DISTRESS]).item()
    assert starts == pytest.approx(1e-3, rel=1e-2)


def test_the_flags_reach_the_job(
    artifact: Artifact, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(command, "run", lambda *arguments: asked.append(arguments) or artifact)
    monkeypatch.setattr(sys, "argv", ["teacher", "--model", "m", "--epochs", "3", "--synthetic-texts", "7"])
    command.main()
    assert asked == [(TeacherConfig(model="m", epochs=3, synthetic_texts=7), Path("artifacts"))]
    assert "bytes  answers.npy" in capsys.readouterr().out


def test_the_recipe_in_the_manifest_is_a_command_that_the_job_takes(
    artifact: Artifact, data_dir: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TeacherConfig(annotated_epochs=4, epochs=3, synthetic_texts=7)
    program, flags = job._origin(config, model, data_dir).recipe.split(" --", 1)
    assert program == "python -m training.teacher"
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(command, "run", lambda *arguments: asked.append(arguments) or artifact)
    monkeypatch.setattr(sys, "argv", ["teacher", *f"--{flags}".split()])
    command.main()
    assert asked[0][0] == config


def test_what_the_model_lacks_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def lack() -> str:
        raise AmbianceError("packages hold no config.json")

    monkeypatch.setattr(job, "default_model", lack)
    monkeypatch.setattr(sys, "argv", ["teacher"])
    with pytest.raises(SystemExit, match=r"packages hold no config\.json"):
        command.main()


def test_texts_are_read_in_their_order_whatever_their_lengths(model: str) -> None:
    network = TeacherNetwork(model, dropout=0.1, frozen_layers=0)
    rows = [np.array([0, *[10] * length, 2], np.int32) for length in (9, 1, 5)]
    logits, means = read(network, rows, batch_size=2)
    assert (logits.shape, means.shape) == ((3, WIDTH), (3, 16))
    for i, row in enumerate(rows):
        np.testing.assert_allclose(logits[i], read(network, [row])[0][0], atol=0.02)


def test_answers_are_a_posterior_over_scenes_and_shares_of_their_own_elsewhere() -> None:
    logits = np.zeros((2, WIDTH), np.float32)
    logits[0, [0, WIDTH - 1]] = np.log(3), -np.log(3)
    logits[1, SCENE] = 1000 + np.log(np.arange(1, 22, dtype=np.float32))
    told = answers(logits)
    assert told[0, [0, 1, WIDTH - 1]].tolist() == pytest.approx([0.75, 0.5, 0.25])
    np.testing.assert_allclose(told[0, SCENE], 1 / 21, rtol=1e-5)
    np.testing.assert_allclose(told[1, SCENE], np.arange(1, 22) / 231, rtol=1e-3)


def test_the_longest_text_that_the_encoder_has_positions_for_is_read(model: str) -> None:
    network = TeacherNetwork(model, dropout=0.1, frozen_layers=0)
    logits, _ = read(network, [np.full(64, 10, np.int32)])
    assert np.isfinite(logits).all()
    with pytest.raises(AmbianceError, match="text: at most 64 tokens, got 65"):
        read(network, [np.full(65, 10, np.int32)])


def test_the_words_and_the_layers_below_stay_as_they_are(model: str) -> None:
    network = TeacherNetwork(model, dropout=0.1, frozen_layers=1)
    assert not any(p.requires_grad for p in network.encoder.embeddings.parameters())
    lower, upper = network.encoder.encoder.layer
    assert not any(p.requires_grad for p in lower.parameters())
    assert not network.encoder.encoder.relative_attention_bias.weight.requires_grad
    assert all(p.requires_grad for p in upper.parameters())
    assert all(p.requires_grad for p in network.head.parameters())


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AmbianceError, match=r"tokenizer\.json"):
        model_file(str(tmp_path), "tokenizer.json")
