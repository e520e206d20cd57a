"""A release read into sections, with models that answer from tables."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import EMOTIONS, FACETS, MOODS, SCENES
from ambiance.artifacts import (
    MUSIC_ENCODER,
    MUSIC_INDEX,
    TEXT_ENCODER,
    Artifact,
    Description,
    Origin,
    Space,
    publish,
)
from ambiance.index_format.catalog import CATALOG_FILE
from ambiance.placement import EncodedClips
from ambiance.placement.evidence import evidence
from ambiance.placement.mood_space import DIMENSION, FIT_COMPONENTS
from training.data.goemotions import Comments
from training.data.written import load_written
from training.evaluate.corpora import Corpora
from training.evaluate.figures import section_figures
from training.evaluate.headline import HEADLINES, LISTENER_FIGURES
from training.evaluate.headline_figures import headline
from training.evaluate.released import SECTIONS, HeardCorpora, load_release
from training.evaluate.report import evaluation_report, listener_headline, spread
from training.evaluate.report_file import read_report, write_report
from training.index.models import Models
from training.listener.files import load_benchmark
from training.listener.measure import means, served_queries
from training.music.caption_judgements import Judged
from training.music.caption_words import Said
from training.music.facets import CaptionedClips
from training.music.held_out import HeldOut
from training.music.mood_rows import MoodRows
from training.space import MoodSpace, fit_space
from training.text.encode import TextReadings

pytestmark = pytest.mark.tensorflow

LABELS = [(emotion,) for emotion in range(28)]
CLIPS, CAPTIONED = 50, 36


def comments(split: str) -> Comments:
    """A comment of each emotion, whose text is its name and the split it is in."""
    texts = tuple(f"{split} {name}" for name in EMOTIONS.names)
    return Comments(texts, tuple(LABELS), texts)


def read_texts(encoder: Artifact, texts: Sequence[str]) -> TextReadings:
    """Sure of each comment's emotion, as far as a posterior over 28 can be; anything of other texts."""
    words = [text.split() for text in texts]
    told = [zlib.crc32(text.encode()) for text in texts]
    emotions = np.array(
        [
            EMOTIONS.names.index(each[-1]) if each[-1] in EMOTIONS.names else chance % 28
            for each, chance in zip(words, told, strict=True)
        ]
    )
    posterior = (0.8 * np.eye(28) + 0.2 / 28)[emotions].astype(np.float32)
    scenes = (0.7 * np.eye(21) + 0.3 / 21)[np.array(told) % 21].astype(np.float32)
    embedding = np.random.default_rng(0).normal(size=(28, 8)).astype(np.float32)[emotions]
    mood = MoodSpace.load(encoder.path / "space").query(scenes, embedding).numpy()
    distress = np.zeros((len(texts), 1), np.float32)
    return TextReadings(posterior, scenes, distress, EMOTIONS.vad[emotions], mood, embedding)


def mood_rows(rows: int, seed: int) -> MoodRows:
    """Two rows a clip."""
    frames = np.random.default_rng(seed).integers(0, 256, (rows, 10, 128)).astype(np.uint8)
    clips = np.array([f"clip {row // 2}" for row in range(rows)])
    return MoodRows(clips, frames, np.full(rows, 10, np.int32), np.arange(rows) % 7)


def hear(moods: np.ndarray, sureness: float) -> EncodedClips:
    """The right mood with some sureness, a clip's own for each row so that no two are alike; other outputs at
    random."""
    draw, count = np.random.default_rng(1), len(moods)
    sure = sureness - np.arange(count)[:, None] / 1000
    posterior = sure * np.eye(7)[moods] + (1 - sure) / 7
    timbre = draw.normal(size=(count, 6))
    unit = timbre / np.linalg.norm(timbre, axis=1, keepdims=True)
    columns = (
        posterior,
        draw.random((count, len(FACETS))),
        draw.random((count, 3)),
        posterior @ MOODS.vad,
        unit,
    )
    return EncodedClips(*(column.astype(np.float32) for column in columns))


