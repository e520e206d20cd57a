"""The recipes by which a music encoder learns moods, behind one interface, and what all encoders share.

AudioSet's seven moods are the recipes' own. Facets and traits are the same for all: what musicians said. VAD
is too, but for the recipe `seed`, whose network is one of VAD.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.affect import MOODS
from training.music.config import MusicConfig
from training.music.facets import CaptionedClips, FacetModel, fit_facets
from training.music.folds import assign_folds
from training.music.linear import fit_linear, mean_frame
from training.music.mood_rows import MoodRows
from training.music.network import fit_network
from training.music.whitening import UnitProjection, fit_projection

_BATCH = 4096  # clips encoded at once: bounds memory


class MoodModel(Protocol):
    """What a recipe learns: a tf.Module that holds its variables."""

    @property
    def parameter_count(self) -> int:
        """Trained numbers."""

    def __call__(self, frames: tf.Tensor, frame_counts: tf.Tensor) -> dict[str, tf.Tensor]:
        """`moods` <float32>[n, 7], `vad` if it has one, of frames <uint8>[n, 10, 128], counts <int32>[n]."""


@dataclass(frozen=True)
class MusicEncoder:
    """A trained encoder: moods by the recipe, facets by captions, timbre by projecting the mean frame."""

    mood_model: MoodModel
    facet_model: FacetModel
    timbre: UnitProjection

    @property
    def module(self) -> tf.Module:
        """Holds every variable."""
        whole = tf.Module()
        whole.parts = [self.mood_model, self.facet_model]
        return whole

    def __call__(self, frames: tf.Tensor, frame_counts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Outputs by the names of EncodedClips' columns."""
        heard = self.facet_model(frames, frame_counts) | self.mood_model(frames, frame_counts)
        centred = mean_frame(frames, frame_counts) - tf.constant(self.timbre.mean)
        timbre = tf.math.l2_normalize(centred @ tf.constant(self.timbre.axes), axis=1)
        return heard | {"timbre": timbre}


def fit_moods(
    config: MusicConfig, rows: MoodRows, music: NDArray[np.float32], verbose: bool = False
) -> MoodModel:
    """Learn moods by the config's recipe; same arguments, same model.

    Args:
        config: names the recipe and its settings.
        rows: what is learned.
        music: <float32>[n, 128] mean frames of pieces of music of any mood.
        verbose: show progress.

    Raises:
        DataError: if the rows are too few for the recipe; says of what.
    """
    if config.recipe == "seed":
        return fit_network(config, rows, verbose)
    return fit_linear(config, rows, music)


def fit_encoder(
    config: MusicConfig,
    rows: MoodRows,
    captioned: CaptionedClips,
    music: NDArray[np.float32],
    verbose: bool = False,
) -> MusicEncoder:
    """Learn moods as `fit_moods` does, facets as `fit_facets` does, and timbre from `music`."""
    moods = fit_moods(config, rows, music, verbose)
    return MusicEncoder(moods, fit_facets(captioned, rows), fit_projection(music, "mean frames"))


def out_of_fold(
    config: MusicConfig, rows: MoodRows, music: NDArray[np.float32], verbose: bool = False
) -> NDArray[np.float32]:
    """<float32>[n, 7] moods of every row by a model that learned the other folds; clips are never split.

    Raises:
        DataError: if a mood is on fewer clips than there are folds.
    """
    fold_of = assign_folds(rows, config.folds, config.seed)
    moods = np.empty((len(rows), len(MOODS.names)), np.float32)
    for fold in range(config.folds):
        held_out = fold_of == fold
        model = fit_moods(config, rows.take(~held_out), music, verbose)
        moods[held_out] = mood_posterior(model, rows.frames[held_out], rows.frame_counts[held_out])
    return moods


def mood_posterior(
    model: MoodModel, frames: NDArray[np.uint8], frame_counts: NDArray[np.int32]
) -> NDArray[np.float32]:
    """<float32>[n, 7] moods of clips by a model that isn't exported yet."""
    batches = (slice(start, start + _BATCH) for start in range(0, len(frames), _BATCH))
    return np.concatenate(
        [
            model(tf.constant(frames[batch]), tf.constant(frame_counts[batch]))["moods"].numpy()
            for batch in batches
        ]
    )
