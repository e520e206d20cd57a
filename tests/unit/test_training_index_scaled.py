"""training.index.scaled: made-up clips that lie where released ones do, as the service reads them."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ambiance import artifacts
from ambiance.affect import FACETS
from ambiance.artifacts import Artifact, Description, Origin, Space
from ambiance.errors import ArtifactError
from ambiance.index_format.catalog import CATALOG_FILE
from ambiance.placement import EncodedClips, ListenabilityRule
from ambiance.placement.estimates import Estimates
from ambiance.placement.mood_space import PlacedLibrary
from ambiance.placement.squared_l2 import append_price, constant_of, prices_of
from music_index_service import engines
from music_index_service.engines.blocks.engine import BlockEngine
from music_index_service.engines.faiss_flat import FlatEngine
from music_index_service.loading import load_index
from music_index_service.preparation.placement_model import PlacementModel
from training.data.ontology import Ontology
from training.index import scaled
from training.index import vectors as vectors_module
from training.index.catalog import build_catalog, write_catalog
from training.index.label_hierarchy import write_label_hierarchy
from training.index.match_probability import MatchProbability
from training.index.placement import PlacementFiles
from training.index.postings import write_postings
from training.index.scaled import MAX_CLIPS, ReleasedClips, made_up_ids, mix_clips, publish_scaled
from training.index.vectors import write_vectors

CLIPS, RELEASED = 3_000, 200
EVIDENCE = len(FACETS)  # the first components of the mood space; timbre and the price follow
WIDTHS = {"vad": 3, "mood": EVIDENCE + 7}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of two hundred clips, and a text encoder that nothing is asked of."""
    root, draw = tmp_path_factory.mktemp("release"), np.random.default_rng(0)
    timbre = draw.normal(size=(RELEASED, 6))
    timbre *= 0.2 / np.linalg.norm(timbre, axis=1, keepdims=True)
    columns = (
        draw.dirichlet(np.ones(7), RELEASED),
        draw.random((RELEASED, len(FACETS))),
        draw.random((RELEASED, 3)),
        draw.random((RELEASED, 3)),
        timbre,
    )
    encoded = EncodedClips(*(column.astype(np.float32) for column in columns))
    unpriced = np.hstack([draw.normal(size=(RELEASED, EVIDENCE)).astype(np.float32), encoded.timbre])
    prices = draw.uniform(0, 0.3, RELEASED).astype(np.float32)
    placed = append_price(unpriced, prices)
    placement = PlacementFiles(
        PlacedLibrary(placed, constant_of(unpriced, prices), 0.15),
        placed,
        Estimates.fit(encoded),
        ListenabilityRule(frozenset(), frozenset(), 0.6, 0.35, 0.62),
        seed=1,
    )
    catalog = build_catalog(facts(draw), encoded, ONTOLOGY, draw.random(RELEASED) < 0.8)

    def write_files(folder: Path) -> None:
        write_catalog(catalog, folder)
        write_label_hierarchy(ONTOLOGY, folder)
        write_postings(catalog, folder)
        MatchProbability(EVIDENCE, np.array([0.0, 1.0]), np.array([0.2, 0.8])).save(folder)
        placement.write(folder)
        for name, vectors in (("vad", encoded.vad), ("mood", placed)):
            write_vectors(vectors, folder, name, vectors)

    spaces = [
        Space(name=name, dimension=width, metric="squared_l2", lineage=f"{name}-1")
        for name, width in WIDTHS.items()
    ]
    origin = Origin(recipe="fake", seed=0, code_revision="x", datasets={}, libraries={})
    for kind, write in ((artifacts.TEXT_ENCODER, lambda folder: None), (artifacts.MUSIC_INDEX, write_files)):
        described = Description(kind=kind, spaces=spaces, counts={}, origin=origin, quality={})
        artifacts.publish(root, described, write)
    return root


ONTOLOGY = Ontology(
    tuple(f"label {number}" for number in range(12)), tuple(f"/{number}" for number in range(12)), {}
)


def facts(draw: np.random.Generator) -> pa.Table:
    """What the index job knows of clips without hearing them."""
    ids = made_up_ids(RELEASED, 5)
    starts = draw.integers(0, 400, RELEASED).astype(np.float32)
    columns = {
        "clip_id": pa.array(
            [f"{name}@{start:g}" for name, start in zip(ids.to_pylist(), starts, strict=True)]
        ),
        "youtube_id": ids,
        "start_seconds": pa.array(starts),
        "end_seconds": pa.array(starts + 10),
        "labels": pa.array([[row % 12] for row in range(RELEASED)], pa.list_(pa.int16())),
        "mood_labels": pa.array(
            [[row % 7] if row % 3 else [] for row in range(RELEASED)], pa.list_(pa.int16())
        ),
    }
    return pa.table(columns).combine_chunks()


@pytest.fixture(autouse=True)
def _no_texts_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(6)
    asked = {name: draw.normal(size=(500, width)).astype(np.float32) for name, width in WIDTHS.items()}
    monkeypatch.setattr(scaled, "expected_queries", lambda encoder, count, seed: asked)


@pytest.fixture(scope="module")
def released(release: Path) -> ReleasedClips:
    return ReleasedClips.load(artifacts.load(release, artifacts.MUSIC_INDEX))


@pytest.fixture
def index(release: Path, tmp_path: Path) -> Artifact:
    return publish_scaled(CLIPS, 1, release, tmp_path / "scaled")


