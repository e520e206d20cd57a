"""The two vectors that an artifact carries, and what is wrong with them told."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.affect import MOOD_SPACE
from ambiance.errors import ArtifactError
from ambiance.fixed_queries import FALLBACK_FILE, GENTLE_FILE
from text_encoders import FALLBACK, GENTLE, MOOD_DIMENSION, SPACES, example_artifact
from text_service.fixed_vectors import SPACE_FOLDER, load_fixed_vectors

Write = Callable[[Path], object]


def saved(vector: NDArray[np.generic]) -> Write:
    return lambda path: np.save(path, vector)


def publish(
    root: Path, fallback: Write | None, gentle: Write, spaces: list[artifacts.Space] = SPACES
) -> artifacts.Artifact:
    def write(folder: Path) -> None:
        (folder / SPACE_FOLDER).mkdir()
        for name, write_file in ((FALLBACK_FILE, fallback), (GENTLE_FILE, gentle)):
            if write_file:
                write_file(folder / SPACE_FOLDER / name)

    manifest = example_artifact().manifest
    described = manifest.model_dump(include=set(artifacts.Description.model_fields))
    return artifacts.publish(root, artifacts.Description(**(described | {"spaces": spaces})), write)


def test_both_are_read(tmp_path: Path) -> None:
    fixed = load_fixed_vectors(publish(tmp_path, saved(FALLBACK), saved(GENTLE)))
    np.testing.assert_array_equal(fixed.fallback, FALLBACK)
    np.testing.assert_array_equal(fixed.gentle, GENTLE)


def broken(value: float) -> NDArray[np.float32]:
    vector = GENTLE.copy()
    vector[3] = value
    return vector


def archive(path: Path) -> None:
    data = BytesIO()
    np.savez(data, vector=GENTLE)
    path.write_bytes(data.getvalue())


@pytest.mark.parametrize(
    ("gentle", "complaint"),
    [
        (saved(GENTLE[:-1]), r"needs float32\[14\], has float32\[13\]"),
        (saved(GENTLE[None]), r"needs float32\[14\], has float32\[1, 14\]"),
        (saved(GENTLE.astype(np.float64)), r"needs float32\[14\], has float64\[14\]"),
        (saved(broken(np.nan)), "holds a number that isn't finite"),
        (saved(broken(np.inf)), "holds a number that isn't finite"),
        (saved(np.array([None] * MOOD_DIMENSION)), "allow_pickle"),
        (lambda path: path.write_bytes(b""), "No data left"),
        (lambda path: path.write_bytes(b"not an array"), ""),
        (archive, "is an archive of arrays"),
    ],
    ids=["short", "a row", "double", "nan", "inf", "pickled", "empty", "no array", "archive"],
)
def test_one_that_is_no_vector_of_the_space_is_named(tmp_path: Path, gentle: Write, complaint: str) -> None:
    artifact = publish(tmp_path, saved(FALLBACK), gentle)
    with pytest.raises(ArtifactError, match=rf"space/gentle\.npy: .*{complaint}"):
        load_fixed_vectors(artifact)


def test_one_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"the manifest lists no space/fallback\.npy"):
        load_fixed_vectors(publish(tmp_path, None, saved(GENTLE)))


def test_they_belong_to_the_space_mood(tmp_path: Path) -> None:
    artifact = publish(tmp_path, saved(FALLBACK), saved(GENTLE), SPACES[:1])
    with pytest.raises(ArtifactError, match=f"needs the space {MOOD_SPACE}, holds vad"):
        load_fixed_vectors(artifact)
