"""The mood space: what queries and clips become, what variety may cost, saving, lineage, bad input."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import FACETS, MOODS, SCENES  # noqa: E402
from ambiance.errors import ArtifactError  # noqa: E402
from ambiance.fixed_queries import FALLBACK_FILE, GENTLE_FILE  # noqa: E402
from ambiance.placement import EncodedClips  # noqa: E402
from ambiance.placement.evidence import FACET_OF_MOOD, evidence  # noqa: E402
from ambiance.placement.mood_space import (  # noqa: E402
    DIMENSION,
    FIT_COMPONENTS,
    HIGHEST_PRICE,
    MOST_FIT_LOST,
    SPREAD_STRENGTH,
)
from training.data.errors import DataError  # noqa: E402
from training.metrics.search import nearest  # noqa: E402
from training.space import MoodSpace, fit_space  # noqa: E402
from training.space.judgement import GENTLE, fit_row, fit_table  # noqa: E402

pytestmark = [pytest.mark.tensorflow]

TEXTS, CLIPS = 200, 60
Vectors = NDArray[np.float32]


def texts(count: int = TEXTS, seed: int = 0) -> tuple[Vectors, Vectors]:
    """Posteriors of scenes [n, 21], half sure of one in turn, and embeddings [n, 9]."""
    draw = np.random.default_rng(seed)
    scenes = 0.5 * np.eye(len(SCENES))[np.arange(count) % len(SCENES)]
    scenes += 0.5 * draw.dirichlet(np.ones(len(SCENES)), count)
    return scenes.astype(np.float32), draw.normal(size=(count, 9)).astype(np.float32)


def clips(count: int = CLIPS, seed: int = 1) -> EncodedClips:
    """Clips of random facets, moods and timbre."""
    draw = np.random.default_rng(seed)
    timbre = draw.normal(size=(count, 6))
    columns = (
        draw.dirichlet(np.ones(7) / 2, count),
        draw.beta(0.5, 2, (count, len(FACETS))),
        draw.random((count, 3)),
        draw.random((count, 3)),
        timbre / np.linalg.norm(timbre, axis=1, keepdims=True),
    )
    return EncodedClips(*(column.astype(np.float32) for column in columns))


@pytest.fixture(scope="module")
def space() -> MoodSpace:
    return fit_space(texts()[1], "network")


def queries(space: MoodSpace, asked: tuple[Vectors, Vectors] | None = None) -> Vectors:
    return space.query(*map(tf.constant, asked or texts())).numpy()


def test_texts_and_clips_are_points_of_one_space(space: MoodSpace) -> None:
    placed = space.place(clips(), queries(space), seed=1)
    assert queries(space).shape == (TEXTS, DIMENSION)
    assert placed.shape == (CLIPS, DIMENSION)
    assert placed.dtype == queries(space).dtype == np.float32
    assert np.isfinite(placed).all()
    np.testing.assert_array_equal(placed, space.place(clips(), queries(space), seed=1))


def test_a_query_asks_for_facets_as_its_scenes_want_them(space: MoodSpace) -> None:
    scenes, _ = texts()
    asked = queries(space)
    np.testing.assert_allclose(asked[:, :FIT_COMPONENTS], scenes @ fit_table(), atol=1e-6)
    lengths = np.linalg.norm(asked[:, FIT_COMPONENTS:-1], axis=1)
    np.testing.assert_allclose(lengths, np.sqrt(SPREAD_STRENGTH), atol=1e-5)
    assert not asked[:, -1].any()


def test_a_clip_offers_its_evidence_its_timbre_and_a_price(space: MoodSpace) -> None:
    heard = clips()
    placed = space.place(heard, queries(space), seed=1)
    told = evidence(heard.facets, heard.moods)
    np.testing.assert_array_equal(placed[:, :FIT_COMPONENTS], told)
    timbre = placed[:, FIT_COMPONENTS:-1]
    np.testing.assert_allclose(timbre, np.sqrt(SPREAD_STRENGTH) * heard.timbre, atol=1e-6)
    prices = prices_of(placed)
    assert prices.min() >= -1e-4
    assert prices.max() <= HIGHEST_PRICE + 1e-4
    assert np.ptp(prices) > HIGHEST_PRICE / 2


def test_prices_are_learned_of_the_clips_that_answer_by_default(space: MoodSpace) -> None:
    library, heard = clips(), np.arange(CLIPS) % 3 > 0
    placed = space.place(library, queries(space), 1, heard)
    alone = space.place(library.take(heard), queries(space), seed=1)
    # the last component is measured from the least of its library, so only differences of prices compare
    ours, theirs = prices_of(placed[heard]), prices_of(alone)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    prices = prices_of(placed)
    np.testing.assert_allclose(prices[~heard], prices[heard].mean(), atol=1e-3)
    np.testing.assert_array_equal(placed[:, :-1], space.place(library, queries(space), seed=1)[:, :-1])


def prices_of(placed: Vectors) -> NDArray[np.float64]:
    """Prices, up to the constant that makes the cheapest 0, as the last component holds them."""
    prices = np.square(placed.astype(np.float64)).sum(axis=1) / 2
    return prices - prices.min()


def test_evidence_is_log_odds_and_what_moods_add() -> None:
    even = np.full((1, 7), 1 / 7, np.float32)
    halves = np.full((1, len(FACETS)), 0.5, np.float32)
    np.testing.assert_allclose(evidence(halves, even), 0, atol=1e-6)
    probabilities = np.linspace(0.05, 0.95, len(FACETS), dtype=np.float32)[None]
    expected = np.log(probabilities / (1 - probabilities))
    np.testing.assert_allclose(evidence(probabilities, even), expected, atol=1e-5)
    for mood, facet in FACET_OF_MOOD.items():
        sure = np.eye(7, dtype=np.float32)[[MOODS.names.index(mood)]]
        added = evidence(halves, sure)[0]
        assert added.argmax() == FACETS.index(facet)
        assert added[FACETS.index(facet)] == pytest.approx(np.log(7))  # so many times likelier than by chance
        others = [FACETS.index(other) for name, other in FACET_OF_MOOD.items() if name != mood]
        np.testing.assert_allclose(added[others], np.log(7 * 0.02), atol=1e-5)  # no less is taken of it
        untouched = sorted(set(range(len(FACETS))) - {*others, FACETS.index(facet)})
        np.testing.assert_array_equal(added[untouched], 0)


def test_evidence_is_finite_where_probabilities_are_certain() -> None:
    certain = np.array([[0, 1] * 6], np.float32)
    told = evidence(certain, np.eye(7, dtype=np.float32)[:1])
    assert told.dtype == np.float32
    assert np.isfinite(told).all()
    assert np.abs(told).max() < 10


@pytest.mark.parametrize("seed", range(3))
def test_variety_costs_no_more_fit_than_is_said(space: MoodSpace, seed: int) -> None:
    """Of any library, whatever is asked: no answer fits worse by more than the bound than one left out."""
    library = clips(count=int(np.random.default_rng(seed).integers(30, 400)), seed=seed + 10)
    placed = space.place(library, queries(space), seed, np.arange(len(library)) % 4 > 0)
    draw = np.random.default_rng(seed + 20)
    asked = queries(space, (draw.dirichlet(np.ones(21) / 5, 300).astype(np.float32), texts(300, seed)[1]))
    found = nearest(asked, placed, 10)
    fits = asked[:, :FIT_COMPONENTS] @ placed[:, :FIT_COMPONENTS].T
    tenth_best = np.sort(fits, axis=1)[:, -10]
    worst_answer = np.take_along_axis(fits, found, axis=1).min(axis=1)
    lost = tenth_best - worst_answer
    assert lost.max() <= MOST_FIT_LOST + 1e-3  # distances are <float32>
    assert lost.max() > 0.05  # it isn't that there is nothing to lose


def test_the_bound_is_that_of_price_and_spread() -> None:
    assert pytest.approx(HIGHEST_PRICE + 2 * SPREAD_STRENGTH) == MOST_FIT_LOST


def test_fixed_queries_are_rows_of_the_judgement(space: MoodSpace) -> None:
    fixed = space.fixed_queries()
    assert set(fixed) == {FALLBACK_FILE, GENTLE_FILE}
    for row in fixed.values():
        assert (row.shape, row.dtype) == ((DIMENSION,), np.float32)
        assert not row[FIT_COMPONENTS:].any()
    np.testing.assert_array_equal(fixed[FALLBACK_FILE][:FIT_COMPONENTS], fit_table()[SCENES.index("none")])
    np.testing.assert_array_equal(fixed[GENTLE_FILE][:FIT_COMPONENTS], fit_row(GENTLE))


def test_a_saved_space_loads_as_itself(space: MoodSpace, tmp_path: Path) -> None:
    space.save(tmp_path / "space")
    loaded = MoodSpace.load(tmp_path / "space")
    assert loaded.lineage == space.lineage
    np.testing.assert_array_equal(queries(loaded), queries(space))
    for name, row in space.fixed_queries().items():
        np.testing.assert_array_equal(np.load(tmp_path / "space" / name), row)


def test_lineages_differ_in_parameters_and_network(space: MoodSpace) -> None:
    moved = [
        replace(space, parameters={**space.parameters, name: values + 1})
        for name, values in space.parameters.items()
    ]
    lineages = {each.lineage for each in (space, replace(space, identity="other"), *moved)}
    assert len(lineages) == 2 + len(space.parameters)
    assert all(lineage.startswith("mood-") for lineage in lineages)
    assert fit_space(texts()[1], "network").lineage == space.lineage


def test_queries_convert_to_litert(space: MoodSpace) -> None:
    specs = [tf.TensorSpec((None, size), tf.float32) for size in (len(SCENES), 9)]
    traced = tf.function(space.query).get_concrete_function(*specs)
    model = tf.lite.TFLiteConverter.from_concrete_functions([traced]).convert()
    interpreter = tf.lite.Interpreter(model_content=model)
    for detail, column in zip(interpreter.get_input_details(), texts(), strict=True):
        interpreter.resize_tensor_input(detail["index"], column.shape)
    interpreter.allocate_tensors()
    for detail, column in zip(interpreter.get_input_details(), texts(), strict=True):
        interpreter.set_tensor(detail["index"], column)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(found, queries(space), atol=1e-5)


def remove_record(folder: Path) -> None:
    (folder / "space.json").unlink()


def remove_array(folder: Path) -> None:
    (folder / "fit.npy").unlink()


def damage_array(folder: Path) -> None:
    (folder / "fit.npy").write_bytes(b"not an array")


def change_array(folder: Path) -> None:
    np.save(folder / "fit.npy", fit_table() * 2)


def break_record(folder: Path) -> None:
    (folder / "space.json").write_text("{")


def empty_record(folder: Path) -> None:
    (folder / "space.json").write_text("{}")


def list_record(folder: Path) -> None:
    (folder / "space.json").write_text("[]")


def damage_version(folder: Path) -> None:
    edit(folder, {"format_version": 1})


def damage_identity(folder: Path) -> None:
    edit(folder, {"identity": "other"})


def edit(folder: Path, fields: dict[str, object]) -> None:
    path = folder / "space.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (remove_record, "not a mood space"),
        (remove_array, "not a mood space"),
        (damage_array, "not a mood space"),
        (change_array, "says lineage mood-.*, its parameters are of mood-"),
        (break_record, "not a mood space"),
        (empty_record, "not a mood space"),
        (list_record, "not a mood space"),
        (damage_version, "version 2, got version 1"),
        (damage_identity, "says lineage mood-.*, its parameters are of mood-"),
    ],
)
def test_a_damaged_space_is_refused(
    space: MoodSpace, tmp_path: Path, damage: Callable[[Path], None], complaint: str
) -> None:
    space.save(tmp_path / "space")
    damage(tmp_path / "space")
    with pytest.raises(ArtifactError, match=rf"space\.json: {complaint}"):
        MoodSpace.load(tmp_path / "space")


def test_bad_input_is_refused(space: MoodSpace) -> None:
    with pytest.raises(DataError, match=r"text embeddings: at least 6 rows and features .* got \(5, 9\)"):
        fit_space(texts()[1][:5], "network")
    with pytest.raises(DataError, match="clips: at least one that answers by default, got 0 of 0"):
        space.place(clips().take(np.arange(0)), queries(space), seed=1)
    with pytest.raises(DataError, match="clips: at least one that answers by default, got 0 of 60"):
        space.place(clips(), queries(space), seed=1, heard=np.zeros(CLIPS, np.bool_))
    for wrong in (queries(space)[:, :-1], queries(space)[:0], queries(space)[0]):
        with pytest.raises(DataError, match=rf"queries: \[m, {DIMENSION}\] with m from 1, got"):
            space.place(clips(), wrong, seed=1)
