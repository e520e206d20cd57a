"""The student network, how its table is coded and its kernels packed, and how it is trained."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
keras = pytest.importorskip("keras", reason="TensorFlow is not installed")

from ambiance.affect import NO_SCENE, SCENES  # noqa: E402
from ambiance.tokenizer import PAD, PAD_ID, UNKNOWN, UNKNOWN_ID  # noqa: E402
from training.data.goemotions import Comments  # noqa: E402
from training.data.lessons import (  # noqa: E402
    DISTRESS,
    EMOTION,
    SCENE,
    VAD,
    WIDTH,
    Lessons,
    join,
    of_comments,
    of_distress,
    of_judged,
    of_ratings,
    of_written,
)
from training.data.vocabulary import word_tokenizer  # noqa: E402
from training.data.written import DistressSentences, WrittenSentences  # noqa: E402
from training.regression.exporting import Exportable, export_model  # noqa: E402
from training.regression.fitting import seed_everything  # noqa: E402
from training.regression.litert import MODEL_FILE, run_litert  # noqa: E402
from training.teacher.artifact import Teacher  # noqa: E402
from training.teacher.config import TeacherConfig  # noqa: E402
from training.text.recipes import bag, distilled  # noqa: E402
from training.text.student import fitting  # noqa: E402
from training.text.student.batches import pad, shuffled_batches  # noqa: E402
from training.text.student.coding import CodedTable, code_table  # noqa: E402
from training.text.student.config import FitConfig, NetworkConfig, StudentConfig  # noqa: E402
from training.text.student.fitting import Examples, Phase, answers_loss, fit  # noqa: E402
from training.text.student.lite import LiteStudent  # noqa: E402
from training.text.student.network import Student, build_student  # noqa: E402
from training.text.student.packing import PackedStudent, to_int8  # noqa: E402

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(300)]

TOKENS = 20
NETWORK = NetworkConfig(
    body=("convolution", "attention", "feed_forward"),
    table_width=8,
    code_bytes=4,
    width=8,
    heads=2,
    embedding_width=3,
)
SHARES = np.full(WIDTH, 0.1, np.float32)


def tiny_student(seed: int = 1, network: NetworkConfig = NETWORK) -> Student:
    seed_everything(seed)
    return build_student(network, keras.layers.Embedding(TOKENS, 8, name="table"), SHARES)


def coded_student(seed: int = 1, network: NetworkConfig = NETWORK) -> Student:
    seed_everything(seed)
    table = np.random.default_rng(seed).normal(size=(TOKENS, 8)).astype(np.float32)
    codes, books, _ = code_table(table, np.ones(TOKENS, np.float32), 4, seed)
    return build_student(network, CodedTable(codes, books), SHARES)


def tiny_examples(count: int = 40) -> Examples:
    """The first token tells everything; texts are of one to nine tokens."""
    rng = np.random.default_rng(0)
    texts = [np.array([2 + i % 2, *rng.integers(4, TOKENS, i % 9)], np.int32) for i in range(count)]
    targets, kind = np.zeros((count, WIDTH), np.float32), np.arange(count) % 2
    targets[np.arange(count), kind] = 1
    targets[np.arange(count), SCENE.start + kind] = 1
    targets[:, VAD] = 0.2 + 0.6 * kind[:, None]
    targets[:, DISTRESS] = kind[:, None]
    features = np.zeros((count, 3), np.float32)
    return Examples(texts, targets, np.ones_like(targets), features, np.ones(count, np.float32))


@pytest.mark.parametrize("changes", [{}, {"body": ()}, {"framed": True}])
def test_padding_and_neighbours_change_nothing(changes: dict[str, Any]) -> None:
    student = tiny_student(network=replace(NETWORK, **changes))
    narrow, wide = (np.zeros((1, width), np.int32) for width in (3, 12))
    narrow[0], wide[0, :3] = (5, 6, 7), (5, 6, 7)
    beside = np.concatenate([np.full((1, 12), 9, np.int32), wide])
    expected = student(narrow)
    for outputs in (student(wide), {name: rows[1:] for name, rows in student(beside).items()}):
        for name, rows in expected.items():
            np.testing.assert_allclose(outputs[name], rows, atol=1e-5)


def test_the_order_of_tokens_counts_unless_the_body_is_empty() -> None:
    text = np.array([[5, 6, 7, 8]], np.int32)
    for body, same in ((NETWORK.body, False), ((), True)):
        student = tiny_student(network=replace(NETWORK, body=body))
        logits, reversed_logits = (student(ids)["logits"].numpy() for ids in (text, text[:, ::-1]))
        assert np.allclose(logits, reversed_logits, atol=1e-6) is same


def test_a_window_of_padding_has_a_finite_answer() -> None:
    for rows in tiny_student()(np.zeros((1, 6), np.int32)).values():
        assert np.abs(rows.numpy()).max() < 10


def test_an_embedding_before_the_emotions_is_all_they_see() -> None:
    student = tiny_student(network=replace(NETWORK, embedding_feeds_emotions=True))
    outputs = student(np.array([[5, 6, 7]], np.int32))
    kernel, bias = student.logits.get_weights()
    np.testing.assert_allclose(outputs["logits"], outputs["embedding"] @ kernel + bias, atol=1e-5)
    assert outputs["embedding"].numpy().min() >= 0


def test_an_unknown_block_is_refused() -> None:
    with pytest.raises(ValueError, match=r"body: .*'recurrence'"):
        tiny_student(network=replace(NETWORK, body=("recurrence",)))


def test_a_small_table_is_coded_without_loss() -> None:
    table = np.random.default_rng(0).normal(size=(TOKENS, 8)).astype(np.float32)
    codes, books, rotation = code_table(table, np.ones(TOKENS, np.float32), 4, seed=1)
    assert (codes.dtype, codes.shape, books.shape) == (np.uint8, (TOKENS, 4), (4, 256, 2))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(8), atol=1e-5)
    coded = CodedTable(codes, books)(np.arange(TOKENS, dtype=np.int32)[None]).numpy()[0]
    np.testing.assert_allclose(coded, table @ rotation, atol=1e-5)


def test_tokens_of_greater_weight_are_coded_more_closely() -> None:
    table = np.random.default_rng(0).normal(size=(2000, 8)).astype(np.float32)
    weights = np.repeat(np.array([50, 1], np.float32), [200, 1800])
    codes, books, rotation = code_table(table, weights, 2, seed=1)
    coded = CodedTable(codes, books)(np.arange(2000, dtype=np.int32)[None]).numpy()[0]
    errors = np.square(coded - table @ rotation).sum(axis=1)
    assert errors[:200].mean() < errors[200:].mean() / 2


def test_int8_is_within_half_a_step() -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 8, 5)).astype(np.float32) * np.arange(5)
    packed, scales = to_int8(kernel)
    assert (packed.dtype, scales.shape) == (np.int8, (5,))
    assert np.all(np.abs(packed * scales - kernel) <= scales / 2 + 1e-6)


def test_a_packed_student_says_nearly_what_the_student_says() -> None:
    student = coded_student()
    packed = PackedStudent(student)
    token_ids = tf.constant(np.random.default_rng(0).integers(0, TOKENS, (16, 8), np.int32))
    expected, widened = student(token_ids), packed(token_ids)
    for name, rows in expected.items():
        np.testing.assert_allclose(widened[name], rows, atol=0.1)
    stored = sum(variable.numpy().nbytes for variable in packed.variables)
    assert stored < sum(weight.nbytes for weight in student.get_weights())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"body": ()},
        {"embedding_feeds_emotions": True},
        {"body": ("feed_forward", "attention")},
        {"body": ("attention", "feed_forward"), "framed": True, "activation": "gelu"},
    ],
    ids=["whole", "no body", "in a row", "another order", "framed"],
)
def test_litert_says_what_the_packed_student_says(tmp_path: Path, changes: dict[str, object]) -> None:
    student = coded_student(network=replace(NETWORK, **changes))
    fit(student, tiny_examples(), Phase(5, 0.02), FitConfig(batch_size=8), np.random.default_rng(1), False)
    packed = PackedStudent(student)
    token_ids = np.random.default_rng(0).integers(2, TOKENS, (16, 8), np.int32)
    token_ids[np.arange(16)[:, None] // 2 <= np.arange(8)] = PAD_ID  # texts of every length, from none
    specs = {length: {"token_ids": tf.TensorSpec((None, length), tf.int32)} for length in (4, 8)}
    model = Exportable(
        encode=packed,
        specs=specs[8],
        module=packed,
        tolerances={"logits": 1e-5, "embedding": 1e-5},
        lite_encode=LiteStudent(student, packed),
        lite_signatures={"shorter": specs[4]},
    )
    export_model(model, tmp_path, {"token_ids": token_ids})
    expected = packed(tf.constant(token_ids[:9]))  # those of up to four tokens
    outputs = run_litert(tmp_path / MODEL_FILE, {"token_ids": token_ids[:9, :4]}, "shorter")
    for name, rows in outputs.items():
        np.testing.assert_allclose(rows, expected[name], atol=1e-5)


def test_every_text_is_in_one_batch_of_an_epoch() -> None:
    lengths = np.random.default_rng(0).integers(1, 60, 1000)
    batches = list(shuffled_batches(lengths, 16, np.random.default_rng(1)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
    spreads = [lengths[batch].max() - lengths[batch].min() for batch in batches]
    assert np.mean(spreads) < 5


def test_padding_fills_up_to_a_multiple_of_eight() -> None:
    padded = pad([np.array([5], np.int32), np.arange(1, 10, dtype=np.int32)])
    assert padded.shape == (2, 16)
    assert padded[0].tolist() == [5] + [PAD_ID] * 15


def test_fitting_learns_and_follows_from_its_seed() -> None:
    examples, config = tiny_examples(), FitConfig(batch_size=8, token_dropout=0.0)
    text = np.array([[2, 8, 9], [3, 8, 9]], np.int32)
    logits = []
    for seed in (1, 1, 2):
        student = tiny_student(seed)
        fit(student, examples, Phase(60, 0.02), config, np.random.default_rng(seed), verbose=False)
        logits.append(student(text)["logits"].numpy())
    one, other = logits[0]
    for column in (EMOTION.start, SCENE.start):
        assert one[column] > one[column + 1]
        assert other[column + 1] > other[column]
    assert (one[VAD] < other[VAD]).all()
    assert one[DISTRESS] < other[DISTRESS]
    np.testing.assert_array_equal(logits[0], logits[1])
    assert np.abs(logits[0] - logits[2]).max() > 1e-3


class Case:
    """One text: logits, and what is known of it."""

    def __init__(self) -> None:
        self.logits, self.targets, self.weights = (np.zeros(WIDTH, np.float32) for _ in range(3))
        self.targets[SCENE] = 1 / 21

    def loss(self) -> float:
        config = FitConfig(scene_weight=4, vad_weight=60, distress_weight=5)
        columns = (tf.constant(column[None]) for column in (self.logits, self.targets, self.weights))
        return float(answers_loss(*columns, config)[0])


def missed(logit: float, target: float) -> float:
    """Cross-entropy of a target with a sigmoid, in nats."""
    share = 1 / (1 + math.exp(-logit))
    return -(target * math.log(share) + (1 - target) * math.log(1 - share))


def test_what_is_not_known_costs_nothing() -> None:
    case = Case()
    case.logits[:] = np.linspace(-5, 5, WIDTH)
    assert case.loss() == 0


def test_emotions_cost_the_sum_of_their_cross_entropies() -> None:
    case = Case()
    case.weights[EMOTION] = 1
    case.logits[EMOTION] = np.linspace(-2, 2, 28)
    case.targets[EMOTION] = np.linspace(0, 1, 28)
    expected = sum(missed(float(case.logits[i]), float(case.targets[i])) for i in range(28))
    assert case.loss() == pytest.approx(expected, rel=1e-5)


def test_scenes_cost_the_cross_entropy_of_their_shares() -> None:
    case = Case()
    case.weights[SCENE] = 0.5
    case.logits[SCENE.start] = math.log(20)  # half of the posterior; each of the others a fortieth
    case.targets[SCENE] = 0
    case.targets[[SCENE.start, SCENE.start + 4]] = 0.6, 0.4
    expected = 4 * 0.5 * -(0.6 * math.log(1 / 2) + 0.4 * math.log(1 / 40))
    assert case.loss() == pytest.approx(expected, rel=1e-5)


def test_vad_and_distress_cost_by_their_weights() -> None:
    case = Case()
    case.weights[VAD] = 1
    case.targets[VAD] = 0.5, 0.9, 0.25
    case.logits[VAD] = 0, 0, math.log(3)
    of_vad = 60 * (0.4**2 + 0.5**2) / 3
    assert case.loss() == pytest.approx(of_vad, rel=1e-5)
    case.weights[DISTRESS], case.targets[DISTRESS], case.logits[DISTRESS] = 0.2, 1, -1
    assert case.loss() == pytest.approx(of_vad + 5 * 0.2 * missed(-1, 1), rel=1e-5)


def lessons(count: int = 3) -> Lessons:
    """One text told outright of everything, one that may be of two scenes, one of which nothing is known."""
    targets, weights = (np.zeros((count, WIDTH), np.float32) for _ in range(2))
    targets[0, [4, SCENE.start + 4]] = 1
    targets[1, [5, SCENE.start + 5, SCENE.start + 6]] = 1
    weights[:2] = 1
    return Lessons(("a", "b", "c"), targets, weights, np.array([False, True, False]))


def test_what_people_told_outright_is_mixed_into_the_teachers_answers() -> None:
    answers = np.full((3, WIDTH), 0.5, np.float32)
    answers[:, SCENE] = 0.1  # as bytes round them: they don't sum to 1
    teacher = Teacher(Path("none"), np.zeros((1, 1)), answers, np.zeros((3, 1)), "", (), answers[:0])
    config = StudentConfig(fit=FitConfig(hard_share=0.2, emotion_hard_share=0.4))
    found = distilled._targets(config, lessons(), teacher)
    np.testing.assert_allclose(found[:, SCENE].sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found[:2, EMOTION][[0, 1, 0], [4, 5, 5]], [0.7, 0.7, 0.3], rtol=1e-5)
    np.testing.assert_allclose(found[0, SCENE.start + 4], 0.2 + 0.8 / 21, rtol=1e-5)
    np.testing.assert_allclose(found[1, SCENE], 1 / 21, rtol=1e-5)  # the teacher chooses among them
    np.testing.assert_allclose(found[:2, DISTRESS], 0.4, rtol=1e-5)
    np.testing.assert_allclose(found[2, EMOTION], 0.5)


def test_a_scene_that_somebody_told_is_mixed_in_however_little_it_weighs() -> None:
    none, hope = SCENES.index(NO_SCENE), SCENES.index("hope")
    judged = of_judged(("a", "b"), {0: (none,), 1: (hope,)})
    allowed = of_comments(Comments(("c",), ((0,),), ("id",)))  # of a scene left open
    answers = np.full((3, WIDTH), 1 / 21, np.float32)
    teacher = Teacher(Path("none"), np.zeros((1, 1)), answers, np.zeros((3, 1)), "", (), answers[:0])
    told = join([judged, allowed])
    found = distilled._targets(StudentConfig(fit=FitConfig(hard_share=0.2)), told, teacher)
    assert 0 < told.weights[0, SCENE.start] < 1
    np.testing.assert_allclose(
        found[[0, 1], [SCENE.start + none, SCENE.start + hope]], 0.2 + 0.8 / 21, rtol=1e-5
    )
    np.testing.assert_allclose(found[2, SCENE], 1 / 21, rtol=1e-5)
    np.testing.assert_allclose(found[:, DISTRESS], 1 / 21, rtol=1e-5)  # presumed, not told


def test_words_point_to_a_scene_and_may_stand_in_others(monkeypatch: pytest.MonkeyPatch) -> None:
    hope, grief = SCENES.index("hope"), SCENES.index("grief")
    written = WrittenSentences(("at last", "at"), ((hope,), (hope, grief)), ("words",) * 2)
    monkeypatch.setattr(distilled, "load_written", lambda folder: written)
    config = StudentConfig(fit=FitConfig(word_share=0.79, word_weight=0.5))
    words = distilled._words(config, word_tokenizer([PAD, UNKNOWN, "at", "last"]))
    assert len(words) == 2
    assert [ids.tolist() for ids in words.token_ids] == [[2, 3], [2]]
    np.testing.assert_allclose(words.targets[:, SCENE].sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(words.targets[0, SCENE][[hope, grief]], [0.8, 0.01], rtol=1e-5)
    np.testing.assert_allclose(words.targets[1, SCENE][[hope, grief]], [0.405, 0.405], rtol=1e-5)
    assert words.weights[:, SCENE].tolist() == [[0.5] * 21] * 2
    assert words.weights.sum() == 2 * 21 * 0.5  # nothing else is known of them


def test_an_epoch_goes_more_often_through_our_own_sentences() -> None:
    of_rated = of_ratings(("a",), np.zeros((1, 3), np.float32))
    of_ours = of_written(WrittenSentences(("b",), ((0,),), ("verse",)))
    in_danger = of_distress(DistressSentences(("c", "d"), (True, False)))
    judged = of_judged(("e", "f"), {0: (0,), 1: (SCENES.index(NO_SCENE),)})
    comment = of_comments(Comments(("g",), ((0,),), ("id",)))
    config = StudentConfig(fit=FitConfig(written_repeats=3, comment_repeats=2, distress_repeats=12))
    told = join([of_rated, of_ours, in_danger, judged, comment])
    assert distilled._repeats(config, told).tolist() == [1, 3, 12, 12, 1, 1, 2]


def test_by_default_a_teacher_leaves_what_a_student_has_room_for() -> None:
    teacher, student = TeacherConfig(), NetworkConfig()
    assert teacher.token_width == student.table_width
    assert teacher.feature_width == student.embedding_width
    assert student.table_width % student.code_bytes == 0
    assert student.width % student.heads == 0


def test_without_a_teacher_scenes_that_a_text_may_be_of_are_equally_likely() -> None:
    found = bag._targets(lessons())
    assert found[1, SCENE][[5, 6]].tolist() == [0.5, 0.5]
    assert found[0, SCENE][4] == 1
    assert not found[2].any()


def test_a_coded_table_keeps_its_codes_and_moves_its_books() -> None:
    student = coded_student()
    codes, books = student.table.codes.numpy(), student.table.books.numpy()
    fit(student, tiny_examples(), Phase(5, 0.02), FitConfig(batch_size=8), np.random.default_rng(1), False)
    np.testing.assert_array_equal(student.table.codes.numpy(), codes)
    assert np.abs(student.table.books.numpy() - books).max() > 1e-3


def test_texts_without_features_do_not_pull_at_the_embedding() -> None:
    examples, config = tiny_examples(), FitConfig(batch_size=8)
    weights = []
    for feature, weight in ((0, 0), (100, 0), (100, 1)):
        student = tiny_student()
        other = replace(
            examples,
            features=np.full((40, 3), feature, np.float32),
            feature_weights=np.full(40, weight, np.float32),
        )
        fit(student, other, Phase(3, 0.02), config, np.random.default_rng(1), verbose=False)
        weights.append(student.embedding.get_weights()[1])
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[2] > weights[0]).all()


def test_dropped_tokens_become_unknown_and_padding_stays() -> None:
    token_ids = np.array([[5, 6, 7, PAD_ID]] * 500, np.int32)
    dropped = fitting._drop_tokens(token_ids, 0.3, np.random.default_rng(0))
    assert not dropped[:, 3].any()
    changed = dropped != token_ids
    assert set(dropped[changed].tolist()) == {UNKNOWN_ID}
    assert changed[:, :3].mean() == pytest.approx(0.3, abs=0.05)
