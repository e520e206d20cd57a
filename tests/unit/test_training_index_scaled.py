"""training.index.scaled: made-up clips that lie where released ones do, as the service reads them."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ambiance import artifacts
from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from music_index_service.loading import load_index, vectors_path
from music_index_service.vector_index import BlockIndex, FlatIndex, VectorIndex
from training.index import vectors as vectors_module
from training.index.scaled import MAX_CLIPS, ReleasedClips, made_up_ids, mix_clips, publish_scaled

RELEASE = Path(__file__).resolve().parents[2] / "artifacts"
CLIPS = 3_000


@pytest.fixture(scope="module")
def released() -> ReleasedClips:
    return ReleasedClips.load(artifacts.load(RELEASE, artifacts.MUSIC_INDEX))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return publish_scaled(CLIPS, 1, RELEASE, tmp_path_factory.mktemp("scaled"))


def test_vectors_could_have_been_placed_there(released: ReleasedClips) -> None:
    mixed = mix_clips(released, CLIPS, 1)
    np.testing.assert_allclose(mixed.mood[:, :7].sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(mixed.posterior.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(mixed.mood[:, 7:13], axis=1), 0.2, atol=1e-5)
    assert (mixed.mood[:, -1] >= 0).all()
    for ours, theirs in ((mixed.vad, released.vad), (mixed.mood[:, :7], released.mood[:, :7])):
        assert (ours >= theirs.min(axis=0) - 1e-6).all()
        assert (ours <= theirs.max(axis=0) + 1e-6).all()
        assert np.abs(ours.mean(axis=0) - theirs.mean(axis=0)).max() < 0.01
        assert (ours.std(axis=0) > 0.8 * theirs.std(axis=0)).all()


def test_the_price_of_a_mixture_is_that_of_its_parts(released: ReleasedClips) -> None:
    # 2 price = |x|^2 + last^2, but for a constant
    heights = np.square(released.mood.astype(np.float64)).sum(axis=1)
    mixed = np.square(mix_clips(released, CLIPS, 1).mood.astype(np.float64)).sum(axis=1)
    assert heights.min() - 1e-5 < mixed.min() < mixed.max() < heights.max() + 1e-5
    assert abs(mixed.mean() - heights.mean()) < 0.01


def test_ids_have_youtubes_shape_and_ascend() -> None:
    ids = made_up_ids(100_000, 1).to_pylist()
    assert all(re.fullmatch(r"[\w-]{11}", text, re.ASCII) for text in ids)
    assert all(one < other for one, other in pairwise(ids))
    assert made_up_ids(3, 2).to_pylist() != made_up_ids(3, 3).to_pylist()


def test_clips_bear_what_their_released_clip_bears(index: Artifact, released: ReleasedClips) -> None:
    with pa.memory_map(str(index.file("catalog.arrow"))) as file:
        catalog = pa.ipc.open_file(file).read_all()
    assert catalog.schema.equals(released.catalog.schema, check_metadata=True)
    parents = mix_clips(released, CLIPS, 1).parents
    for name in ("labels", "mood_labels", "start_seconds", "end_seconds"):
        assert catalog[name].to_pylist() == [released.catalog[name][int(row)].as_py() for row in parents]
    for clip in catalog.slice(0, 50).to_pylist():
        assert clip["clip_id"] == f"{clip['youtube_id']}@{clip['start_seconds']:g}"


def test_the_service_loads_it(index: Artifact) -> None:
    loaded = load_index("default", index.path.parents[1])
    assert len(loaded) == CLIPS
    assert set(loaded.expected_queries()) == {"vad", "mood"}
    assert index.manifest.spaces == artifacts.load(RELEASE, artifacts.MUSIC_INDEX).manifest.spaces


def test_one_seed_gives_the_same_bytes(index: Artifact, tmp_path: Path) -> None:
    again = publish_scaled(CLIPS, 1, RELEASE, tmp_path)
    assert again.manifest.files == index.manifest.files
    assert publish_scaled(CLIPS, 2, RELEASE, tmp_path).manifest.files != index.manifest.files


def test_many_clips_are_published_in_blocks(
    index: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors_module, "MAX_FLAT", CLIPS - 1)
    large = publish_scaled(CLIPS, 1, RELEASE, tmp_path)
    for space in large.manifest.spaces:
        blocks, flat = (VectorIndex.load(vectors_path(one, space), space) for one in (large, index))
        assert (type(blocks), type(flat)) == (BlockIndex, FlatIndex)
        queries = flat.vectors_at(np.arange(0, CLIPS, 50)) + np.float32(0.01)
        for found, expected in zip(blocks.search(queries, 10), flat.search(queries, 10), strict=True):
            np.testing.assert_array_equal(found, expected)
        read, written = (vectors_module.read_vectors(one.path, space.name) for one in (large, index))
        np.testing.assert_array_equal(read, written)


def test_vectors_that_are_not_there_are_named(index: Artifact) -> None:
    with pytest.raises(ArtifactError, match="holds no vectors of a space 'colour'"):
        vectors_module.read_vectors(index.path, "colour")


@pytest.mark.parametrize("count", [0, -1, MAX_CLIPS + 1])
def test_refuses_counts_out_of_range(tmp_path: Path, count: int) -> None:
    with pytest.raises(ValueError, match=r"^clips: 1 to 100,000,000, got "):
        publish_scaled(count, 1, RELEASE, tmp_path)
    assert list(tmp_path.iterdir()) == []
