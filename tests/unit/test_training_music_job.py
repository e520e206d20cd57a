"""The music job end to end on tiny synthetic data: learn, publish, load, agree."""

import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import FACETS, MOODS, READERS_VAD_LINEAGE, nrc_vad_lineage  # noqa: E402
from ambiance.artifacts import MUSIC_ENCODER, Artifact, Manifest, load  # noqa: E402
from ambiance.errors import ArtifactError  # noqa: E402
from ambiance.placement import EncodedClips  # noqa: E402
from audioset_files import (  # noqa: E402
    clip_record,
    tfrecord,
    write_archive,
    write_captions,
    write_ontology,
)
from training.data.errors import DataError  # noqa: E402
from training.data.sources import data_dir  # noqa: E402
from training.music import captioned as captioned_module  # noqa: E402
from training.music import held_out as held_out_module  # noqa: E402
from training.music.caption_judgements import load_caption_judgements  # noqa: E402
from training.music.captioned import load_captioned  # noqa: E402
from training.music.config import MusicConfig, NetworkConfig, RecipeName  # noqa: E402
from training.music.encode import encode_clips  # noqa: E402
from training.music.facets import facets_across_folds  # noqa: E402
from training.music.features import load_music_frames, mean_frames  # noqa: E402
from training.music.held_out import HeldOut, held_out  # noqa: E402
from training.music.job import run  # noqa: E402
from training.music.mood_rows import MoodRows, load_mood_rows  # noqa: E402
from training.music.recipes import out_of_fold  # noqa: E402

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(300)]

