"""A release read into sections, with models that answer from tables."""

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import EMOTIONS, MOODS
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
from training.data.goemotions import Comments
from training.evaluate import alternatives
from training.evaluate.alternatives import alternative_figures
from training.evaluate.corpora import Corpora
from training.evaluate.figures import section_figures
from training.evaluate.released import SECTIONS, HeardCorpora, load_release
from training.evaluate.report import evaluation_report, spread
from training.index.match_probability import MatchProbability
from training.index.models import Models
from training.music.encode import EncodedClips
from training.music.mood_rows import MoodRows
from training.space import MoodSpace, fit_space
from training.space.space import METHODS
from training.text.encode import TextReadings

pytestmark = pytest.mark.tensorflow

LABELS = [(emotion,) for emotion in range(28)]


def comments(split: str) -> Comments:
    """A comment of each emotion, whose text is its name and the split it is in."""
    texts = tuple(f"{split} {name}" for name in EMOTIONS.names)
    return Comments(texts, tuple(LABELS), texts)


def read(emotions: np.ndarray, space: MoodSpace) -> TextReadings:
    """Sure of each emotion, as far as a posterior over 28 can be."""
    posterior = (0.8 * np.eye(28) + 0.2 / 28)[emotions].astype(np.float32)
    embedding = np.random.default_rng(0).normal(size=(28, 8)).astype(np.float32)[emotions]
    return TextReadings(
        posterior, EMOTIONS.vad[emotions], space.query(posterior, embedding).numpy(), embedding
    )


def read_texts(encoder: Artifact, texts: Sequence[str]) -> TextReadings:
    named = [EMOTIONS.names.index(text.split()[1]) for text in texts]
    return read(np.array(named), MoodSpace.load(encoder.path / "space"))


def mood_rows(rows: int, seed: int) -> MoodRows:
    """Two rows a clip."""
    frames = np.random.default_rng(seed).integers(0, 256, (rows, 10, 128)).astype(np.uint8)
    clips = np.array([f"clip {row // 2}" for row in range(rows)])
    return MoodRows(clips, frames, np.full(rows, 10, np.int32), np.arange(rows) % 7)


def hear(moods: np.ndarray, sureness: float) -> EncodedClips:
    """The right mood with some sureness, a clip's own for each row so that no two are alike."""
    sure = sureness - np.arange(len(moods), dtype=np.float32)[:, None] / 1000
    posterior = (sure * np.eye(7, dtype=np.float32)[moods] + (1 - sure) / 7).astype(np.float32)
    timbre = np.random.default_rng(1).normal(size=(len(moods), 6))
    unit = (timbre / np.linalg.norm(timbre, axis=1, keepdims=True)).astype(np.float32)
    return EncodedClips(posterior, posterior @ MOODS.vad, unit)


def held_out_rows(encoder: Artifact, data_dir: Path) -> tuple[MoodRows, EncodedClips]:
    rows = mood_rows(28, seed=2)
    return rows, hear(rows.moods, 0.7)


MODELS = Models(
    encode_clips=lambda encoder, frames, frame_counts: hear(np.arange(len(frames)) % 7, 0.9),
    read_texts=read_texts,
    held_out_rows=held_out_rows,
)


@pytest.fixture
def heard(tmp_path: Path) -> HeardCorpora:
    space = fit_space(
        "plain", np.eye(28, dtype=np.float32), np.eye(28, 8, dtype=np.float32), LABELS, tmp_path, 1, "n"
    )
    described = Space(name="mood", dimension=space.dimension, metric="squared_l2", lineage=space.lineage)

    def write_index(folder: Path) -> None:
        index = faiss.IndexFlatL2(space.dimension)
        index.add(np.random.default_rng(3).random((50, space.dimension), dtype=np.float32))
        faiss.write_index(index, str(folder / "mood.faiss"))
        MatchProbability(7, np.array([0.0, 0.5, 1.0]), np.array([0.1, 0.2, 0.9])).save(folder)

    for kind, write in (
        (TEXT_ENCODER, lambda folder: space.save(folder / "space")),
        (MUSIC_ENCODER, lambda folder: None),
        (MUSIC_INDEX, write_index),
    ):
        sources = {TEXT_ENCODER: 1, MUSIC_ENCODER: 1} if kind == MUSIC_INDEX else {}
        origin = Origin(recipe="", seed=5, code_revision="", datasets={}, libraries={}, sources=sources)
        description = Description(kind=kind, spaces=[described], counts={}, origin=origin, quality={})
        publish(tmp_path, description, write)
    corpora = Corpora(
        tmp_path, *(comments(split) for split in ("train", "dev", "test")), mood_rows(14, seed=4)
    )
    return HeardCorpora(load_release(tmp_path), corpora, MODELS)


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
    section = heard.section("test")
    # The plain method: the first seven components are the posterior, and the inner product orders.
    assert (section.rows.vectors[:, :7] == section.rows.posterior).all()
    best = (section.comments.mood[:, :7] @ section.rows.vectors[:, :7].T).argmax(axis=1)
    assert section.matching.hits[:, 0].tolist() == best.tolist()


def test_the_library_and_its_probability_are_the_indexs(heard: HeardCorpora) -> None:
    section = heard.section("test")
    assert section.library.shape == (50, section.comments.mood.shape[1])
    assert section.match_probability(np.array([0.25])) == pytest.approx([0.15])


def test_every_method_is_measured_for_the_same_texts(
    heard: HeardCorpora, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alternatives, "METHODS", {name: METHODS[name] for name in ("plain", "priced")})
    figures = alternative_figures(heard)
    assert set(figures) == {"plain", "priced"}
    own = section_figures(heard.section("test"))["headline"]
    shared = set(own) & set(figures["plain"]["test"])
    assert {name: own[name] for name in shared} == {name: figures["plain"]["test"][name] for name in shared}
    assert figures["priced"]["test"]["mood_clips_largest_share"] <= own["mood_clips_largest_share"]


def test_the_report_holds_release_and_seeds(heard: HeardCorpora, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alternatives, "METHODS", {"plain": METHODS["plain"]})
    sections = {name: heard.section(name) for name in SECTIONS}
    figures = {name: section_figures(section)["headline"] for name, section in sections.items()}
    report = evaluation_report(heard, sections, {1: figures, 2: figures})
    assert report["versions"] == {TEXT_ENCODER: 1, MUSIC_ENCODER: 1, MUSIC_INDEX: 1}
    assert report["released"]["test"]["headline"] == figures["test"]
    assert report["spread"]["test"]["ekman_macro_f1"] == {
        "mean": figures["test"]["ekman_macro_f1"],
        "deviation": 0,
        "range": 0,
    }


def test_spread_is_that_of_a_sample(heard: HeardCorpora) -> None:
    run = section_figures(heard.section("test"))["headline"]
    other = run | {"ekman_macro_f1": run["ekman_macro_f1"] - 0.2}
    found = spread([run, other])["ekman_macro_f1"]
    assert found["mean"] == pytest.approx(run["ekman_macro_f1"] - 0.1)
    assert found["deviation"] == pytest.approx(0.2 / np.sqrt(2), abs=1e-6)
    assert found["range"] == pytest.approx(0.2, abs=1e-6)
    assert spread([run]) == {}
