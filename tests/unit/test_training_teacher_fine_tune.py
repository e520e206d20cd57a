"""What the teacher's loss counts, worked out by hand, and that fine-tuning learns by it."""

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from pretrained import save_mpnet
from training.data.lessons import DISTRESS, EMOTION, SCENE, VAD, WIDTH, Lessons

torch = pytest.importorskip("torch", reason="the extra [teacher] is not installed")
pytest.importorskip("transformers", reason="the extra [teacher] is not installed")

from training.teacher.config import TeacherConfig  # noqa: E402
from training.teacher.fine_tune import (  # noqa: E402
    _batches,
    _parameter_groups,
    fine_tune,
    lessons_loss,
    start_from_frequencies,
)
from training.teacher.network import TeacherNetwork, answers, read  # noqa: E402

CONFIG = TeacherConfig(scene_weight=3, vad_weight=60, distress_weight=5)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Several threads would mostly wait for each other over so small a network."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Case:
    """One text: logits, and what is told of it."""

    def __init__(self) -> None:
        self.logits, self.targets, self.weights = (np.zeros(WIDTH, np.float32) for _ in range(3))
        self.open_scenes = False

    def loss(self) -> float:
        return loss_of(self)


def loss_of(*cases: Case) -> float:
    columns = (
        torch.from_numpy(np.stack([getattr(case, name) for case in cases]))
        for name in ("logits", "targets", "weights")
    )
    return float(lessons_loss(*columns, torch.tensor([case.open_scenes for case in cases]), CONFIG))


def missed(logit: float, target: float) -> float:
    """Cross-entropy of a target with a sigmoid, in nats."""
    share = 1 / (1 + math.exp(-logit))
    return -(target * math.log(share) + (1 - target) * math.log(1 - share))


def test_a_text_of_which_nothing_is_known_costs_nothing() -> None:
    case = Case()
    case.logits[:] = np.linspace(-5, 5, WIDTH)
    assert case.loss() == 0


def test_emotions_cost_the_sum_of_their_cross_entropies() -> None:
    case = Case()
    case.weights[EMOTION] = 1
    case.logits[EMOTION] = np.linspace(-2, 2, 28)
    case.targets[[3, 17]] = 1
    expected = sum(missed(float(case.logits[i]), float(i in (3, 17))) for i in range(28))
    assert case.loss() == pytest.approx(expected, rel=1e-5)


def test_a_scene_that_was_told_costs_the_cross_entropy_with_its_shares() -> None:
    case = Case()
    case.weights[SCENE] = 0.5
    case.logits[SCENE.start] = math.log(20)  # half of the posterior; each of the others a fortieth
    case.targets[[SCENE.start, SCENE.start + 4]] = 0.6, 0.4
    expected = 3 * 0.5 * -(0.6 * math.log(1 / 2) + 0.4 * math.log(1 / 40))
    assert case.loss() == pytest.approx(expected, rel=1e-5)


def test_of_scenes_that_a_text_may_be_of_any_is_as_good() -> None:
    case = Case()
    case.open_scenes = True
    case.weights[SCENE] = 0.5
    case.targets[[SCENE.start, SCENE.start + 4]] = 1
    costs = []
    for favourites in ((0,), (4,), (0, 4)):
        case.logits[:] = 0
        case.logits[[SCENE.start + i for i in favourites]] = math.log(38 / len(favourites))
        # 38 parts and 20 of the others, or 38 and 19: what counts is the share of both together.
        others = 21 - len(favourites)
        allowed = 38 + (2 - len(favourites))
        expected = -3 * 0.5 * math.log(allowed / (38 + others))
        costs.append(case.loss())
        assert costs[-1] == pytest.approx(expected, rel=1e-4)
    assert costs[0] == pytest.approx(costs[1])


def test_vad_costs_the_mean_squared_error_of_three() -> None:
    case = Case()
    case.weights[VAD] = 1
    case.targets[VAD] = 0.5, 0.9, 0.25
    case.logits[VAD] = 0, 0, math.log(3)
    expected = 60 * ((0.5 - 0.5) ** 2 + (0.5 - 0.9) ** 2 + (0.75 - 0.25) ** 2) / 3
    assert case.loss() == pytest.approx(expected, rel=1e-5)


