"""The files behind filters by label and mood: what the index job writes is what the service reads."""

import json
import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from ambiance import ClipFilter, artifacts
from ambiance.affect import MOODS
from ambiance.errors import ArtifactError
from ambiance.index_format.label_hierarchy import LABEL_HIERARCHY_FILE
from ambiance.index_writing import postings as writer
from ambiance.index_writing.postings import check_postings, write_postings
from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.catalog.postings import Postings
from music_index_service.filtering.filter_vocabulary import FilterVocabulary
from music_index_service.filtering.filters import ClipFilters
from training.data.ontology import Ontology, load_ontology
from training.data.sources import data_dir
from training.index.label_hierarchy import write_label_hierarchy

CLIPS = 250
LABELS = tuple(f"label {number}" for number in range(12))


def make_catalog(seed: int = 1) -> pa.RecordBatch:
    """Clips with none to four labels and moods that are often equal, a few clips to a video."""
    draw = np.random.default_rng(seed)
    labels = [sorted(draw.choice(11, draw.integers(0, 5), replace=False).tolist()) for _ in range(CLIPS)]
    offsets = np.cumsum([0, *map(len, labels)]).astype(np.int32)
    flat = pa.array([label for own in labels for label in own], pa.int16())
    moods = draw.integers(0, 3, (CLIPS, 7)).astype(np.float32) / 2
    ids = sorted(f"video{video:02d}-___@{second}" for video in range(25) for second in range(10))
    columns = {
        "clip_id": pa.array(ids),
        "youtube_id": pa.array([clip_id[:11] for clip_id in ids]),
        "start_seconds": pa.array(np.zeros(CLIPS, np.float32)),
        "end_seconds": pa.array(np.ones(CLIPS, np.float32)),
        "labels": pa.ListArray.from_arrays(
            pa.array(offsets), pa.DictionaryArray.from_arrays(flat, pa.array(LABELS))
        ),
        "mood_labels": pa.array([[]] * CLIPS, pa.list_(pa.dictionary(pa.int16(), pa.utf8()))),
        "moods": pa.FixedSizeListArray.from_arrays(moods.reshape(-1), 7),
        "vad": pa.FixedSizeListArray.from_arrays(np.zeros(3 * CLIPS, np.float32), 3),
        "facets": pa.FixedSizeListArray.from_arrays(np.zeros(12 * CLIPS, np.float32), 12),
        "traits": pa.FixedSizeListArray.from_arrays(np.zeros(3 * CLIPS, np.float32), 3),
        "listenable": pa.array(np.ones(CLIPS, np.bool_)),
    }
    return pa.RecordBatch.from_pydict(columns)


CATALOG = make_catalog()
MOOD_SCORES: NDArray[np.float32] = CATALOG.column("moods").flatten().to_numpy().reshape(CLIPS, 7)


@pytest.mark.parametrize("at_once", [1, 7, 250, 1 << 20])
def test_every_clip_stands_under_its_labels_and_its_mood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(writer, "_CLIPS_AT_ONCE", at_once)
    write_postings(CATALOG, tmp_path)
    check_postings(CATALOG, tmp_path, np.arange(CLIPS))
    postings = Postings.load(tmp_path, len(LABELS), 7, CLIPS)
    labels = CATALOG.column("labels").to_pylist()
    for number, name in enumerate(LABELS):
        expected = [row for row, own in enumerate(labels) if name in own]
        assert postings.of_label(number).tolist() == expected
    for mood in range(7):
        assert postings.of_mood(mood).tolist() == np.flatnonzero(MOOD_SCORES.argmax(axis=1) == mood).tolist()


def test_postings_of_another_catalogue_are_noticed(tmp_path: Path) -> None:
    write_postings(make_catalog(seed=2), tmp_path)
    with pytest.raises(ArtifactError, match=r"postings\.npy: row \d+: stands under \["):
        check_postings(CATALOG, tmp_path, np.arange(CLIPS))


# A genre with two below it, of which one has another below; the second is outside the classes of clips.
CHILDREN = {"/0": ("/1", "/outside"), "/1": ("/2",), "/outside": ("/3",)}
ONTOLOGY = Ontology(LABELS, tuple(f"/{number}" for number in range(12)), CHILDREN)