def test_vectors_could_have_been_placed_there(released: ReleasedClips) -> None:
    mixed = mix_clips(released, CLIPS, 1)
    assert mixed.mood.shape == (CLIPS, WIDTHS["mood"])
    np.testing.assert_allclose(np.linalg.norm(mixed.mood[:, EVIDENCE:-1], axis=1), 0.2, atol=1e-5)
    assert (mixed.mood[:, -1] >= 0).all()
    theirs, ours = released.mood[:, :EVIDENCE], mixed.mood[:, :EVIDENCE]
    for mixtures, parts in ((mixed.vad, released.vad), (ours, theirs)):
        assert (mixtures >= parts.min(axis=0) - 1e-6).all()
        assert (mixtures <= parts.max(axis=0) + 1e-6).all()
        assert np.abs(mixtures.mean(axis=0) - parts.mean(axis=0)).max() < 0.15


def test_what_is_heard_of_a_mixture_is_the_mixture_of_what_is_heard(released: ReleasedClips) -> None:
    mixed = mix_clips(released, CLIPS, 1)
    np.testing.assert_allclose(mixed.moods.sum(axis=1), 1, atol=1e-5)
    for name, width in (("moods", 7), ("facets", 12), ("traits", 3)):
        rows, column = getattr(mixed, name), released.catalog[name].combine_chunks().flatten().to_numpy()
        assert rows.shape == (CLIPS, width)
        assert rows.min() >= column.min()
        assert rows.max() <= column.max() + 1e-6


def test_the_price_of_a_mixture_is_that_of_its_parts(released: ReleasedClips) -> None:
    # 2 price = |x|^2 + last^2, but for a constant
    heights = np.square(released.mood.astype(np.float64)).sum(axis=1)
    mixed = np.square(mix_clips(released, CLIPS, 1).mood.astype(np.float64)).sum(axis=1)
    assert heights.min() - 1e-5 < mixed.min() < mixed.max() < heights.max() + 1e-5
    assert abs(mixed.mean() - heights.mean()) < 0.5


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
    for name in ("labels", "mood_labels", "start_seconds", "end_seconds", "listenable"):
        assert catalog[name].to_pylist() == [released.catalog[name][int(row)].as_py() for row in parents]
    for clip in catalog.slice(0, 50).to_pylist():
        assert clip["clip_id"] == f"{clip['youtube_id']}@{clip['start_seconds']:g}"


def test_the_service_loads_it(index: Artifact, release: Path) -> None:
    loaded = load_index("default", index.path.parents[1])
    assert len(loaded) == CLIPS
    assert set(loaded.expected_queries()) == {"vad", "mood"}
    assert index.manifest.spaces == artifacts.load(release, artifacts.MUSIC_INDEX).manifest.spaces


def test_other_clips_can_be_placed_beside_made_up_ones(index: Artifact, release: Path) -> None:
    model, released = (
        PlacementModel.load(one) for one in (index, artifacts.load(release, artifacts.MUSIC_INDEX))
    )
    assert model is not None
    assert released is not None
    assert (model.constant, model.mean_price, model.rule) == (released.constant, 0.15, released.rule)
    np.testing.assert_array_equal(model.queries, released.queries)
    prices = prices_of(vectors_module.read_vectors(index.path, "mood"), model.constant)
    assert -1e-4 < prices.min() < prices.max() < 0.3 + 1e-4


def test_one_seed_gives_the_same_bytes(index: Artifact, release: Path, tmp_path: Path) -> None:
    again = publish_scaled(CLIPS, 1, release, tmp_path)
    assert again.manifest.files == index.manifest.files
    assert publish_scaled(CLIPS, 2, release, tmp_path).manifest.files != index.manifest.files


def test_many_clips_are_published_in_blocks(
    index: Artifact, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors_module, "MAX_FLAT", CLIPS - 1)
    large = publish_scaled(CLIPS, 1, release, tmp_path)
    for space in large.manifest.spaces:
        blocks, flat = (engines.load(engines.vectors_path(one, space), space) for one in (large, index))
        assert (type(blocks), type(flat)) == (BlockEngine, FlatEngine)
        queries = flat.vectors(np.arange(0, CLIPS, 50)) + np.float32(0.01)
        for found, expected in zip(blocks.search(queries, 10), flat.search(queries, 10), strict=True):
            np.testing.assert_array_equal(found, expected)
        read, written = (vectors_module.read_vectors(one.path, space.name) for one in (large, index))
        np.testing.assert_array_equal(read, written)


def test_vectors_that_are_not_there_are_named(index: Artifact) -> None:
    with pytest.raises(ArtifactError, match="holds no vectors of a space 'colour'"):
        vectors_module.read_vectors(index.path, "colour")


@pytest.mark.parametrize("count", [0, -1, MAX_CLIPS + 1])
def test_refuses_counts_out_of_range(release: Path, tmp_path: Path, count: int) -> None:
    with pytest.raises(ValueError, match=r"^clips: 1 to 100,000,000, got "):
        publish_scaled(count, 1, release, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_catalogue_of_another_format_is_refused(index: Artifact) -> None:
    path = index.file(CATALOG_FILE)
    with pa.OSFile(str(path)) as file:
        batch = pa.ipc.open_file(file).get_batch(0)
    path.unlink()
    write_catalog(batch.drop_columns(["listenable"]), path.parent)
    with pytest.raises(ArtifactError, match=r"catalog\.arrow: columns or metadata aren't those of today's"):
        ReleasedClips.load(index)