def test_distress_costs_its_cross_entropy_by_its_weight() -> None:
    case = Case()
    case.weights[DISTRESS], case.targets[DISTRESS], case.logits[DISTRESS] = 0.2, 1, -1
    assert case.loss() == pytest.approx(5 * 0.2 * missed(-1, 1), rel=1e-5)


def test_texts_count_alike_and_each_for_what_its_corpus_tells() -> None:
    emotions, vad = Case(), Case()
    emotions.weights[EMOTION], emotions.targets[5] = 1, 1
    vad.weights[VAD], vad.targets[VAD] = 1, 1
    assert loss_of(emotions, vad) == pytest.approx((emotions.loss() + vad.loss()) / 2, rel=1e-5)


def test_what_is_not_known_has_no_gradient() -> None:
    weights = np.zeros((1, WIDTH), np.float32)
    weights[:, VAD] = 1
    logits = torch.randn(1, WIDTH, requires_grad=True)
    lessons_loss(
        logits, torch.zeros(1, WIDTH), torch.from_numpy(weights), torch.tensor([False]), CONFIG
    ).backward()
    moved = logits.grad[0].numpy() != 0
    assert moved.nonzero()[0].tolist() == list(range(VAD.start, VAD.stop))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    save_mpnet(folder)
    return str(folder)


@pytest.fixture(scope="module")
def rows() -> list[np.ndarray]:
    """Texts of letters, whose second token says which of two kinds they are."""
    random = np.random.default_rng(0)
    return [np.array([0, 40 + i % 2, *random.integers(10, 30, 5), 2], np.int32) for i in range(128)]


