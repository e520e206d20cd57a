"""The recipe `seed`: the student project's network as it was, with the outputs that every recipe has."""

import keras
import tensorflow as tf

from ambiance.affect import CLOSENESS_SIGMA
from ambiance.affect import EMOTIONS as EMOTION_LABELS
from training.data.vocabulary import SEED_WINDOW
from training.text.config import SeedConfig, TextConfig
from training.text.corpus import Corpus
from training.text.seed.train import train as train_seed
from training.text.trained import EMBEDDING, EMOTIONS, TOKEN_IDS, VAD, Read, TrainedText, weights_identity

_SCORES = (
    "How close the text's point of valence, arousal and dominance lies to each emotion's: shares of a "
    "Gaussian kernel, not calibrated probabilities."
)


def train(config: TextConfig, corpus: Corpus, verbose: bool) -> TrainedText:
    """Train the seed's network; emotions and embedding are read off it.

    Raises:
        DataError: if corrected weights are asked for and an emotion is on no comment.
    """
    trained = train_seed(
        SeedConfig(seed=config.seed, sample_weights=config.sample_weights), corpus.train, verbose
    )
    module = tf.Module()
    module.variables_ = [variable.value for variable in trained.model.variables]
    return TrainedText(
        tokenizer=trained.tokenizer,
        window=SEED_WINDOW,
        read=_read(trained.model),
        module=module,
        identity=weights_identity(trained.tokenizer, trained.model.get_weights()),
        parameters=trained.model.count_params(),
        scores=_SCORES,
    )


def _read(model: keras.Model) -> Read:
    hidden = keras.Model(model.inputs, [model.layers[-1].input, model.output])

    def read(token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        embedding, vad = hidden({TOKEN_IDS: token_ids}, training=False)
        return {EMOTIONS: closeness(vad), VAD: vad, EMBEDDING: embedding}

    return read


def closeness(vad: tf.Tensor) -> tf.Tensor:
    """`affect.EMOTIONS.closeness` in TensorFlow: <float32>[n, 28] shares for points <float32>[n, 3]."""
    difference = vad[:, None, :] - tf.constant(EMOTION_LABELS.vad)[None]
    distances = tf.reduce_sum(tf.square(difference), axis=-1)
    return tf.nn.softmax(distances / (-2 * CLOSENESS_SIGMA**2))
