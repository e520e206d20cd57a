"""What the index job asks of trained models, gathered so that a test can answer in their place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.affect import MOOD_SPACE
from ambiance.errors import ArtifactError
from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import DIMENSION
from training.music.encode import encode_clips
from training.music.held_out import HeldOut, held_out
from training.space.space import MoodSpace
from training.text.encode import TextReadings, read_texts
from training.text.export import SPACE_FOLDER


@dataclass(frozen=True)
class Models:
    """The functions by which released encoders are run."""

    # (music encoder, frames <uint8>[n, 10, 128], frame counts <int32>[n])
    encode_clips: Callable[[artifacts.Artifact, NDArray[np.uint8], NDArray[np.int32]], EncodedClips] = (
        encode_clips
    )
    # (text encoder, texts)
    read_texts: Callable[[artifacts.Artifact, Sequence[str]], TextReadings] = read_texts
    # (music encoder, data folder)
    held_out: Callable[[artifacts.Artifact, Path], HeldOut] = held_out


def load_space(text_encoder: artifacts.Artifact) -> MoodSpace:
    """The mood space that a text encoder's queries are in.

    Raises:
        ArtifactError: if it is missing or damaged, or isn't the one that the manifest names.
    """
    space, described = MoodSpace.load(text_encoder.path / SPACE_FOLDER), text_encoder.space(MOOD_SPACE)
    if (space.lineage, DIMENSION) != (described.lineage, described.dimension):
        raise ArtifactError(
            f"{text_encoder.path}: the folder {SPACE_FOLDER} is of lineage {space.lineage}, dimension "
            f"{DIMENSION}; the manifest says {described.lineage}, {described.dimension}"
        )
    return space
