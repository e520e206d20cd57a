"""The table of what music fits which scene: whole, of known names, and of one mind about each facet."""

import numpy as np
import pytest

from ambiance.affect import FACETS, NO_SCENE, SCENES
from training.space.judgement import GENTLE, JAR_WEIGHT, MUSIC_OF_SCENE, Music, fit_row, fit_table


def wanted(music: Music) -> set[str]:
    return {facet for facet, weight in music.weights.items() if weight > 0}


def jarring(music: Music) -> set[str]:
    return {facet for facet, weight in music.weights.items() if weight < 0}


def test_every_scene_has_its_music_and_nothing_else_has() -> None:
    assert set(MUSIC_OF_SCENE) == set(SCENES)


@pytest.mark.parametrize("music", [*MUSIC_OF_SCENE.values(), GENTLE], ids=[*MUSIC_OF_SCENE, "gentle"])
def test_weights_are_of_known_facets_for_and_against(music: Music) -> None:
    assert set(music.weights) <= set(FACETS)
    assert wanted(music)
    assert jarring(music)
    assert not wanted(music) & jarring(music)
    assert all(music.weights.values())  # what neither helps nor hurts isn't named
    assert max(music.weights.values()) <= 1
    assert music.why


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene != NO_SCENE])
def test_something_fits_a_scene_well_and_something_jars(scene: str) -> None:
    weights = MUSIC_OF_SCENE[scene].weights
    assert max(weights.values()) >= 0.7
    assert min(weights.values()) == -1


def test_every_facet_is_wanted_somewhere_and_jars_somewhere() -> None:
    assert set().union(*map(wanted, MUSIC_OF_SCENE.values())) == set(FACETS)
    assert set().union(*map(jarring, MUSIC_OF_SCENE.values())) == set(FACETS)


def test_no_two_scenes_ask_for_the_same() -> None:
    assert len(np.unique(fit_table(), axis=0)) == len(SCENES)


def test_the_table_weighs_what_jars_less() -> None:
    table = fit_table()
    assert (table.shape, table.dtype) == ((len(SCENES), len(FACETS)), np.float32)
    for row, scene in zip(table, SCENES, strict=True):
        weights = MUSIC_OF_SCENE[scene].weights
        expected = [
            weight * JAR_WEIGHT if (weight := weights.get(facet, 0)) < 0 else weight for facet in FACETS
        ]
        np.testing.assert_allclose(row, expected, rtol=1e-6)


def test_what_is_gentle_neither_pushes_nor_pulls_down() -> None:
    row = dict(zip(FACETS, fit_row(GENTLE).tolist(), strict=True))
    assert row["calm"] == max(row.values())
    assert min(row, key=row.__getitem__) in {"aggressive", "eerie"}
    assert row["sad"] < 0
    assert row["energetic"] < 0
