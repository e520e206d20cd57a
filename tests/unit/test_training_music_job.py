"""The music job end to end on tiny synthetic data: learn, publish, load, agree."""

import random
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import MOODS, vad_lineage  # noqa: E402
from ambiance.artifacts import MUSIC_ENCODER, Artifact, Manifest, load  # noqa: E402
from ambiance.errors import ArtifactError  # noqa: E402
from audioset_files import clip_record, tfrecord, write_archive, write_ontology  # noqa: E402
from training.data.sources import data_dir  # noqa: E402
from training.music.config import MusicConfig, NetworkConfig, RecipeName  # noqa: E402
from training.music.encode import encode_clips  # noqa: E402
from training.music.features import load_music_frames, mean_frames  # noqa: E402
from training.music.held_out import held_out_rows  # noqa: E402
from training.music.job import run  # noqa: E402
from training.music.mood_rows import MoodRows, load_mood_rows  # noqa: E402
from training.music.recipes import out_of_fold  # noqa: E402

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(300)]

MUSIC, FIRST_MOOD = 137, 276
SETTINGS = NetworkConfig(steps=2, batch_size=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty-three clips: six of each mood, told by their bytes, and one of two moods and six seconds."""
    folder = tmp_path_factory.mktemp("data")
    noise = random.Random(0)
    records = [
        clip_record(f"clip{i:07}", labels=(MUSIC, FIRST_MOOD + i % 7), frames=[sound(i % 7, noise)] * 10)
        for i in range(42)
    ]
    records.append(clip_record("of two moods", labels=(278, 279), frames=[bytes(128)] * 6))
    write_archive(folder, {f"{split}/00": tfrecord(records) for split in ("bal_train", "eval")})
    write_ontology(folder)
    return folder


def sound(mood: int, noise: random.Random) -> bytes:
    """A frame whose first seven features tell the mood and whose others tell nothing."""
    telling = [220 if feature == mood else 40 for feature in range(7)]
    return bytes(telling) + bytes(noise.choices(range(108, 149), k=121))


@pytest.fixture(scope="module")
def roots(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[RecipeName, Path]:
    """An encoder of each recipe, published by the job."""
    roots: dict[RecipeName, Path] = {
        "linear": tmp_path_factory.mktemp("linear"),
        "seed": tmp_path_factory.mktemp("seed"),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMBIANCE_DATA", str(folder))
        for recipe, root in roots.items():
            config = MusicConfig(recipe=recipe, folds=3, inverse_penalty=1.0, network=SETTINGS)
            run(config, root)
    return roots


@pytest.fixture(scope="module")
def rows(folder: Path) -> MoodRows:
    return load_mood_rows(folder, "bal_train")


@pytest.mark.parametrize("recipe", ["linear", "seed"])
def test_both_forms_of_an_encoder_agree(roots: dict[str, Path], rows: MoodRows, recipe: str) -> None:
    artifact = load(roots[recipe], MUSIC_ENCODER)
    expected = encode_clips(artifact, rows.frames, rows.frame_counts)
    for signature in ("encode", "serving_default"):
        encode = tf.saved_model.load(artifact.path).signatures[signature]
        outputs = encode(frames=tf.constant(rows.frames), frame_counts=tf.constant(rows.frame_counts))
        assert set(outputs) == {"moods", "vad", "timbre"}
        for name, tensor in outputs.items():
            np.testing.assert_allclose(tensor.numpy(), getattr(expected, name), atol=1e-5)


@pytest.mark.parametrize("recipe", ["linear", "seed"])
def test_outputs_are_a_posterior_a_point_and_a_direction(
    roots: dict[str, Path], rows: MoodRows, recipe: str
) -> None:
    encoded = encode_clips(load(roots[recipe], MUSIC_ENCODER), rows.frames, rows.frame_counts)
    assert (encoded.moods.shape, encoded.vad.shape, encoded.timbre.shape) == ((44, 7), (44, 3), (44, 6))
    np.testing.assert_allclose(encoded.moods.sum(axis=1), 1, atol=1e-5)
    assert encoded.moods.min() >= 0
    assert encoded.vad.min() >= 0
    assert encoded.vad.max() <= 1
    np.testing.assert_allclose(np.linalg.norm(encoded.timbre, axis=1), 1, atol=1e-5)


def test_the_linear_recipe_learns_what_tells_the_moods(roots: dict[str, Path], rows: MoodRows) -> None:
    encoded = encode_clips(load(roots["linear"], MUSIC_ENCODER), rows.frames, rows.frame_counts)
    assert (encoded.moods.argmax(axis=1) == rows.moods)[:42].all()
    np.testing.assert_allclose(encoded.vad, encoded.moods @ MOODS.vad, atol=1e-5)


def test_moods_of_the_seed_are_the_closeness_of_its_vad(roots: dict[str, Path], rows: MoodRows) -> None:
    encoded = encode_clips(load(roots["seed"], MUSIC_ENCODER), rows.frames, rows.frame_counts)
    np.testing.assert_allclose(encoded.moods, MOODS.closeness(encoded.vad), atol=1e-5)
    assert encoded.vad.std(axis=0).min() > 0


def test_bytes_beyond_the_last_frame_are_not_heard(roots: dict[str, Path], rows: MoodRows) -> None:
    artifact = load(roots["linear"], MUSIC_ENCODER)
    loud = rows.frames[-1:].copy()
    loud[:, 6:] = 255
    one, other = (encode_clips(artifact, f, rows.frame_counts[-1:]) for f in (rows.frames[-1:], loud))
    for name, column in vars(one).items():
        np.testing.assert_array_equal(column, getattr(other, name))


def test_no_clip_is_encoded_to_nothing(roots: dict[str, Path], rows: MoodRows) -> None:
    encoded = encode_clips(load(roots["linear"], MUSIC_ENCODER), rows.frames[:0], rows.frame_counts[:0])
    assert (encoded.moods.shape, encoded.vad.shape, encoded.timbre.shape) == ((0, 7), (0, 3), (0, 6))


def test_the_manifest_says_what_was_trained_on_what(roots: dict[str, Path]) -> None:
    manifests: dict[str, Manifest] = {r: load(root, MUSIC_ENCODER).manifest for r, root in roots.items()}
    for recipe, manifest in manifests.items():
        assert [space.model_dump() for space in manifest.spaces] == [
            {"name": "vad", "dimension": 3, "metric": "squared_l2", "lineage": vad_lineage()}
        ]
        assert manifest.origin.recipe == f"python -m training.music --recipe {recipe} --split bal_train"
        assert manifest.notes == {"recipe": recipe}
        counted = {"training_clips": 43, "training_rows": 44, "music_clips": 43}
        assert manifest.counts == counted | {"parameters": {"linear": 903, "seed": 19_099}[recipe]}
    quality = manifests["linear"].quality["bal_train_cross_validation"]
    assert quality["micro_precision"] > 0.9
    assert 0 <= quality["expected_calibration_error"] < 0.3
    assert 0 <= quality["nearest_vad"]["macro_f1"] <= 1


def test_held_out_rows_are_heard_without_having_been_learned(
    roots: dict[str, Path], folder: Path, rows: MoodRows
) -> None:
    artifact = load(roots["linear"], MUSIC_ENCODER)
    config = MusicConfig(split="bal_train", folds=3, inverse_penalty=1.0)
    held_out = out_of_fold(config, rows, load_music_frames(folder))
    released = encode_clips(artifact, rows.frames, rows.frame_counts)
    np.testing.assert_allclose(held_out.timbre, released.timbre, atol=1e-4)
    at = np.arange(len(rows)), rows.moods
    assert held_out.moods[at].mean() < released.moods[at].mean()
    again = out_of_fold(config, rows, load_music_frames(folder))
    np.testing.assert_array_equal(held_out.moods, again.moods)


def test_held_out_rows_need_a_recipe_of_this_build(roots: dict[str, Path], folder: Path) -> None:
    artifact = load(roots["linear"], MUSIC_ENCODER)
    unknown = artifact.manifest.model_copy(update={"notes": {"recipe": "older"}})
    with pytest.raises(ArtifactError, match="made by one of linear, seed, the manifest says 'older'"):
        held_out_rows(Artifact(artifact.path, unknown), folder)


def test_a_clip_of_two_moods_stands_in_two_rows(rows: MoodRows) -> None:
    assert [MOODS.names[mood] for mood in rows.moods[-2:]] == ["sad", "tender"]
    assert rows.clip_ids[-1] == rows.clip_ids[-2]
    assert rows.frame_counts[-2:].tolist() == [6, 6]


@pytest.mark.data
def test_the_real_rows_and_pieces_are_as_many_as_published() -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    rows = load_mood_rows(data_dir(), "bal_train")
    assert (len(rows), len(np.unique(rows.clip_ids))) == (421, 411)
    assert load_music_frames(data_dir()).shape == (6773, 128)
    assert mean_frames(rows.frames, rows.frame_counts).std() > 0
