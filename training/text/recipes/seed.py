"""The recipe `seed`: the student project's network as it was, with the outputs that every recipe has."""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.affect import CLOSENESS_SIGMA, NO_SCENE, nrc_vad_lineage
from ambiance.affect import EMOTIONS as EMOTION_LABELS
from ambiance.affect import SCENES as SCENE_NAMES
from training.data.lessons import SCENES_OF_EMOTION
from training.data.vocabulary import SEED_WINDOW
from training.text.config import Recipe, TextConfig
from training.text.corpus import Corpus
from training.text.seed.config import SampleWeights, SeedConfig
from training.text.seed.train import train as train_seed
from training.text.trained import (
    DISTRESS,
    EMBEDDING,
    EMOTIONS,
    SCENES,
    TOKEN_IDS,
    VAD,
    Read,
    TrainedText,
    weights_identity,
)

_SCORES = (
    "How close the text's point of valence, arousal and dominance lies to each emotion's: shares of a "
    "Gaussian kernel, not calibrated probabilities."
)


@dataclass(frozen=True)
class SeedRecipeConfig(TextConfig):
    """What the recipe leaves open; the network's own settings are the seed's."""

    recipe: ClassVar[Recipe] = "seed"
    sample_weights: SampleWeights = SeedConfig.sample_weights


def train(config: SeedRecipeConfig, corpus: Corpus, verbose: bool) -> TrainedText:
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
        vad_lineage=nrc_vad_lineage(),
    )


def _read(model: keras.Model) -> Read:
    hidden = keras.Model(model.inputs, [model.layers[-1].input, model.output])
    scenes = tf.constant(scene_shares())

    def read(token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        embedding, vad = hidden({TOKEN_IDS: token_ids}, training=False)
        emotions = closeness(vad)
        return {
            EMOTIONS: emotions,
            SCENES: emotions @ scenes,
            VAD: vad,
            DISTRESS: tf.zeros_like(vad[:, :1]),
            EMBEDDING: embedding,
        }

    return read


def scene_shares() -> NDArray[np.float32]:
    """<float32>[28, 21] each emotion shared out among the scenes it allows, or none; rows sum to 1."""
    shares = np.zeros((len(EMOTION_LABELS.names), len(SCENE_NAMES)), np.float32)
    for row, emotion in enumerate(EMOTION_LABELS.names):
        scenes = SCENES_OF_EMOTION.get(emotion, (NO_SCENE,))
        shares[row, [SCENE_NAMES.index(scene) for scene in scenes]] = 1 / len(scenes)
    return shares


def closeness(vad: tf.Tensor) -> tf.Tensor:
    """`affect.EMOTIONS.closeness` in TensorFlow: <float32>[n, 28] shares for points <float32>[n, 3]."""
    difference = vad[:, None, :] - tf.constant(EMOTION_LABELS.vad)[None]
    distances = tf.reduce_sum(tf.square(difference), axis=-1)
    return tf.nn.softmax(distances / (-2 * CLOSENESS_SIGMA**2))
