"""The index job with a fake encoder: what it publishes, and what keeps it from publishing."""

from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.affect import MOODS, vad_lineage
from ambiance.artifacts import Artifact, Description, Origin, Space
from ambiance.errors import ArtifactError
from audioset_files import (
    BELL,
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
from training.data.errors import DataError
from training.index import catalog as catalog_module
from training.index.config import IndexConfig
from training.index.job import run

Vectors = NDArray[np.float32]


def encode_vad(encoder: Artifact, frames: NDArray[np.uint8], frame_counts: NDArray[np.int32]) -> Vectors:
    """Valence from the first byte, arousal from the clip's length, dominance fixed."""
    valence = frames[:, 0, 0] / np.float32(255)
    return np.stack([valence, frame_counts / np.float32(10), np.full_like(valence, 0.5)], 1, dtype=np.float32)


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
    return data_dir


def publish_encoder(root: Path, lineage: str) -> Artifact:
    description = Description(
        kind=artifacts.MUSIC_ENCODER,
        spaces=[Space(name="vad", dimension=3, metric="squared_l2", lineage=lineage)],
        counts={},
        origin=Origin(recipe="fake", seed=0, code_revision="x", datasets={}, libraries={}),
        quality={},
    )
    return artifacts.publish(root, description, lambda folder: None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    publish_encoder(tmp_path / "artifacts", vad_lineage())
    return tmp_path / "artifacts"


@pytest.fixture
def index(folder: Path, root: Path) -> Artifact:
    return run(IndexConfig(), folder, root, encode_vad)


def read_catalog(index: Artifact) -> pa.Table:
    with pa.memory_map(str(index.file("catalog.arrow"))) as file:
        return pa.ipc.open_file(file).read_all()


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
    stored = faiss.read_index(str(index.file("vad.faiss")))
    assert isinstance(stored, faiss.IndexFlatL2)
    assert (stored.reconstruct_n(0, stored.ntotal) == vad).all()


def test_the_file_can_be_mapped_and_says_what_it_is(index: Artifact) -> None:
    allocated = pa.total_allocated_bytes()
    catalog = read_catalog(index)
    assert pa.total_allocated_bytes() == allocated  # columns are views of the mapped file
    assert catalog["clip_id"].num_chunks == 1
    metadata = {key.decode(): value.decode() for key, value in catalog.schema.metadata.items()}
    assert metadata == {
        "format": "ambiance.music_catalog",
        "format_version": "1",
        "mood_names": "happy,funny,sad,tender,exciting,angry,scary",
        "vad_axes": "valence,arousal,dominance",
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
    }


def test_the_manifest_says_what_it_was_made_from(index: Artifact, root: Path) -> None:
    assert artifacts.load(root, artifacts.MUSIC_INDEX) == index
    manifest = index.manifest
    assert manifest.spaces == [Space(name="vad", dimension=3, metric="squared_l2", lineage=vad_lineage())]
    assert manifest.counts == {"clips": 4, "videos": 3, "mood_labelled_clips": 1, "distinct_vectors": 3}
    assert manifest.origin.sources == {"music_encoder": 1}
    assert manifest.origin.recipe == "python -m training.index --encoder-version 1"
    assert "audioset/features.tar.gz" in manifest.origin.datasets
    assert any("AudioSet" in notice and "CC BY 4.0" in notice for notice in manifest.origin.notices)
    assert any("NRC VAD" in notice for notice in manifest.origin.notices)
    assert manifest.quality["vad_mean"] == pytest.approx([213 / 4 / 255, 0.85, 0.5])


def test_two_runs_write_the_same_bytes(folder: Path, root: Path) -> None:
    one, two = (run(IndexConfig(), folder, root, encode_vad) for _ in range(2))
    assert (one.manifest.version, two.manifest.version) == (1, 2)
    assert one.manifest.files == two.manifest.files


def test_a_clip_in_two_splits_is_refused(folder: Path, root: Path) -> None:
    twice = IndexConfig(splits=("eval", "eval"))
    with pytest.raises(DataError, match=r"the clip Z@7\.5 stands twice in eval, eval"):
        run(twice, folder, root, encode_vad)


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.1])
def test_vectors_outside_the_space_are_not_published(folder: Path, root: Path, value: float) -> None:
    def stray(encoder: Artifact, frames: NDArray[np.uint8], frame_counts: NDArray[np.int32]) -> Vectors:
        vad = encode_vad(encoder, frames, frame_counts)
        vad[2, 1] = value
        return vad

    with pytest.raises(ArtifactError, match=r"music_encoder/1: clip 2 is at \[.*\], not in \[0, 1\]"):
        run(IndexConfig(), folder, root, stray)
    assert artifacts.versions(root, artifacts.MUSIC_INDEX) == []


def test_too_few_vectors_are_not_published(folder: Path, root: Path) -> None:
    with pytest.raises(ArtifactError, match=r"music_encoder/1: float32\(3, 3\) for 4 clips"):
        run(IndexConfig(), folder, root, lambda *arguments: encode_vad(*arguments)[1:])


def test_an_encoder_of_another_lineage_is_refused(folder: Path, root: Path) -> None:
    publish_encoder(root, "vad-other")
    with pytest.raises(ArtifactError, match=f"music_encoder/2: lineage vad-other, .* {vad_lineage()}"):
        run(IndexConfig(), folder, root, encode_vad)
    assert run(IndexConfig(encoder_version=1), folder, root, encode_vad).manifest.origin.sources == {
        "music_encoder": 1
    }


def test_no_encoder_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no version of music_encoder"):
        run(IndexConfig(), folder, tmp_path / "nothing", encode_vad)


def test_vectors_that_do_not_read_back_are_not_published(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage = faiss.IndexFlatL2(3)
    damage.add(np.zeros((4, 3), np.float32))
    original = faiss.write_index
    monkeypatch.setattr(faiss, "write_index", lambda index, path: original(damage, path))
    with pytest.raises(ArtifactError, match=r"vad\.faiss: row 0: \[0\. 0\. 0\.\] was read back"):
        run(IndexConfig(), folder, root, encode_vad)
    assert artifacts.versions(root, artifacts.MUSIC_INDEX) == []


def test_a_catalogue_that_does_not_read_back_is_not_published(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = catalog_module.write_catalog
    monkeypatch.setattr(
        "training.index.job.write_catalog", lambda catalog, folder: original(catalog.slice(0, 2), folder)
    )
    with pytest.raises(ArtifactError, match=r"catalog\.arrow: not the catalogue that was written"):
        run(IndexConfig(), folder, root, encode_vad)
    assert artifacts.versions(root, artifacts.MUSIC_INDEX) == []
