"""Trains the seed's music network on mood rows."""

import keras

from ambiance.affect import MOODS
from training.music.config import MusicConfig
from training.music.model import build_model
from training.music.mood_rows import MoodRows
from training.regression.fitting import Examples, Schedule, fit, seed_everything
from training.regression.targets import inverse_frequency_weights


def train(config: MusicConfig, rows: MoodRows, verbose: bool = False) -> keras.Model:
    """Train from the config's seed towards each row's mood; same config and rows, same network.

    Raises:
        DataError: if a mood is on no row.
    """
    settings = config.network
    weights = inverse_frequency_weights([(mood,) for mood in rows.moods.tolist()], MOODS.names)
    seed_everything(config.seed)
    model = build_model(settings.input_noise)
    examples = Examples(rows.inputs, MOODS.vad[rows.moods], weights[rows.moods])
    fit(model, examples, Schedule(settings.steps, settings.batch_size, settings.learning_rate), verbose)
    return model
