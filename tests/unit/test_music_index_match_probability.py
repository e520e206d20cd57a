"""The calibration of an index: applied as it says, or refused with a reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ambiance.errors import ArtifactError
from music_index_service.searching.match_probability import Calibration, MatchProbability

SOUND = {"space": "mood", "components": 2, "similarity": [0.0, 0.5, 1.0], "probability": [0.1, 0.1, 0.9]}


PROBABILITY = MatchProbability(Calibration(**SOUND))


def test_only_the_first_components_count_and_knots_are_joined_by_lines() -> None:
    clips = np.array([[1, 0, 9], [0, 1, -9], [0.5, 0.25, 0]], np.float32)
    found = PROBABILITY.of(np.array([[1, 0.5, 7]] * 3, np.float32), clips)
    # similarities 1, .5 and .625
    np.testing.assert_allclose(found, [0.9, 0.1, 0.1 + 0.8 * 0.25], rtol=1e-6)


def test_beyond_the_knots_the_ends_hold() -> None:
    clips = np.array([[1, 0], [-1, 0]] * 2, np.float32)
    queries = np.array([[3, 0]] * 2 + [[1e18, 0]] * 2, np.float32)
    assert PROBABILITY.of(queries, clips).tolist() == [0.9, 0.1, 0.9, 0.1]


def write(folder: Path, **fields: Any) -> Path:
    path = folder / "match_probability.json"
    path.write_text(json.dumps(SOUND | fields))
    return path


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    assert Calibration.load(write(tmp_path)) == Calibration(**SOUND)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"similarity": [0, 0.5, 0.5]}, "similarity must ascend from knot to knot"),
        ({"similarity": [0, 1, 0.5]}, "similarity must ascend from knot to knot"),
        ({"similarity": [0, 1]}, "similarity has 2 knots, probability 3"),
        ({"similarity": [], "probability": []}, "similarity: List should have at least 1 item"),
        ({"similarity": [0, 0.5, float("nan")]}, "similarity.2: Input should be a finite number"),
        ({"probability": [0.1, 0.3, 0.2]}, "probability must never fall from knot to knot"),
        ({"probability": [0.1, 0.3, 1.2]}, "probability.2: Input should be less than or equal to 1"),
        ({"probability": [-0.1, 0.3, 0.4]}, "probability.0: Input should be greater than or equal to 0"),
        ({"components": 0}, "components: Input should be greater than or equal to 1"),
        ({"offset": 1}, "offset: Extra inputs are not permitted"),
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    path = write(tmp_path, **fields)
    with pytest.raises(ArtifactError) as caught:
        Calibration.load(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "match_probability.json"
    path.write_text("0.5")
    with pytest.raises(ArtifactError, match=r"match_probability\.json: document: "):
        Calibration.load(path)
