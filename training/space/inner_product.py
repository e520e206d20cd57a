"""The methods `plain` and `priced`: affinity of moods, with or without what spreads the answers."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.affect import MOODS
from training.music.whitening import SPREAD_COMPONENTS, fit_projection
from training.space.affinity import mood_affinity
from training.space.library_prices import price_library
from training.space.methods import HeardClips, Parameters, ReadTexts
from training.space.squared_l2 import append_price

# Strength of the spread: a text and a clip that point the same way gain so much score, in which 1 is
# a sure mood that fits. Enough to order clips of one mood, too little to change the mood.
SPREAD_STRENGTH = 0.04

# Below 1 it softens the clips' posterior, so that the surest clips stand out less.
POSTERIOR_POWER = 0.7


class Plain:
    """Inner product of the text's mood affinities with the clip's posterior, and nothing else."""

    similarity_components = len(MOODS.names)
    dimension = similarity_components + 1
    needs_mean_frames = False

    def fit(self, texts: ReadTexts, data_dir: Path, seed: int) -> Parameters:
        """The affinity table; nothing is learned from the texts."""
        return {"affinity": mood_affinity()}

    def query(self, parameters: Parameters, emotions: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        """Affinities, and a 0 in the component that makes a distance of the product."""
        affinities = emotions @ tf.constant(parameters["affinity"])
        return tf.concat([affinities, tf.zeros_like(affinities[:, :1])], axis=1)

    def place(
        self, parameters: Parameters, clips: HeardClips, queries: NDArray[np.float32], seed: int
    ) -> NDArray[np.float32]:
        """Posteriors, and what makes a distance of the product."""
        return append_price(clips.encoded.moods, np.zeros(len(clips), np.float32))


class Priced:
    """Affinity, a spread that lets different texts of one mood find different clips, and a price a clip."""

    similarity_components = len(MOODS.names)
    dimension = similarity_components + SPREAD_COMPONENTS + 1
    needs_mean_frames = False

    def fit(self, texts: ReadTexts, data_dir: Path, seed: int) -> Parameters:
        """The affinity table, and the directions in which the texts' embeddings vary most."""
        spread = fit_projection(texts.embedding, "text embeddings")
        return {"affinity": mood_affinity(), "spread_mean": spread.mean, "spread_axes": spread.axes}

    def query(self, parameters: Parameters, emotions: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        """Affinities, the unit direction of the embedding, and 0 for the price."""
        affinities = emotions @ tf.constant(parameters["affinity"])
        centred = embedding - tf.constant(parameters["spread_mean"])
        direction = tf.math.l2_normalize(centred @ tf.constant(parameters["spread_axes"]), axis=1)
        spread = np.float32(np.sqrt(SPREAD_STRENGTH)) * direction
        return tf.concat([affinities, spread, tf.zeros_like(spread[:, :1])], axis=1)

    def place(
        self, parameters: Parameters, clips: HeardClips, queries: NDArray[np.float32], seed: int
    ) -> NDArray[np.float32]:
        """Softened posteriors, the unit direction of the timbre, and the price learned from the queries.

        Text and timbre share no meaning in those directions; each just varies evenly along its own.
        """
        softened = clips.encoded.moods**POSTERIOR_POWER
        softened /= softened.sum(axis=1, keepdims=True)
        spread = np.float32(np.sqrt(SPREAD_STRENGTH)) * clips.encoded.timbre
        vectors = np.concatenate([softened, spread], axis=1)
        return append_price(vectors, price_library(queries[:, :-1], vectors, seed))
