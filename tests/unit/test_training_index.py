"""The index job with fake models: what it publishes, and what keeps it from publishing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance import ClipFilter, artifacts
from ambiance.affect import EMOTIONS, FACETS, MOODS, READERS_VAD_LINEAGE, SCENES, TRAITS
from ambiance.artifacts import Artifact, Description, Origin, Space
from ambiance.errors import ArtifactError
from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import (
    DIMENSION,
    FIT_COMPONENTS,
    MOST_FIT_LOST,
    SPREAD_STRENGTH,
    unpriced,
)
from ambiance.placement.squared_l2 import append_price, prices_of
from audioset_files import (
    BELL,
    ENGINE,
    LULLABY,
    MUSIC,
    SAD,
    SPEECH,
    TENDER,
    clip_record,
    tfrecord,
    write_archive,
    write_ontology,
)
from music_encoders import Bytes, Counts, encode_clips
from music_index_service.clip_catalog import ClipCatalog
from music_index_service.filter_vocabulary import FilterVocabulary
from music_index_service.filters import ClipFilters
from music_index_service.preparation.placement_model import PlacementModel
from training.data.errors import DataError
from training.data.sources import SOURCES
from training.data.written import load_written
from training.index import catalog as catalog_module
from training.index.calibrate import captioned_answers, said_of
from training.index.config import IndexConfig
from training.index.job import run
from training.index.models import Models
from training.listener.files import load_benchmark
from training.music.caption_judgements import Judged
from training.music.caption_words import Said
from training.music.facets import CaptionedClips
from training.music.held_out import HeldOut
from training.music.mood_rows import MoodRows
from training.space import MoodSpace, fit_space
from training.text.encode import TextReadings

pytestmark = [pytest.mark.tensorflow]

CAPTIONED = 60
EMBEDDING = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)


def read_texts(encoder: Artifact, texts: Sequence[str]) -> TextReadings:
    """Posteriors and embeddings that are the same for the same number of texts, whatever they say."""
    draw, count = np.random.default_rng(len(texts)), len(texts)
    posteriors = [draw.dirichlet(np.full(n, 0.1), count).astype(np.float32) for n in (28, len(SCENES))]
    embedding = EMBEDDING[np.arange(count) % len(EMBEDDING)]
    mood = MoodSpace.load(encoder.path / "space").query(posteriors[1], embedding).numpy()
    distress = np.zeros((count, 1), np.float32)
    return TextReadings(*posteriors, distress, posteriors[0] @ EMOTIONS.vad, mood, embedding)


def hear(moods: NDArray[np.float64], facets: NDArray[np.float64]) -> EncodedClips:
    """Clips of such moods and facets, whose other outputs are at random."""
    draw, count = np.random.default_rng(4), len(moods)
    timbre = draw.normal(size=(count, 6))
    unit = timbre / np.linalg.norm(timbre, axis=1, keepdims=True)
    columns = (moods, facets, draw.random((count, 3)), draw.random((count, 3)), unit)
    return EncodedClips(*(column.astype(np.float32) for column in columns))


def captioned_clips() -> tuple[CaptionedClips, EncodedClips]:
    """Sixty clips of which two facets each are judged, heard as a mixture of that and chance; no caption says
    anything."""
    draw, rows = np.random.default_rng(2), np.arange(CAPTIONED)
    facets, mains = np.zeros((2, CAPTIONED, len(FACETS)), bool)
    facets[rows, rows % 12] = facets[rows, (rows * 5 + 3) % 12] = mains[rows, rows % 12] = True
    said = Said(np.zeros_like(facets), draw.random((CAPTIONED, 3)) < 0.5)
    judged = Judged(facets, mains, draw.random((CAPTIONED, 3)).astype(np.float32))
    ids = np.array([f"clip{row}" for row in rows])
    frames = draw.integers(0, 256, (CAPTIONED, 10, 128)).astype(np.uint8)
    clips = CaptionedClips(ids, ids, frames, np.full(CAPTIONED, 10, np.int32), said, judged)
    told = 0.1 + 0.5 * facets + 0.3 * draw.random(facets.shape)
    return clips, hear(draw.dirichlet(np.ones(7), CAPTIONED), told)


def held_out(encoder: Artifact, data_dir: Path) -> HeldOut:
    """Captioned clips, and no mood rows: the index job asks for none."""
    none = np.zeros((0, 10, 128), np.uint8)
    rows = MoodRows(np.array([], np.str_), none, np.zeros(0, np.int32), np.zeros(0, np.int64))
    captioned, encoded = captioned_clips()
    return HeldOut(rows, encoded.take(np.arange(0)), captioned, encoded)


MODELS = Models(encode_clips, read_texts, held_out)


def frames(first_byte: int, count: int = 10) -> list[bytes]:
    return [bytes([first_byte]) * 128] * count


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six clips of which four are pieces of music, one by a descendant only, two at the same point."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    write_ontology(data_dir)
    balanced = [
        clip_record("b", 30, 40, (TENDER, SAD, MUSIC, MUSIC), frames(51)),
        clip_record("speech", 0, 10, (SPEECH,), frames(0)),
        clip_record("bell", 0, 10, (BELL,), frames(0)),
        clip_record("a", 30, 34, (LULLABY, BELL, SPEECH), frames(102, 4)),
    ]
    evaluation = [
        clip_record("a", 100, 110, (MUSIC,), frames(51)),
        clip_record("Z", 7.5, 17.5, (MUSIC,), frames(9)),
    ]
    write_archive(data_dir, {"bal_train/00": tfrecord(balanced), "eval/00": tfrecord(evaluation)})
    for source in SOURCES:  # manifests hold their digests, whatever is in them
        file = data_dir / source.path
        file.parent.mkdir(exist_ok=True)
        if not file.exists():
            file.write_text("something")
    return data_dir


def description(kind: str, spaces: list[Space]) -> Description:
    origin = Origin(recipe="fake", seed=0, code_revision="x", datasets={}, libraries={})
    return Description(kind=kind, spaces=spaces, counts={}, origin=origin, quality={})


def vad_space(lineage: str) -> Space:
    return Space(name="vad", dimension=3, metric="squared_l2", lineage=lineage)


def publish_music_encoder(root: Path, lineage: str) -> Artifact:
    return artifacts.publish(
        root, description(artifacts.MUSIC_ENCODER, [vad_space(lineage)]), lambda folder: None
    )


def publish_text_encoder(root: Path, lineage: str | None = None) -> MoodSpace:
    """A text encoder of nothing but a mood space, of another lineage if one is given."""
    space = fit_space(EMBEDDING, identity="fake")
    mood = Space(name="mood", dimension=DIMENSION, metric="squared_l2", lineage=lineage or space.lineage)
    spaces = [vad_space(READERS_VAD_LINEAGE), mood]
    described = description(artifacts.TEXT_ENCODER, spaces)
    artifacts.publish(root, described, lambda folder: space.save(folder / "space"))
    return space


@pytest.fixture
def root(tmp_path: Path) -> Path:
    publish_music_encoder(tmp_path / "artifacts", READERS_VAD_LINEAGE)
    publish_text_encoder(tmp_path / "artifacts")
    return tmp_path / "artifacts"


@pytest.fixture
def index(folder: Path, root: Path) -> Artifact:
    return run(IndexConfig(folder), root, MODELS)


def read_catalog(index: Artifact) -> pa.Table:
    with pa.memory_map(str(index.file("catalog.arrow"))) as file:
        return pa.ipc.open_file(file).read_all()


def stored_vectors(index: Artifact, name: str) -> NDArray[np.float32]:
    stored = faiss.read_index(str(index.file(name)))
    assert isinstance(stored, faiss.IndexFlatL2)
    return stored.reconstruct_n(0, stored.ntotal)


def test_every_music_clip_stands_in_the_catalogue_by_code_point_of_its_id(index: Artifact) -> None:
    catalog = read_catalog(index)
    assert catalog["clip_id"].to_pylist() == ["Z@7.5", "a@100", "a@30", "b@30"]
    assert catalog["youtube_id"].to_pylist() == ["Z", "a", "a", "b"]
    assert catalog["start_seconds"].to_pylist() == [7.5, 100, 30, 30]
    assert catalog["end_seconds"].to_pylist() == [17.5, 110, 34, 40]


def test_labels_stand_once_each_by_class_index(index: Artifact) -> None:
    catalog = read_catalog(index)
    assert catalog["labels"].to_pylist()[2:] == [
        ["Speech, spoken", "Bell", "Lullaby"],
        ["Music", "Sad music", "Tender music"],
    ]
    assert catalog["mood_labels"].to_pylist() == [[], [], [], ["sad", "tender"]]


def test_vectors_and_moods_are_row_for_row_the_encoders(index: Artifact) -> None:
    catalog = read_catalog(index)
    vad = np.array(catalog["vad"].to_pylist(), np.float32)
    assert vad[:, 0] == pytest.approx(np.array([9, 51, 102, 51]) / 255)
    assert vad[:, 1] == pytest.approx([1, 1, 0.4, 1])
    moods = np.array(catalog["moods"].to_pylist(), np.float32)
    assert (moods == MOODS.closeness(vad)).all()
    assert (stored_vectors(index, "vad.faiss") == vad).all()


def test_clips_stand_where_the_text_encoders_space_places_them(
    index: Artifact, folder: Path, root: Path
) -> None:
    space = MoodSpace.load(root / "text_encoder" / "1" / "space")
    counts = np.array([10, 10, 4, 10], np.int32)
    raw = np.array([frames_of(byte) for byte in (9, 51, 102, 51)], np.uint8)
    encoded = encode_clips(index, raw, counts)
    written = read_texts(artifacts.load(root, artifacts.TEXT_ENCODER), load_written().texts)
    expected = space.place(encoded, written.mood, 1, np.array([True, True, False, True]))
    np.testing.assert_allclose(stored_vectors(index, "mood.faiss"), expected, atol=1e-6)


def test_other_clips_can_be_placed_beside_the_released_ones(index: Artifact) -> None:
    model = PlacementModel.load(index)
    assert model is not None
    catalog = read_catalog(index)
    columns = [
        np.array(catalog[name].to_pylist(), np.float32) for name in ("moods", "facets", "traits", "vad")
    ]
    stored = stored_vectors(index, "mood.faiss")
    timbre = stored[:, FIT_COMPONENTS:-1] / np.float32(np.sqrt(SPREAD_STRENGTH))
    prices = prices_of(stored, model.constant)
    assert prices.min() >= -1e-4
    again = append_price(unpriced(EncodedClips(*columns, timbre)), prices, model.constant)
    np.testing.assert_allclose(again, stored, atol=1e-3)
    labels = [clip.as_py() for clip in catalog["labels"]]
    assert model.rule.listenable(labels, columns[2]).tolist() == catalog["listenable"].to_pylist()
    assert model.queries.shape[1] == DIMENSION


def frames_of(byte: int) -> list[list[int]]:
    return [[byte] * 128] * 10


def test_the_match_probability_rises_with_the_similarity(index: Artifact) -> None:
    record = json.loads(index.file("match_probability.json").read_text())
    assert set(record) == {"space", "components", "similarity", "probability"}
    assert (record["space"], record["components"]) == ("mood", FIT_COMPONENTS)
    similarity, probability = np.array(record["similarity"]), np.array(record["probability"])
    assert 2 <= len(similarity) == len(probability) <= 50
    assert (np.diff(similarity) > 0).all()
    assert (np.diff(probability) >= 0).all()
    assert 0 <= probability[0] < probability[-1] <= 1


def test_the_file_can_be_mapped_and_says_what_it_is(index: Artifact) -> None:
    allocated = pa.total_allocated_bytes()
    catalog = read_catalog(index)
    assert pa.total_allocated_bytes() == allocated  # columns are views of the mapped file
    assert catalog["clip_id"].num_chunks == 1
    metadata = {key.decode(): value.decode() for key, value in catalog.schema.metadata.items()}
    assert metadata == {
        "format": "ambiance.music_catalog",
        "format_version": "2",
        "mood_names": "happy,funny,sad,tender,exciting,angry,scary",
        "vad_axes": "valence,arousal,dominance",
        "facet_names": ",".join(FACETS),
        "trait_names": ",".join(TRAITS),
    }
    types = {name: str(catalog.schema.field(name).type) for name in catalog.column_names}
    names = "dictionary<values=string, indices=int16, ordered=0>"
    assert types == {
        "clip_id": "string",
        "youtube_id": "string",
        "start_seconds": "float",
        "end_seconds": "float",
        "labels": f"list<item: {names}>",
        "mood_labels": f"list<item: {names}>",
        "moods": "fixed_size_list<item: float>[7]",
        "vad": "fixed_size_list<item: float>[3]",
        "facets": "fixed_size_list<item: float>[12]",
        "traits": "fixed_size_list<item: float>[3]",
        "listenable": "bool",
    }


def test_clips_can_be_filtered_by_label_and_mood(index: Artifact) -> None:
    catalog = ClipCatalog.load(index.file("catalog.arrow"))
    filters = ClipFilters(catalog, FilterVocabulary.load(index, catalog))
    conditions = ClipFilter(labels=["Music"], without_labels=["Tender music"])
    below = filters.apply(conditions, include_unlistenable=True)
    assert below.rows.rows.tolist() == [0, 1, 2]  # "a@30" by its Lullaby
    assert filters.apply(conditions).rows.rows.tolist() == [0, 1]  # but there is speech over that
    most_probable = np.array(read_catalog(index)["moods"].to_pylist()).argmax(axis=1)
    same = ClipFilter(moods=[MOODS.names[most_probable[0]]])
    alike = filters.apply(same, include_unlistenable=True)
    assert alike.rows.rows.tolist() == np.flatnonzero(most_probable == most_probable[0]).tolist()


def test_the_manifest_says_what_it_was_made_from(index: Artifact, root: Path) -> None:
    assert artifacts.load(root, artifacts.MUSIC_INDEX) == index
    manifest = index.manifest
    text_encoder = artifacts.load(root, artifacts.TEXT_ENCODER)
    assert manifest.spaces == [vad_space(READERS_VAD_LINEAGE), text_encoder.space("mood")]
    assert manifest.counts == {
        "clips": 4,
        "videos": 3,
        "mood_labelled_clips": 1,
        "distinct_vectors": 3,
        "listenable_clips": 3,
    }
    assert manifest.origin.sources == {"music_encoder": 1, "text_encoder": 1}
    assert manifest.origin.recipe == "python -m training.index --encoder-version 1 --text-version 1"
    read = {"audioset", "goemotions", "xed", "emobank", "musiccaps"}
    assert {name.split("/")[0] for name in manifest.origin.datasets} == read
    assert any("AudioSet" in notice and "CC BY 4.0" in notice for notice in manifest.origin.notices)
    assert not any("NRC VAD" in notice for notice in manifest.origin.notices)
    assert manifest.quality["vad_mean"] == pytest.approx([213 / 4 / 255, 0.85, 0.5])
    assert manifest.quality["written_corpus"]["coverage_at_10"] == 1
    assert 0.25 <= manifest.quality["written_corpus"]["largest_share"] <= 1
    assert manifest.quality["most_fit_lost_to_variety"] == MOST_FIT_LOST
    assert set(manifest.quality["match_probability"]) == {
        "brier_score",
        "expected_calibration_error",
        "constant_brier_score",
        "constant_expected_calibration_error",
    }


def test_two_runs_write_the_same_bytes(folder: Path, root: Path) -> None:
    one, two = (run(IndexConfig(folder), root, MODELS) for _ in range(2))
    assert (one.manifest.version, two.manifest.version) == (1, 2)
    assert one.manifest.files == two.manifest.files


def test_a_clip_in_two_splits_is_refused(folder: Path, root: Path) -> None:
    shard = tfrecord([clip_record("Z", 7.5, 17.5, (MUSIC,))])
    write_archive(folder, {"bal_train/00": shard, "eval/00": shard})
    with pytest.raises(DataError, match=r"the clip Z@7\.5 stands twice"):
        run(IndexConfig(folder), root, MODELS)


@pytest.mark.parametrize(
    ("splits", "offence"),
    [
        (("eval", "eval"), "splits: at least one, each once, got eval, eval"),
        ((), "splits: at least one, each once, got none"),
        (("train",), "split: one of bal_train, eval, unbal_train, got 'train'"),
        (("unbal_train", "eval"), "audioset: holds no clip of unbal_train"),
    ],
)
def test_splits_that_cannot_be_indexed_are_named(
    folder: Path, root: Path, splits: tuple[str, ...], offence: str
) -> None:
    with pytest.raises(DataError, match=offence):
        run(IndexConfig(folder, splits=splits), root, MODELS)


def test_a_split_without_music_makes_no_index(folder: Path, root: Path) -> None:
    write_archive(folder, {"eval/00": tfrecord([clip_record("bell", 0, 10, (BELL,))])})
    with pytest.raises(DataError, match="no clip of these splits is a piece of music"):
        run(IndexConfig(folder, splits=("eval",)), root, MODELS)


def test_one_split_may_be_indexed_alone(folder: Path, root: Path) -> None:
    index = run(IndexConfig(folder, splits=("eval",)), root, MODELS)
    assert read_catalog(index)["clip_id"].to_pylist() == ["Z@7.5", "a@100"]
    assert index.manifest.origin.recipe.endswith("--text-version 1 --splits eval")


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.1])
@pytest.mark.parametrize("output", ["vad", "moods", "facets", "traits"])
def test_outputs_outside_their_range_are_not_published(
    folder: Path, root: Path, output: str, value: float
) -> None:
    def stray(encoder: Artifact, frames: Bytes, frame_counts: Counts) -> EncodedClips:
        encoded = encode_clips(encoder, frames, frame_counts)
        getattr(encoded, output)[2, 1] = value
        return encoded

    with pytest.raises(
        ArtifactError, match=rf"music_encoder/1: {output}: clip a@100 is at .*not in \[0, 1\]"
    ):
        run(IndexConfig(folder), root, replace(MODELS, encode_clips=stray))
    assert artifacts.versions(root, artifacts.MUSIC_INDEX) == []


def test_too_few_rows_are_not_published(folder: Path, root: Path) -> None:
    short = replace(MODELS, encode_clips=lambda *arguments: encode_clips(*arguments).take(np.arange(3)))
    with pytest.raises(ArtifactError, match=r"music_encoder/1: moods float32\(3, 7\) for 4 clips"):
        run(IndexConfig(folder), root, short)


def test_facets_and_traits_are_row_for_row_the_encoders(index: Artifact) -> None:
    catalog = read_catalog(index)
    bytes_heard = np.array([9, 51, 102, 51], np.uint8)
    raw = np.array([frames_of(byte) for byte in bytes_heard], np.uint8)
    encoded = encode_clips(index, raw, np.array([10, 10, 4, 10], np.int32))
    for name in ("facets", "traits"):
        np.testing.assert_array_equal(np.array(catalog[name].to_pylist(), np.float32), getattr(encoded, name))


def test_clips_not_worth_hearing_are_indexed_and_marked(folder: Path, root: Path) -> None:
    write_archive(
        folder,
        {
            "eval/00": tfrecord(
                [
                    clip_record("clean", 0, 10, (MUSIC,), frames(51)),
                    clip_record("engine", 0, 10, (MUSIC, ENGINE), frames(51)),
                    clip_record("faint speech", 0, 10, (MUSIC, SPEECH), frames(51)),
                    clip_record("loud speech", 0, 10, (MUSIC,), frames(160)),
                ]
            )
        },
    )
    index = run(IndexConfig(folder, splits=("eval",)), root, MODELS)
    catalog = read_catalog(index)
    marked = dict(zip(catalog["youtube_id"].to_pylist(), catalog["listenable"].to_pylist(), strict=True))
    assert marked == {"clean": True, "engine": False, "faint speech": True, "loud speech": False}
    assert index.manifest.counts["listenable_clips"] == 2
    assert len(stored_vectors(index, "mood.faiss")) == 4
    # answers that nobody is given don't count
    assert index.manifest.quality["written_corpus"]["coverage_at_10"] == 1


def test_a_library_of_nothing_worth_hearing_makes_no_index(folder: Path, root: Path) -> None:
    write_archive(folder, {"eval/00": tfrecord([clip_record("engine", 0, 10, (MUSIC, ENGINE), frames(51))])})
    with pytest.raises(DataError, match="no piece of music in these splits is worth hearing"):
        run(IndexConfig(folder, splits=("eval",)), root, MODELS)
    assert artifacts.versions(root, artifacts.MUSIC_INDEX) == []


def test_what_is_said_may_fit_and_jar_at_once() -> None:
    benchmark = load_benchmark("dev")
    happy, sad, calm = (FACETS.index(name) for name in ("happy", "sad", "calm"))
    fits, jars = np.zeros((2, 1, 12), bool)
    fits[0, happy] = jars[0, sad] = True
    one = replace(benchmark, texts=("x",), fits=fits, jars=jars)
    said = np.zeros((1, 4, 12), bool)
    said[0, 0, happy] = said[0, 1, [happy, sad]] = said[0, 2, sad] = said[0, 3, calm] = True
    fitting, jarring = said_of(said, one)
    assert fitting.tolist() == [[True, True, False, False]]
    assert jarring.tolist() == [[False, True, True, False]]


def test_answers_to_the_benchmark_are_right_if_their_main_facet_fits(root: Path) -> None:
    text = artifacts.load(root, artifacts.TEXT_ENCODER)
    space, benchmark = MoodSpace.load(text.path / "space"), load_benchmark("dev")
    clips, encoded = captioned_clips()
    queries = read_texts(text, benchmark.texts).mood
    mains = clips.judged.mains
    answers = captioned_answers(space, encoded, mains, queries, benchmark, queries, seed=1)
    assert answers.clips.shape == answers.similarity.shape == answers.right.shape == (len(benchmark), 30)
    fits = queries[:, :FIT_COMPONENTS] @ space.place(encoded, queries, seed=1)[:, :FIT_COMPONENTS].T
    np.testing.assert_allclose(answers.similarity[7], fits[7, answers.clips[7]], atol=1e-4)
    expected = [benchmark.fits[7][mains[clip].argmax()] for clip in answers.clips[7]]
    assert answers.right[7].tolist() == expected
    assert set(expected) == {True, False}
    few = captioned_answers(
        space, encoded.take(np.arange(12)), mains[:12], queries, benchmark, queries, seed=1
    )
    assert few.clips.shape == (len(benchmark), 12)


def test_a_music_encoder_of_another_lineage_is_refused(folder: Path, root: Path) -> None:
    publish_music_encoder(root, "vad-other")
    with pytest.raises(
        ArtifactError, match=f"music_encoder/2: VAD of lineage vad-other, .* {READERS_VAD_LINEAGE}"
    ):
        run(IndexConfig(folder), root, MODELS)
    index = run(IndexConfig(folder, encoder_version=1), root, MODELS)
    assert index.manifest.origin.sources == {"music_encoder": 1, "text_encoder": 1}


def test_a_text_encoder_whose_space_is_not_what_its_manifest_says_is_refused(
    folder: Path, root: Path
) -> None:
    space = publish_text_encoder(root, lineage="mood-other")
    with pytest.raises(ArtifactError, match=f"text_encoder/2: .* {space.lineage}, .* mood-other"):
        run(IndexConfig(folder), root, MODELS)
    index = run(IndexConfig(folder, text_version=1), root, MODELS)
    assert index.manifest.origin.sources == {"music_encoder": 1, "text_encoder": 1}


def test_a_missing_encoder_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no version of music_encoder"):
        run(IndexConfig(folder), tmp_path / "nothing", MODELS)
    publish_music_encoder(tmp_path / "half", READERS_VAD_LINEAGE)
    with pytest.raises(ArtifactError, match="no version of text_encoder"):
        run(IndexConfig(folder), tmp_path / "half", MODELS)


def test_vectors_that_do_not_read_back_are_not_published(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage = faiss.IndexFlatL2(3)
    damage.add(np.zeros((4, 3), np.float32))
    original = faiss.write_index
    monkeypatch.setattr(faiss, "write_index", lambda index, path: original(damage, path))
    with pytest.raises(ArtifactError, match=r"vad\.faiss: row 0: \[0\. 0\. 0\.\] was read back"):
        run(IndexConfig(folder), root, MODELS)
    assert artifacts.versions(root, artifacts.MUSIC_INDEX) == []


def test_a_catalogue_that_does_not_read_back_is_not_published(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = catalog_module.write_catalog
    monkeypatch.setattr(
        "training.index.job.write_catalog", lambda catalog, folder: original(catalog.slice(0, 2), folder)
    )
    with pytest.raises(ArtifactError, match=r"catalog\.arrow: not the catalogue that was written"):
        run(IndexConfig(folder), root, MODELS)
    assert artifacts.versions(root, artifacts.MUSIC_INDEX) == []