def captioned_clips() -> CaptionedClips:
    """Clips of which one facet each is said, the next one judged and the one after it the main one."""
    one = np.eye(len(FACETS), dtype=bool)[np.arange(CAPTIONED) % len(FACETS)]
    said, facets, mains = (np.roll(one, by, axis=1) for by in range(3))
    ids = np.array([f"captioned {row}" for row in range(CAPTIONED)])
    frames = np.zeros((CAPTIONED, 10, 128), np.uint8)
    return CaptionedClips(
        ids,
        ids,
        frames,
        np.full(CAPTIONED, 10, np.int32),
        Said(said, np.zeros((CAPTIONED, 3), bool)),
        Judged(facets, mains, np.zeros((CAPTIONED, 3), np.float32)),
    )


def held_out(encoder: Artifact, data_dir: Path) -> HeldOut:
    rows = mood_rows(28, seed=2)
    return HeldOut(rows, hear(rows.moods, 0.7), captioned_clips(), hear(np.arange(CAPTIONED) % 7, 0.5))


MODELS = Models(
    encode_clips=lambda encoder, frames, frame_counts: hear(np.arange(len(frames)) % 7, 0.9),
    read_texts=read_texts,
    held_out=held_out,
)
LISTENABLE = np.arange(CLIPS) % 5 > 0
LIBRARY = np.random.default_rng(3).random((CLIPS, DIMENSION), dtype=np.float32)
LIBRARY_MOODS = np.random.default_rng(4).dirichlet(np.ones(7), CLIPS).astype(np.float32)
LIBRARY_FACETS = np.random.default_rng(5).random((CLIPS, len(FACETS)), dtype=np.float32)


