"""The recipes by which a music encoder learns moods, behind one interface, and what all encoders share."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.affect import MOODS, VAD_AXES
from training.music.config import MusicConfig
from training.music.encode import EncodedClips
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

    def __call__(self, frames: tf.Tensor, frame_counts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Moods <float32>[n, 7] and VAD <float32>[n, 3] of frames <uint8>[n, 10, 128], counts <int32>[n]."""


@dataclass(frozen=True)
class MusicEncoder:
    """A trained encoder: moods and VAD by the recipe, timbre by a projection of the mean frame."""

    mood_model: MoodModel
    timbre: UnitProjection

    def __call__(self, frames: tf.Tensor, frame_counts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Outputs by the names of EncodedClips' columns."""
        moods, vad = self.mood_model(frames, frame_counts)
        centred = mean_frame(frames, frame_counts) - tf.constant(self.timbre.mean)
        timbre = tf.math.l2_normalize(centred @ tf.constant(self.timbre.axes), axis=1)
        return {"moods": moods, "vad": vad, "timbre": timbre}


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
    config: MusicConfig, rows: MoodRows, music: NDArray[np.float32], verbose: bool = False
) -> MusicEncoder:
    """Learn moods as `fit_moods` does, and timbre from `music`."""
    return MusicEncoder(fit_moods(config, rows, music, verbose), fit_projection(music, "mean frames"))


def out_of_fold(
    config: MusicConfig, rows: MoodRows, music: NDArray[np.float32], verbose: bool = False
) -> EncodedClips:
    """Encode every row by an encoder whose moods were learned from the other folds; clips are never split.

    Timbre is the released encoder's: it is learned without any mood.

    Raises:
        DataError: if a mood is on fewer clips than there are folds.
    """
    fold_of = assign_folds(rows, config.folds, config.seed)
    timbre = fit_projection(music, "mean frames")
    moods = np.empty((len(rows), len(MOODS.names)), np.float32)
    vad = np.empty((len(rows), len(VAD_AXES)), np.float32)
    unit = np.empty((len(rows), timbre.axes.shape[1]), np.float32)
    for fold in range(config.folds):
        held_out = fold_of == fold
        encoder = MusicEncoder(fit_moods(config, rows.take(~held_out), music, verbose), timbre)
        encoded = encode_rows(encoder, rows.take(held_out))
        moods[held_out], vad[held_out], unit[held_out] = encoded.moods, encoded.vad, encoded.timbre
    return EncodedClips(moods, vad, unit)


def encode_rows(encoder: MusicEncoder, rows: MoodRows) -> EncodedClips:
    """Encode rows by an encoder that isn't exported yet."""
    parts = []
    for start in range(0, len(rows), _BATCH):
        batch = slice(start, start + _BATCH)
        outputs = encoder(tf.constant(rows.frames[batch]), tf.constant(rows.frame_counts[batch]))
        parts.append([outputs[name].numpy() for name in ("moods", "vad", "timbre")])
    return EncodedClips(*(np.concatenate(column) for column in zip(*parts, strict=True)))
