"""Trains the seed's music network on mood rows, and measures such networks on rows they haven't heard."""

import keras
import numpy as np
from numpy.typing import NDArray

from ambiance.affect import MOODS
from training.data.errors import DataError
from training.evaluate.metrics import ClassCounts
from training.evaluate.readings import count_moods
from training.music.config import MusicConfig
from training.music.model import build_model
from training.music.mood_rows import MoodRows
from training.regression.fitting import Examples, Schedule, fit, predict, seed_everything
from training.regression.targets import inverse_frequency_weights


def train(config: MusicConfig, rows: MoodRows, verbose: bool = False) -> keras.Model:
    """Train from the config's seed towards each row's mood; same config and rows, same network.

    Raises:
        DataError: if a mood is on no row.
    """
    weights = inverse_frequency_weights([(mood,) for mood in rows.moods.tolist()], MOODS.names)
    seed_everything(config.seed)
    model = build_model(config.input_noise)
    examples = Examples(rows.inputs, MOODS.vad[rows.moods], weights[rows.moods])
    fit(model, examples, Schedule(config.steps, config.batch_size, config.learning_rate), verbose)
    return model


def cross_validate(config: MusicConfig, rows: MoodRows, verbose: bool = False) -> ClassCounts:
    """Predict every row by a network that learned from the other folds, and count the answers.

    Raises:
        DataError: if a fold takes all rows of a mood, as it may where there are few.
    """
    fold_of = assign_folds(rows.clip_ids, config.folds, config.seed)
    vad = np.empty((len(rows), 3), np.float32)
    for fold in range(config.folds):
        held_out = fold_of == fold
        model = train(config, rows.take(~held_out), verbose)
        vad[held_out] = predict(model, rows.take(held_out).inputs)
    return count_moods(vad, rows.moods)


def assign_folds(clip_ids: NDArray[np.str_], folds: int, seed: int) -> NDArray[np.int64]:
    """<int64>[n] fold of each row, at random, near-equal in clips; all rows of a clip share a fold.

    Raises:
        DataError: if there are fewer clips than folds.
    """
    clips, clip_of = np.unique(clip_ids, return_inverse=True)
    if len(clips) < folds:
        raise DataError(f"cross-validation: at least {folds} clips for {folds} folds, got {len(clips)}")
    shuffled = np.random.default_rng(seed).permutation(len(clips))
    fold_of: NDArray[np.int64] = (shuffled % folds)[clip_of]
    return fold_of