MUSIC, FIRST_MOOD = 137, 276
SETTINGS = NetworkConfig(steps=2, batch_size=16)
JUDGED_FILE = "judged.tsv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty-three clips: six of each mood, told by their bytes, and one of two moods and six seconds. Of the
    first forty-two captions tell two facets in turn, and a trait of every other; a facet more is judged."""
    folder = tmp_path_factory.mktemp("data")
    noise = random.Random(0)
    records = [
        clip_record(f"clip{i:07}", labels=(MUSIC, FIRST_MOOD + i % 7), frames=[sound(i % 7, noise)] * 10)
        for i in range(42)
    ]
    records.append(clip_record("of two moods", labels=(278, 279), frames=[bytes(128)] * 6))
    write_archive(folder, {f"{split}/00": tfrecord(records) for split in ("bal_train", "eval")})
    write_ontology(folder)
    write_captions(folder, {(f"clip{i:07}", 30): caption(i) for i in range(42)})
    (folder / JUDGED_FILE).write_text("".join(map(judgement, reversed(range(42)))))
    return folder


@pytest.fixture(scope="module", autouse=True)
def judgements(folder: Path) -> Iterator[None]:
    """Those of the little split's clips in place of the committed ones."""
    load_little = partial(load_caption_judgements, path=folder / JUDGED_FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(captioned_module, "load_caption_judgements", load_little)
        yield


def judgement(number: int) -> str:
    """The first facet that the caption names, and one that it doesn't."""
    facets = f"{FACETS[number % 12]} {FACETS[(number * 7 + 5) % 12]}"
    return f"clip{number:07}@30\t{facets}\t{1 + number % 9}{1 + number % 7}{1 + number % 5}\n"


def caption(number: int) -> str:
    """Names facets by their own names, which are words of theirs."""
    trait = ("vocals", "speech", "noisy", "guitar", "drums", "piano")[number % 6]
    return f"{FACETS[number % 12]} music, {trait}, {FACETS[(number * 5 + 3) % 12]}"


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
        assert set(outputs) == {"moods", "facets", "traits", "vad", "timbre"}
        for name, tensor in outputs.items():
            np.testing.assert_allclose(tensor.numpy(), getattr(expected, name), atol=1e-5)


def widths(encoded: EncodedClips, clips: int) -> dict[str, int]:
    """Output -> width, each of so many clips."""
    assert {len(rows) for rows in vars(encoded).values()} == {clips}
    return {name: rows.shape[1] for name, rows in vars(encoded).items()}


@pytest.mark.parametrize("recipe", ["linear", "seed"])
def test_outputs_are_a_posterior_a_point_and_a_direction(
    roots: dict[str, Path], rows: MoodRows, recipe: str
) -> None:
    encoded = encode_clips(load(roots[recipe], MUSIC_ENCODER), rows.frames, rows.frame_counts)
    assert widths(encoded, 44) == {"moods": 7, "facets": 12, "traits": 3, "vad": 3, "timbre": 6}
    np.testing.assert_allclose(encoded.moods.sum(axis=1), 1, atol=1e-5)
    for rows_of in (encoded.moods, encoded.facets, encoded.traits, encoded.vad):
        assert ((rows_of >= 0) & (rows_of <= 1)).all()
    np.testing.assert_allclose(np.linalg.norm(encoded.timbre, axis=1), 1, atol=1e-5)


def test_the_linear_recipe_learns_what_tells_the_moods(roots: dict[str, Path], rows: MoodRows) -> None:
    encoded = encode_clips(load(roots["linear"], MUSIC_ENCODER), rows.frames, rows.frame_counts)
    assert (encoded.moods.argmax(axis=1) == rows.moods)[:42].all()


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
    assert widths(encoded, 0) == {"moods": 7, "facets": 12, "traits": 3, "vad": 3, "timbre": 6}


def test_the_manifest_says_what_was_trained_on_what(roots: dict[str, Path]) -> None:
    manifests: dict[str, Manifest] = {r: load(root, MUSIC_ENCODER).manifest for r, root in roots.items()}
    lineages = {"linear": READERS_VAD_LINEAGE, "seed": nrc_vad_lineage()}
    for recipe, manifest in manifests.items():
        assert [space.model_dump() for space in manifest.spaces] == [
            {"name": "vad", "dimension": 3, "metric": "squared_l2", "lineage": lineages[recipe]}
        ]
        assert manifest.origin.recipe == f"python -m training.music --recipe {recipe} --split bal_train"
        assert manifest.notes == {"recipe": recipe}
        counted = {"training_clips": 43, "training_rows": 44, "music_clips": 43, "captioned_clips": 42}
        facets = 129 * 12 + 257 * 3 + 129 * 3
        assert manifest.counts == counted | {"parameters": {"linear": 903, "seed": 19_099}[recipe] + facets}
        notices = " ".join(manifest.origin.notices)
        assert "MusicCaps" in notices
        assert ("NRC VAD" in notices) == (recipe == "seed")
        assert any(name.startswith("musiccaps/") for name in manifest.origin.datasets)
    quality = manifests["linear"].quality["bal_train_cross_validation"]
    assert quality["micro_precision"] > 0.9
    assert 0 <= quality["expected_calibration_error"] < 0.3
    captions = manifests["linear"].quality["bal_train_captions_cross_validation"]
    assert tuple(captions["facets"]) == (*FACETS, "vocal", "speech", "low_quality")
    assert set(captions["vad"]) == {"valence", "arousal", "dominance"}


@pytest.fixture(scope="module")
def heard(roots: dict[str, Path], folder: Path) -> HeldOut:
    """What is heard without having been learned, of as many folds as the little split has clips for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_out_module, "MusicConfig", partial(MusicConfig, folds=3, inverse_penalty=1.0))
        return held_out(load(roots["linear"], MUSIC_ENCODER), folder)


def test_rows_and_captioned_clips_are_heard_without_having_been_learned(
    roots: dict[str, Path], heard: HeldOut, folder: Path, rows: MoodRows
) -> None:
    artifact, captioned = load(roots["linear"], MUSIC_ENCODER), load_captioned(folder)
    assert (len(heard.heard_rows), len(heard.heard_captioned)) == (44, 42)
    np.testing.assert_array_equal(heard.rows.clip_ids, rows.clip_ids)
    np.testing.assert_array_equal(heard.captioned.clip_ids, captioned.clip_ids)
    for asked, found in ((rows, heard.heard_rows), (captioned, heard.heard_captioned)):
        released = encode_clips(artifact, asked.frames, asked.frame_counts)
        np.testing.assert_allclose(found.timbre, released.timbre, atol=1e-4)
        for name in ("moods", "facets", "traits", "vad"):
            assert getattr(found, name).dtype == np.float32
            assert (getattr(found, name) != getattr(released, name)).any()
            assert ((getattr(found, name) >= 0) & (getattr(found, name) <= 1)).all()
        np.testing.assert_allclose(found.moods.sum(axis=1), 1, atol=1e-5)
    released, at = encode_clips(artifact, rows.frames, rows.frame_counts), (np.arange(len(rows)), rows.moods)
    assert heard.heard_rows.moods[at].mean() < released.moods[at].mean()


def test_moods_and_facets_of_rows_are_those_of_the_cross_validation(
    heard: HeldOut, folder: Path, rows: MoodRows
) -> None:
    config = MusicConfig(split="bal_train", folds=3, inverse_penalty=1.0)
    np.testing.assert_array_equal(
        heard.heard_rows.moods, out_of_fold(config, rows, load_music_frames(folder))
    )
    across = facets_across_folds(load_captioned(folder), rows, rows)
    np.testing.assert_allclose(heard.heard_rows.facets, 1 / (1 + np.exp(-across.facets)), atol=1e-6)


def test_what_is_held_out_needs_a_recipe_of_this_build(roots: dict[str, Path], folder: Path) -> None:
    artifact = load(roots["linear"], MUSIC_ENCODER)
    unknown = artifact.manifest.model_copy(update={"notes": {"recipe": "older"}})
    with pytest.raises(ArtifactError, match="made by one of linear, seed, the manifest says 'older'"):
        held_out(Artifact(artifact.path, unknown), folder)


def test_a_job_without_captions_publishes_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder / "audioset", tmp_path / "data" / "audioset")
    monkeypatch.setenv("AMBIANCE_DATA", str(tmp_path / "data"))
    with pytest.raises(DataError, match=r"musiccaps-public\.csv: No such file"):
        run(MusicConfig(folds=3), tmp_path / "artifacts")
    assert not (tmp_path / "artifacts").exists()


def test_a_job_publishes_nothing_if_a_captioned_clip_is_not_judged(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captioned_module, "load_caption_judgements", load_caption_judgements)
    monkeypatch.setenv("AMBIANCE_DATA", str(folder))
    with pytest.raises(DataError, match=r"musiccaps\.tsv: lacks clip0000000@30 and 41 more captioned clips"):
        run(MusicConfig(folds=3), tmp_path / "artifacts")
    assert not (tmp_path / "artifacts").exists()


def test_captioned_clips_have_what_words_say_and_what_was_judged(folder: Path) -> None:
    captioned = load_captioned(folder)
    assert captioned.youtube_ids.tolist() == [f"clip{i:07}" for i in range(42)]
    for i in range(42):
        main, said, judged = (FACETS[n % 12] for n in (i, i * 5 + 3, i * 7 + 5))
        assert named(captioned.said.facets[i]) == {main, said}
        assert named(captioned.judged.facets[i]) == {main, judged}
        assert named(captioned.judged.mains[i]) == {main}
        assert captioned.judged.vad[i].tolist() == [i % 9 / 8, i % 7 / 8, i % 5 / 8]


def named(facets: NDArray[np.bool_]) -> set[str]:
    return {name for name, told in zip(FACETS, facets, strict=True) if told}


def test_a_clip_of_two_moods_stands_in_two_rows(rows: MoodRows) -> None:
    assert [MOODS.names[mood] for mood in rows.moods[-2:]] == ["sad", "tender"]
    assert rows.clip_ids[-1] == rows.clip_ids[-2]
    assert rows.frame_counts[-2:].tolist() == [6, 6]


@pytest.mark.data
def test_the_real_rows_and_pieces_are_as_many_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captioned_module, "load_caption_judgements", load_caption_judgements)
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    rows = load_mood_rows(data_dir(), "bal_train")
    assert (len(rows), len(np.unique(rows.clip_ids))) == (421, 411)
    assert load_music_frames(data_dir()).shape == (6773, 128)
    assert mean_frames(rows.frames, rows.frame_counts).std() > 0
    assert len(load_captioned(data_dir())) == 2663
