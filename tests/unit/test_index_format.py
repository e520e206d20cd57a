"""ambiance.index_format: what is released and what is told of a clip agree with it."""

from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pytest
from numpy.lib.format import open_memmap

from ambiance.index_format import (
    blocks,
    catalog,
    label_hierarchy,
    listenability,
    match_probability,
    placement,
    postings,
)
from ambiance.music.v1.clip_pb2 import Clip as ClipMessage
from music_index_service.catalog.clip_catalog import Clip

ROOT = Path(__file__).parents[2]
RELEASED = [ROOT / "artifacts/music_index/6", ROOT / "artifacts/large/music_index/2"]
SOURCES = ("ambiance", "music_index_service", "training", "benchmarks")


@pytest.mark.parametrize("folder", RELEASED, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_released_index_is_of_the_format(folder: Path) -> None:
    with pa.memory_map(str(folder / catalog.CATALOG_FILE)) as file:
        assert pa.ipc.open_file(file).schema.equals(catalog.SCHEMA, check_metadata=True)
    rows, starts = (open_memmap(folder / name, "r") for name in (postings.ROWS_FILE, postings.STARTS_FILE))
    assert (rows.dtype, starts.dtype) == (postings.ROW_TYPE, postings.START_TYPE)
    text = (folder / label_hierarchy.LABEL_HIERARCHY_FILE).read_text()
    assert label_hierarchy.LabelHierarchyRecord.model_validate_json(text).below["Sad music"] == []
    text = (folder / listenability.LISTENABILITY_FILE).read_text()
    assert "Speech" in listenability.ListenabilityRecord.model_validate_json(text).spoken
    text = (folder / placement.PLACEMENT_FILE).read_text()
    assert placement.PlacementRecord.model_validate_json(text).space == "mood"
    queries = open_memmap(folder / placement.REFERENCE_QUERIES_FILE, "r")
    assert queries.dtype == placement.REFERENCE_QUERIES_TYPE
    text = (folder / match_probability.MATCH_PROBABILITY_FILE).read_text()
    assert match_probability.MatchProbabilityRecord.model_validate_json(text).space == "mood"


def test_every_column_is_read_and_told() -> None:
    named = ["id" if name == "clip_id" else name for name in catalog.COLUMNS]
    assert [field.name for field in fields(Clip)] == [*named, "metadata"]
    # whether a clip is available is its segment's to say, and which write it is from the service's alone
    assert set(catalog.OWN) == {"metadata", "available", "sequence"}
    assert sorted(ClipMessage.DESCRIPTOR.fields_by_name) == sorted([*named, "metadata", "available"])


@pytest.mark.parametrize(
    "literal",
    [
        catalog.CATALOG_FILE,
        catalog.METADATA["format"],
        postings.ROWS_FILE,
        postings.STARTS_FILE,
        label_hierarchy.LABEL_HIERARCHY_FILE,
        listenability.LISTENABILITY_FILE,
        placement.PLACEMENT_FILE,
        placement.REFERENCE_QUERIES_FILE,
        match_probability.MATCH_PROBABILITY_FILE,
        *(f"{name}.npy" for name in blocks.ARRAYS if name != "vectors"),
    ],
)
def test_what_the_format_names_is_named_nowhere_else(literal: str) -> None:
    files = [path for source in SOURCES for path in (ROOT / source).rglob("*.py")]
    quoted = [path for path in files if f'"{literal}"' in path.read_text(encoding="utf-8")]
    assert {path.parent.name for path in quoted} <= {"index_format"}