@pytest.fixture(scope="module")
def lessons(rows: list[np.ndarray]) -> Lessons:
    """The two kinds bear other emotions, scenes, VAD and distress, of which a text tells two at most."""
    kind = np.arange(len(rows)) % 2
    targets, weights = (np.zeros((len(rows), WIDTH), np.float32) for _ in range(2))
    at = np.arange(len(rows))
    targets[at, kind] = 1
    targets[at, SCENE.start + kind] = 1
    targets[:, VAD] = 0.2 + 0.6 * kind[:, None]
    targets[:, DISTRESS] = kind[:, None]
    for number, part in enumerate((EMOTION, SCENE, VAD, DISTRESS)):
        weights[at // 2 % 4 == number, part] = 1
    return Lessons(tuple("x" for _ in rows), targets, weights, at % 8 < 4)


def tuned(
    model: str, config: TeacherConfig, lessons: Lessons, rows: list[np.ndarray], epochs: list[np.ndarray]
) -> np.ndarray:
    """Logits of every text after fine-tuning."""
    torch.manual_seed(config.seed)
    network = TeacherNetwork(model, config.dropout, config.frozen_layers)
    start_from_frequencies(network, lessons)
    network = fine_tune(network, config, lessons, rows, epochs)
    return read(network, rows)[0]


QUICK = TeacherConfig(
    batch_size=16, frozen_layers=0, learning_rate=1e-2, head_learning_rate=1e-2, dropout=0.0
)
EVERY = np.arange(128)  # of `rows`


def test_each_text_learns_what_the_others_of_its_kind_were_told(
    model: str, lessons: Lessons, rows: list[np.ndarray]
) -> None:
    told = answers(tuned(model, QUICK, lessons, rows, [EVERY] * 8))
    kind = np.arange(len(rows)) % 2
    assert np.mean(told[:, :2].argmax(axis=1) == kind) > 0.9
    assert np.mean(told[:, SCENE].argmax(axis=1) == kind) > 0.9
    assert np.mean((told[:, VAD].mean(axis=1) > 0.5) == kind) > 0.9
    assert np.mean((told[:, DISTRESS.start] > 0.5) == kind) > 0.9


def test_a_seed_repeats_itself_and_another_differs(
    model: str, lessons: Lessons, rows: list[np.ndarray]
) -> None:
    config = replace(QUICK, batch_size=64)
    one, again = (tuned(model, config, lessons, rows, [EVERY]) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, tuned(model, replace(config, seed=2), lessons, rows, [EVERY]))


def test_a_stage_learns_of_the_texts_that_its_epochs_name(
    model: str, lessons: Lessons, rows: list[np.ndarray]
) -> None:
    named, others = EVERY[:64], EVERY[64:]
    network = TeacherNetwork(model, 0.0, 0)

    def learned(targets: np.ndarray, epochs: list[np.ndarray]) -> np.ndarray:
        told = replace(lessons, targets=targets)
        return read(fine_tune(deepcopy(network), QUICK, told, rows, epochs), rows)[0]

    of_named = learned(lessons.targets, [named])
    reversed_ = [lessons.targets.copy() for _ in range(2)]
    for targets, which in zip(reversed_, (named, others), strict=True):
        targets[which] = lessons.targets[which][::-1]
    assert not np.array_equal(learned(reversed_[0], [named]), of_named)
    np.testing.assert_array_equal(learned(reversed_[1], [named]), of_named)
    assert not np.array_equal(
        learned(reversed_[1], [named, others]), learned(lessons.targets, [named, others])
    )


def test_a_stage_goes_on_where_the_one_before_left_the_network(
    model: str, lessons: Lessons, rows: list[np.ndarray]
) -> None:
    still = replace(QUICK, learning_rate=0.0, head_learning_rate=0.0)
    network = TeacherNetwork(model, 0.0, 0)
    before = read(network, rows)[0]
    after = fine_tune(network, still, lessons, rows, [EVERY])
    np.testing.assert_array_equal(read(after, rows)[0], before)
    moved = fine_tune(after, QUICK, lessons, rows, [EVERY])
    assert not np.array_equal(read(moved, rows)[0], before)


def test_frozen_layers_do_not_move(model: str, lessons: Lessons, rows: list[np.ndarray]) -> None:
    network = TeacherNetwork(model, 0.0, 1)
    before = [p.clone() for p in network.encoder.encoder.layer[0].parameters()]
    words = network.encoder.get_input_embeddings().weight.clone()
    above = network.head.weight.clone()
    tuned_network = fine_tune(network, replace(QUICK, frozen_layers=1), lessons, rows, [EVERY])
    for old, new in zip(before, tuned_network.encoder.encoder.layer[0].parameters(), strict=True):
        assert torch.equal(old, new)
    assert torch.equal(words, tuned_network.encoder.get_input_embeddings().weight)
    assert not torch.equal(above, tuned_network.head.weight)


def test_layers_learn_more_slowly_the_lower_they_lie(model: str) -> None:
    network = TeacherNetwork(model, 0.0, 0)
    config = replace(QUICK, learning_rate=1.0, layer_decay=0.5, head_learning_rate=7.0)
    groups = list(_parameter_groups(network, config))
    assert [group["lr"] for group in groups] == [1, 1, 0.5, 0.5, 7, 7]
    decays = [group["weight_decay"] for group in groups]
    assert decays[::2] == [0.01] * 3
    assert not any(decays[1::2])  # of biases and norms
    frozen = list(_parameter_groups(TeacherNetwork(model, 0.0, 1), config))
    assert [group["lr"] for group in frozen] == [1, 1, 7, 7]


def test_an_epoch_goes_through_each_text_as_often_as_asked() -> None:
    rows = [np.zeros(1 + i % 30, np.int32) for i in range(300)]
    texts = np.repeat(np.arange(300), 1 + np.arange(300) % 2)
    batches = _batches(rows, texts, 16, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == texts.tolist()
    spreads = [np.ptp([len(rows[i]) for i in batch]) for batch in batches]
    assert np.mean(spreads) < 4


def test_the_head_starts_from_how_often_each_answer_is_so(model: str, lessons: Lessons) -> None:
    network = TeacherNetwork(model, 0.0, 0)
    start_from_frequencies(network, lessons)
    shares = torch.sigmoid(network.head.bias).detach().numpy()
    np.testing.assert_allclose(shares[:3], [0.5, 0.5, 1e-3], atol=1e-4)
    np.testing.assert_allclose(shares[VAD], 0.5, atol=1e-4)
