"""Trains the seed's text network on comments."""

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS
from ambiance.tokenizer import TextTokenizer
from training.data.goemotions import Comments
from training.data.vocabulary import SEED_WINDOW, build_vocabulary, word_tokenizer
from training.regression.fitting import Examples, Schedule, fit, predict, seed_everything
from training.regression.targets import mean_vad, mean_weights
from training.text.seed.config import SeedConfig
from training.text.seed.model import build_model
from training.text.seed.weights import label_weights
from training.text.trained import TOKEN_IDS, first_windows


@dataclass(frozen=True)
class SeedText:
    """A trained network and the tokenizer whose ids it reads."""

    model: keras.Model
    tokenizer: TextTokenizer

    def predict(self, comments: Comments) -> NDArray[np.float32]:
        """<float32>[n, 3] VAD of the first thirty words of each comment."""
        token_ids = first_windows(self.tokenizer, comments.texts, SEED_WINDOW)
        return predict(self.model, {TOKEN_IDS: token_ids})


def train(config: SeedConfig, comments: Comments, verbose: bool = False) -> SeedText:
    """Train from the config's seed; the same config and comments give the same network.

    Raises:
        DataError: if corrected weights are asked for and an emotion is on no comment.
    """
    weights = label_weights(config.sample_weights, comments.labels)
    seed_everything(config.seed)
    tokenizer = word_tokenizer(build_vocabulary(comments.texts, config.min_word_count))
    model = build_model(tokenizer.vocabulary_count)
    examples = Examples(
        {TOKEN_IDS: first_windows(tokenizer, comments.texts, SEED_WINDOW)},
        mean_vad(comments.labels, EMOTIONS),
        mean_weights(comments.labels, weights),
    )
    steps = config.epochs * -(-len(examples) // config.batch_size)
    fit(model, examples, Schedule(steps, config.batch_size, config.learning_rate), verbose)
    return SeedText(model, tokenizer)