def write_index(folder: Path) -> None:
    index = faiss.IndexFlatL2(DIMENSION)
    index.add(LIBRARY)
    faiss.write_index(index, str(folder / "mood.faiss"))
    table = pa.table(
        {
            "moods": pa.FixedSizeListArray.from_arrays(pa.array(LIBRARY_MOODS.reshape(-1)), 7),
            "facets": pa.FixedSizeListArray.from_arrays(pa.array(LIBRARY_FACETS.reshape(-1)), len(FACETS)),
            "listenable": pa.array(LISTENABLE),
        }
    )
    with pa.OSFile(str(folder / CATALOG_FILE), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> HeardCorpora:
    root = tmp_path_factory.mktemp("release")
    space = fit_space(np.random.default_rng(0).normal(size=(28, 8)).astype(np.float32), "network")
    described = Space(name="mood", dimension=DIMENSION, metric="squared_l2", lineage=space.lineage)
    for kind, write in (
        (TEXT_ENCODER, lambda folder: space.save(folder / "space")),
        (MUSIC_ENCODER, lambda folder: None),
        (MUSIC_INDEX, write_index),
    ):
        sources = {TEXT_ENCODER: 1, MUSIC_ENCODER: 1} if kind == MUSIC_INDEX else {}
        origin = Origin(recipe="", seed=5, code_revision="", datasets={}, libraries={}, sources=sources)
        description = Description(kind=kind, spaces=[described], counts={}, origin=origin, quality={})
        publish(root, description, write)
    corpora = Corpora(root, comments("dev"), comments("test"), mood_rows(14, seed=4))
    return HeardCorpora(load_release(root), corpora, MODELS)


def test_validation_is_dev_against_rows_that_were_held_out(heard: HeardCorpora) -> None:
    section = heard.section("validation")
    assert len(section.rows.moods) == 28
    assert section.tuning is None
    assert (section.comments.emotions == heard.dev.emotions).all()
    assert section.rows.posterior.max() == pytest.approx(0.7 + 0.3 / 7)


def test_test_is_tuned_on_dev_and_hears_the_released_encoder(heard: HeardCorpora) -> None:
    section = heard.section("test")
    assert len(section.rows.moods) == 14
    assert section.rows.clip_of.tolist() == np.repeat(np.arange(7), 2).tolist()
    assert section.tuning is not None
    assert (section.tuning.emotions == heard.dev.emotions).all()
    assert section.rows.posterior.max() == pytest.approx(0.9 + 0.1 / 7)


def test_rows_lie_where_the_releases_space_places_them(heard: HeardCorpora) -> None:
    section, clips = heard.section("test"), heard.eval[1]
    told = evidence(clips.facets, clips.moods)
    np.testing.assert_array_equal(section.rows.vectors[:, :FIT_COMPONENTS], told)
    written = read_texts(heard.release.text_encoder, load_written().texts)
    expected = heard.release.space.place(clips, written.mood, seed=5)  # the index's seed
    np.testing.assert_array_equal(section.rows.vectors, expected)


def test_only_clips_worth_hearing_answer(heard: HeardCorpora) -> None:
    assert heard.release.library.shape == (CLIPS, DIMENSION)
    library = heard.release.heard_library
    np.testing.assert_array_equal(library.vectors, LIBRARY[LISTENABLE])
    np.testing.assert_array_equal(library.moods, LIBRARY_MOODS[LISTENABLE])
    for name in SECTIONS:
        np.testing.assert_array_equal(heard.section(name).library, LIBRARY[LISTENABLE])


@pytest.mark.parametrize("half", ["dev", "test"])
def test_a_half_of_the_benchmark_is_answered_by_the_release(heard: HeardCorpora, half: str) -> None:
    listening, benchmark = heard.listening(half), load_benchmark(half)
    assert listening.benchmark.texts == benchmark.texts
    assert listening.hits.shape == listening.caption_hits.shape == (len(benchmark), 10)
    readings = read_texts(heard.release.text_encoder, benchmark.texts)
    np.testing.assert_array_equal(listening.queries, served_queries(readings, heard.release.space))
    placed = heard.release.space.place(heard.held_out.heard_captioned, heard.written.mood, seed=5)
    np.testing.assert_array_equal(listening.captioned.vectors, placed)
    np.testing.assert_array_equal(listening.said, captioned_clips().said.facets)
    np.testing.assert_array_equal(listening.mains, captioned_clips().judged.mains)


def test_validation_listens_to_dev_and_test_to_test(heard: HeardCorpora) -> None:
    for section, half in (("validation", "dev"), ("test", "test")):
        figures = means(heard.listening(half))
        assert listener_headline(heard, section) == {name: figures[name] for name in LISTENER_FIGURES}


def test_the_report_holds_release_and_seeds(heard: HeardCorpora, tmp_path: Path) -> None:
    sections = {name: heard.section(name) for name in SECTIONS}
    figures = {name: headline(section) | listener_headline(heard, name) for name, section in sections.items()}
    report = evaluation_report(heard, sections, {1: figures, 2: figures})
    assert report["versions"] == {TEXT_ENCODER: 1, MUSIC_ENCODER: 1, MUSIC_INDEX: 1}
    names = {figure.name for figure in HEADLINES}
    for name, half in (("validation", "dev"), ("test", "test")):
        released = report["released"][name]
        assert released["headline"] == figures[name]
        assert set(released["headline"]) == names <= set(released["intervals"])
        assert released["listener"]["texts"] == len(load_benchmark(half))
        assert released["listener"]["figures"]["listener_fit"] == figures[name]["listener_fit"]
        assert set(released["listener"]["by"]) == {"scene", "kind", "register"}
        assert set(released["listener"]["by"]["scene"]) <= set(SCENES)
        for figure, (low, high) in released["intervals"].items():
            value = released["listener"]["figures"].get(figure, released["headline"].get(figure))
            assert low <= value <= high
    assert report["spread"]["test"]["ekman_macro_f1"] == {
        "mean": figures["test"]["ekman_macro_f1"],
        "deviation": 0,
        "range": 0,
    }
    write_report(report, tmp_path)
    assert read_report(tmp_path) == report


def test_spread_is_that_of_a_sample(heard: HeardCorpora) -> None:
    run = section_figures(heard.section("test"))["headline"] | dict.fromkeys(LISTENER_FIGURES, 0.5)
    other = run | {"ekman_macro_f1": run["ekman_macro_f1"] - 0.2}
    found = spread([run, other])["ekman_macro_f1"]
    assert found["mean"] == pytest.approx(run["ekman_macro_f1"] - 0.1)
    assert found["deviation"] == pytest.approx(0.2 / np.sqrt(2), abs=1e-6)
    assert found["range"] == pytest.approx(0.2, abs=1e-6)
    assert spread([run]) == {}
