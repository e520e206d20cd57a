"""The mood space by each of its methods: what queries and clips become, saving, lineage, bad input."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import EMOTIONS, MOODS  # noqa: E402
from ambiance.errors import ArtifactError  # noqa: E402
from audioset_files import clip_record, tfrecord, write_archive  # noqa: E402
from training.data.errors import DataError  # noqa: E402
from training.music.encode import EncodedClips  # noqa: E402
from training.space import MoodSpace, fit_space  # noqa: E402
from training.space.affinity import mood_affinity  # noqa: E402
from training.space.space import METHODS  # noqa: E402

pytestmark = [pytest.mark.tensorflow]

TEXTS, CLIPS = 200, 60
Vectors = NDArray[np.float32]

LABELS = [(i % 28,) for i in range(TEXTS)]


def texts() -> tuple[Vectors, Vectors]:
    """Posteriors [200, 28] that are half sure of the label, and embeddings [200, 9]."""
    draw = np.random.default_rng(0)
    emotions = 0.5 * np.eye(28)[[label for (label,) in LABELS]] + 0.5 * draw.dirichlet(np.ones(28), TEXTS)
    return emotions.astype(np.float32), draw.normal(size=(TEXTS, 9)).astype(np.float32)


def clips() -> tuple[EncodedClips, Vectors]:
    """Sixty clips, mood after mood in turn, and their mean frames, which tell the mood."""
    draw = np.random.default_rng(1)
    moods = 0.8 * np.eye(7)[np.arange(CLIPS) % 7] + 0.2 * draw.dirichlet(np.ones(7), CLIPS)
    timbre = draw.normal(size=(CLIPS, 6))
    timbre /= np.linalg.norm(timbre, axis=1, keepdims=True)
    frames = draw.normal(size=(CLIPS, 128)) / 20
    frames[np.arange(CLIPS), np.arange(CLIPS) % 7] += 1.75
    columns = (moods, moods @ MOODS.vad, timbre)
    return EncodedClips(*(column.astype(np.float32) for column in columns)), frames.astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AudioSet with the seven moods in turn on 42 clips."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "audioset").mkdir()
    records = []
    for i in range(42):
        frame = bytes([240 if feature == i % 7 else 128 for feature in range(128)])
        records.append(clip_record(f"clip{i:07}", labels=(276 + i % 7,), frames=[frame] * 10))
    write_archive(folder, {"bal_train/00": tfrecord(records)})
    return folder


@pytest.fixture(scope="module")
def spaces(folder: Path) -> dict[str, MoodSpace]:
    return {method: fit_space(method, *texts(), LABELS, folder, 1, "network") for method in METHODS}


def queries(space: MoodSpace) -> Vectors:
    return space.query(*map(tf.constant, texts())).numpy()


def first_moods(space: MoodSpace) -> NDArray[np.int64]:
    """<int64>[200] mood of the clip nearest to each text."""
    placed = space.place(*clips(), queries(space), seed=1)
    distances = np.square(queries(space)[:, None] - placed[None]).sum(axis=-1)
    return distances.argmin(axis=1) % 7


@pytest.mark.parametrize("method", METHODS)
def test_texts_and_clips_are_points_of_one_space(spaces: dict[str, MoodSpace], method: str) -> None:
    space = spaces[method]
    placed = space.place(*clips(), queries(space), seed=1)
    assert queries(space).shape == (TEXTS, space.dimension)
    assert placed.shape == (CLIPS, space.dimension)
    assert placed.dtype == queries(space).dtype == np.float32
    assert np.isfinite(placed).all()
    np.testing.assert_array_equal(placed, space.place(*clips(), queries(space), seed=1))


def test_the_priced_space_has_affinity_spread_and_price(spaces: dict[str, MoodSpace]) -> None:
    space, (emotions, _) = spaces["priced"], texts()
    assert (space.dimension, space.similarity_components) == (14, 7)
    asked = queries(space)
    np.testing.assert_allclose(asked[:, :7], emotions @ mood_affinity(), atol=1e-6)
    lengths = np.linalg.norm(asked[:, 7:13], axis=1)
    np.testing.assert_allclose(lengths, lengths[0], atol=1e-5)
    assert not asked[:, 13].any()
    placed = space.place(*clips(), asked, seed=1)
    np.testing.assert_allclose(placed[:, :7].sum(axis=1), 1, atol=1e-6)
    assert placed[:, 13].min() == 0 < placed[:, 13].max()


def test_the_plain_space_answers_by_inner_product_alone(spaces: dict[str, MoodSpace]) -> None:
    space, (emotions, _), (encoded, frames) = spaces["plain"], texts(), clips()
    placed = space.place(encoded, frames, queries(space), seed=1)
    distances = np.square(queries(space)[:, None] - placed[None]).sum(axis=-1)
    scores = emotions @ mood_affinity() @ encoded.moods.T
    np.testing.assert_array_equal(distances.argmin(axis=1), scores.argmax(axis=1))


def test_one_clip_answers_less_where_there_are_prices(spaces: dict[str, MoodSpace]) -> None:
    most = {}
    for method in ("plain", "priced"):
        placed = spaces[method].place(*clips(), queries(spaces[method]), seed=1)
        distances = np.square(queries(spaces[method])[:, None] - placed[None]).sum(axis=-1)
        most[method] = np.bincount(distances.argmin(axis=1)).max()
    assert most["priced"] < 0.7 * most["plain"]


@pytest.mark.parametrize("method", ["triplet", "continuous"])
def test_the_learned_spaces_learn_which_clips_suit_which_texts(
    spaces: dict[str, MoodSpace], method: str
) -> None:
    np.testing.assert_allclose(np.linalg.norm(queries(spaces[method]), axis=1), 1, atol=1e-5)
    suits = mood_affinity()[[label for (label,) in LABELS]] >= 0.5
    chance = suits.mean()
    assert suits[np.arange(TEXTS), first_moods(spaces[method])].mean() > 1.5 * chance


def test_affinity_is_full_for_the_nearest_mood_of_the_group() -> None:
    table = mood_affinity()
    assert table.shape == (28, 7)
    emotion, mood = EMOTIONS.names.index, MOODS.names.index
    assert table[emotion("sadness"), mood("sad")] == 1
    assert table[emotion("joy"), mood("happy")] > 0.8
    assert table[emotion("joy"), mood("exciting")] > 0.8
    assert table[emotion("joy"), mood("sad")] < 0.01
    assert table.max() <= 1


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_space_loads_as_itself(spaces: dict[str, MoodSpace], tmp_path: Path, method: str) -> None:
    spaces[method].save(tmp_path / "space")
    loaded = MoodSpace.load(tmp_path / "space")
    assert loaded.lineage == spaces[method].lineage
    np.testing.assert_array_equal(queries(loaded), queries(spaces[method]))


def test_lineages_differ_in_method_parameters_and_network(spaces: dict[str, MoodSpace]) -> None:
    priced = spaces["priced"]
    moved = {**priced.parameters, "spread_mean": priced.parameters["spread_mean"] + 1}
    others = [replace(priced, identity="other"), replace(priced, parameters=moved), spaces["plain"]]
    lineages = {space.lineage for space in (priced, *others)}
    assert len(lineages) == 4
    assert all(lineage.startswith("mood-") for lineage in lineages)


@pytest.mark.parametrize("method", METHODS)
def test_queries_convert_to_litert(spaces: dict[str, MoodSpace], method: str) -> None:
    space = spaces[method]
    specs = [tf.TensorSpec((None, size), tf.float32) for size in (28, 9)]
    traced = tf.function(space.query).get_concrete_function(*specs)
    model = tf.lite.TFLiteConverter.from_concrete_functions([traced]).convert()
    interpreter = tf.lite.Interpreter(model_content=model)
    for detail, column in zip(interpreter.get_input_details(), texts(), strict=True):
        interpreter.resize_tensor_input(detail["index"], column.shape)
    interpreter.allocate_tensors()
    for detail, column in zip(interpreter.get_input_details(), texts(), strict=True):
        interpreter.set_tensor(detail["index"], column)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, queries(space), atol=1e-5)


def damage_nothing(folder: Path) -> None:
    (folder / "space.json").unlink()


def damage_method(folder: Path) -> None:
    edit(folder, {"method": "other"})


def damage_version(folder: Path) -> None:
    edit(folder, {"format_version": 2})


def damage_identity(folder: Path) -> None:
    edit(folder, {"identity": "other"})


def damage_array(folder: Path) -> None:
    (folder / "affinity.npy").write_bytes(b"not an array")


def edit(folder: Path, fields: dict[str, object]) -> None:
    path = folder / "space.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (damage_nothing, "not a mood space"),
        (damage_method, "version 1 of priced, plain, triplet, continuous, got version 1 of method 'other'"),
        (damage_version, "version 1 of .*, got version 2 of method 'priced'"),
        (damage_identity, "says lineage mood-.*, its parameters are of mood-"),
        (damage_array, "not a mood space"),
    ],
)
def test_a_damaged_space_is_refused(
    spaces: dict[str, MoodSpace], tmp_path: Path, damage: object, complaint: str
) -> None:
    spaces["priced"].save(tmp_path / "space")
    damage(tmp_path / "space")
    with pytest.raises(ArtifactError, match=rf"space\.json: {complaint}"):
        MoodSpace.load(tmp_path / "space")


def test_bad_input_is_refused(spaces: dict[str, MoodSpace], folder: Path) -> None:
    (emotions, embedding), (encoded, frames) = texts(), clips()
    with pytest.raises(DataError, match="space: one of priced, plain, triplet, continuous, got 'cosine'"):
        fit_space("cosine", emotions, embedding, LABELS, folder, 1, "network")
    with pytest.raises(DataError, match=r"texts: .* got 200 posteriors, 199 embeddings, 200 label tuples"):
        fit_space("plain", emotions, embedding[1:], LABELS, folder, 1, "network")
    with pytest.raises(DataError, match=r"clips: .* got 60 posteriors, 60 timbres, 59 frames"):
        spaces["priced"].place(encoded, frames[1:], queries(spaces["priced"]), seed=1)
    for wrong in (queries(spaces["plain"]), queries(spaces["priced"])[:0]):
        with pytest.raises(DataError, match=r"queries: \[m, 14\] with m from 1, got"):
            spaces["priced"].place(encoded, frames, wrong, seed=1)