def publish(root: Path, *, hierarchy: bool = True, postings: bool = True) -> artifacts.Artifact:
    def write_files(folder: Path) -> None:
        if hierarchy:
            write_label_hierarchy(ONTOLOGY, folder)
        if postings:
            write_postings(CATALOG, folder)

    origin = artifacts.Origin(recipe="", seed=0, code_revision="", datasets={}, libraries={})
    described = artifacts.Description(
        kind=artifacts.MUSIC_INDEX, spaces=[], counts={}, origin=origin, quality={}
    )
    return artifacts.publish(root, described, write_files)


def test_a_published_index_can_be_filtered_by_label_and_mood(tmp_path: Path) -> None:
    catalog = ClipCatalog(CATALOG)
    filters = ClipFilters(catalog, FilterVocabulary.load(publish(tmp_path), catalog))
    labels = CATALOG.column("labels").to_pylist()
    filtered = filters.apply(ClipFilter(labels=["Label 0"], without_labels=["label 5"], moods=["sad"]))
    expected = [
        row
        for row, own in enumerate(labels)
        if not {"label 0", "label 1", "label 2", "label 3"}.isdisjoint(own)
        and "label 5" not in own
        and MOOD_SCORES[row].argmax() == MOODS.names.index("sad")
    ]
    assert filtered.rows.rows.tolist() == expected
    assert 0 < len(expected) < CLIPS


def test_a_published_index_can_be_filtered_by_score_clip_and_video(tmp_path: Path) -> None:
    filters = ClipFilters(ClipCatalog(CATALOG))
    wanted, other, unknown = "video07-___", "video08-___", "video99-___"
    scores = ClipFilter(min_mood_scores={"tender": 0.5}, youtube_ids=[wanted, other, unknown])
    filtered = filters.apply(scores)
    assert filtered.rows.rows.tolist() == [row for row in range(70, 90) if MOOD_SCORES[row, 3] >= 0.5]
    assert filtered.unknown_youtube_ids == (unknown,)
    but_two = filters.apply(
        ClipFilter(youtube_ids=[wanted], without_clip_ids=[f"{wanted}@0", f"{wanted}@9", f"{wanted}@99"])
    )
    assert but_two.rows.rows.tolist() == list(range(71, 79))
    assert but_two.unknown_clip_ids == (f"{wanted}@99",)


def test_an_index_published_before_there_were_filters_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    artifact = publish(tmp_path, hierarchy=False, postings=False)
    with caplog.at_level(logging.WARNING):
        assert FilterVocabulary.load(artifact, ClipCatalog(CATALOG)) is None
    assert caplog.messages == [f"{artifact.path}: too old for filters by label or mood; publish it anew"]


@pytest.mark.parametrize(
    ("written", "message"),
    [({"hierarchy": False}, "lists no label_hierarchy.json"), ({"postings": False}, "lists no postings.npy")],
)
def test_half_of_the_files_is_refused(tmp_path: Path, written: dict[str, bool], message: str) -> None:
    artifact = publish(tmp_path, **written)
    with pytest.raises(ArtifactError, match=message):
        FilterVocabulary.load(artifact, ClipCatalog(CATALOG))


@pytest.mark.data
def test_audiosets_own_hierarchy(tmp_path: Path) -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    ontology = load_ontology(data_dir())
    write_label_hierarchy(ontology, tmp_path)
    labels = LabelHierarchy.load(tmp_path / LABEL_HIERARCHY_FILE, ontology.names)
    rock = labels.number("rock music")
    assert rock is not None
    assert [ontology.names[number] for number in labels.closure([rock])] == [
        "Rock music",
        "Heavy metal",
        "Punk rock",
        "Grunge",
        "Progressive rock",
        "Rock and roll",
        "Psychedelic rock",
    ]
    voice = labels.number("Human voice")
    assert voice is not None
    assert {"Speech", "Singing"} <= {ontology.names[number] for number in labels.closure([voice])}


@pytest.mark.data
def test_an_index_with_audiosets_labels_alone_is_completed_to_what_is_written_now(tmp_path: Path) -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    ontology = load_ontology(data_dir())
    path, names = tmp_path / LABEL_HIERARCHY_FILE, ontology.names
    below = {name: [names[i] for i in ontology.descendants(name)] for name in names}
    path.write_text(json.dumps({"below": below}))
    older = LabelHierarchy.load(path, names)
    write_label_hierarchy(ontology, tmp_path)
    newer = LabelHierarchy.load(path, names)
    assert older.names == newer.names
    every = range(len(newer.names))
    assert [older.parents(number) for number in every] == [newer.parents(number) for number in every]
    assert [older.closure([number]) for number in every] == [newer.closure([number]) for number in every]
