"""What a released index carries to place other clips by: written by training, read by the service."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra [training] is not installed")

from ambiance import artifacts
from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from ambiance.placement import EncodedClips, ListenabilityRule
from ambiance.placement.encoded_clips import WIDTHS
from ambiance.placement.estimates import Estimates
from ambiance.placement.mood_space import DIMENSION, PlacedLibrary
from music_index_service.preparation.placement_model import PlacementModel
from training.index.placement import REFERENCE_QUERIES, PlacementFiles

RELEASES = Path(__file__).parents[2] / "artifacts"


def files(queries: int = 50) -> PlacementFiles:
    draw = np.random.default_rng(0)
    clips = EncodedClips(*(draw.random((80, width), np.float32) for width in WIDTHS.values()))
    return PlacementFiles(
        PlacedLibrary(np.zeros((80, DIMENSION), np.float32), 201.25, 0.125),
        draw.uniform(-2, 2, (queries, DIMENSION)).astype(np.float32),
        Estimates.fit(clips),
        ListenabilityRule(frozenset({"Quack", "Engine"}), frozenset({"Speech"}), 0.6, 0.35, 0.62),
        seed=1,
    )


def publish(root: Path, write: Callable[[Path], None], dimension: int = DIMENSION) -> Artifact:
    space = artifacts.Space(name="mood", dimension=dimension, metric="squared_l2", lineage="mood-1")
    origin = artifacts.Origin(recipe="", seed=1, code_revision="", datasets={}, libraries={})
    described = artifacts.Description(
        kind=artifacts.MUSIC_INDEX, spaces=[space], counts={}, origin=origin, quality={}
    )
    artifacts.publish(root, described, write)
    return artifacts.load(root, artifacts.MUSIC_INDEX)


def test_what_training_writes_the_service_reads(tmp_path: Path) -> None:
    written = files()
    model = PlacementModel.load(publish(tmp_path, written.write))
    assert model is not None
    assert (model.space, model.constant, model.mean_price) == ("mood", 201.25, 0.125)
    assert model.rule == written.rule
    np.testing.assert_allclose(model.queries, written.queries, atol=1e-3)  # <float16>
    for name, linear in vars(written.estimates).items():
        np.testing.assert_allclose(getattr(model.estimates, name).weights, linear.weights, atol=1e-6)
        np.testing.assert_allclose(getattr(model.estimates, name).bias, linear.bias, atol=1e-6)


def test_queries_are_drawn_and_stay_small(tmp_path: Path) -> None:
    many = files(REFERENCE_QUERIES + 500)
    artifact = publish(tmp_path, many.write)
    model = PlacementModel.load(artifact)
    assert model is not None
    assert len(model.queries) == REFERENCE_QUERIES
    assert sum(entry.size_bytes for entry in artifact.manifest.files) < 1_000_000


def test_an_index_without_these_files_has_no_model(tmp_path: Path) -> None:
    assert PlacementModel.load(publish(tmp_path, lambda folder: None)) is None


@pytest.mark.parametrize("root", [RELEASES, RELEASES / "large"])
def test_the_releases_carry_one(root: Path) -> None:
    model = PlacementModel.load(artifacts.load(root, artifacts.MUSIC_INDEX))
    assert model is not None
    assert len(model.queries) == REFERENCE_QUERIES
    assert 0 < model.mean_price < 2.5
    assert "Quack" in model.rule.spoiling
    assert "Speech" in model.rule.spoken


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def edited(name: str, **changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        record = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(record | changes))

    return edit


def saved(array: np.ndarray) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / "reference_queries.npy", array)


def scrambled(folder: Path) -> None:
    (folder / "reference_queries.npy").write_bytes(b"not numpy's")


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (without("placement.json"), r"lists no placement\.json"),
        (without("listenability.json"), r"lists no listenability\.json"),
        (without("reference_queries.npy"), r"lists no reference_queries\.npy"),
        (edited("placement.json", constant="much"), r"placement\.json: constant: "),
        (edited("placement.json", mean_price=-1), r"placement\.json: mean_price: "),
        (edited("placement.json", space="colour"), "needs the space colour, holds mood"),
        (
            edited("placement.json", moods_by_facets={"weights": [[1.0]], "bias": [1.0]}),
            r"placement\.json: moods_by_facets: needs weights \[12, 7\] and bias \[7\]",
        ),
        (edited("listenability.json", most_speech=2), r"listenability\.json: most_speech: "),
        (scrambled, r"reference_queries\.npy: not a numpy file"),
        (saved(np.zeros((3, DIMENSION))), r"needs <float16>\[m, 19\], found <float64>\[3, 19\]"),
        (saved(np.zeros((3, 18), np.float16)), r"needs <float16>\[m, 19\], found <float16>\[3, 18\]"),
        (saved(np.zeros((0, DIMENSION), np.float16)), "needs queries of finite numbers, at least one"),
        (saved(np.full((3, DIMENSION), np.nan, np.float16)), "needs queries of finite numbers"),
    ],
)
def test_damaged_files_are_named(damage: Callable[[Path], None], complaint: str, tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        files().write(folder)
        damage(folder)

    with pytest.raises(ArtifactError, match=complaint):
        PlacementModel.load(publish(tmp_path, write))


def test_a_space_of_another_dimension_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="space mood: dimension 7, needs 19"):
        PlacementModel.load(publish(tmp_path, files().write, dimension=7))
