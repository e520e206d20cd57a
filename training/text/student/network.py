"""The network itself: token ids in, logits of all that a text model tells and an embedding out."""

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ambiance.tokenizer import PAD_ID
from training.data.lessons import WIDTH
from training.text.config import NetworkConfig
from training.text.student.layers import Attention, Convolution, FeedForward, Pooling

LOGITS, EMBEDDING = "logits", "embedding"


class Student(keras.Model):
    """A token table, a body that may be empty, pooling, and two heads."""

    def __init__(self, config: NetworkConfig, table: keras.layers.Layer) -> None:
        """Take the layer that turns token ids <int32>[n, tokens] into vectors <float32>[n, tokens, width]."""
        super().__init__()
        self.config, self.table = config, table
        self.table_dropout = keras.layers.Dropout(config.dropout)
        self.project = keras.layers.Dense(config.width)
        self.blocks = [_block(config, kind, f"{kind}_{i}") for i, kind in enumerate(config.body)]
        self.pooling = Pooling(config.heads)
        self.pooled_dropout = keras.layers.Dropout(config.dropout)
        activation = "relu" if config.embedding_feeds_emotions else None
        self.embedding = keras.layers.Dense(config.embedding_width, activation=activation)
        self.logits = keras.layers.Dense(WIDTH)

    def call(self, token_ids: keras.KerasTensor, training: bool = False) -> dict[str, keras.KerasTensor]:
        """Map <int32>[n, tokens], PAD_ID for padding, to `logits` [n, WIDTH] and `embedding` [n, width]."""
        mask = ops.expand_dims(ops.cast(ops.not_equal(token_ids, PAD_ID), "float32"), -1)
        x = self.project(self.table_dropout(self.table(token_ids), training=training)) * mask
        for block in self.blocks:
            x = block(x, mask, training=training)
        pooled = self.pooled_dropout(self.pooling(x, mask), training=training)
        embedding = self.embedding(pooled)
        feeds = embedding if self.config.embedding_feeds_emotions else pooled
        return {LOGITS: self.logits(feeds), EMBEDDING: embedding}

    @property
    def heads_and_body(self) -> list[keras.layers.Layer]:
        """Every layer with weights but the table."""
        return [self.project, *self.blocks, self.pooling, self.embedding, self.logits]


def build_student(config: NetworkConfig, table: keras.layers.Layer, shares: NDArray[np.float32]) -> Student:
    """A fresh network that answers every text with `shares` <float32>[WIDTH], near enough.

    Starting from the frequencies saves the first hundreds of steps.
    """
    student = Student(config, table)
    student(np.ones((1, 8), np.int32))
    kernel, _ = student.logits.get_weights()
    shares = np.clip(shares, 1e-4, 1 - 1e-4)
    student.logits.set_weights([kernel / 2, np.log(shares / (1 - shares))])
    return student


def _block(config: NetworkConfig, kind: str, name: str) -> keras.layers.Layer:
    if kind == "convolution":
        return Convolution(config.width, config.dropout, name)
    if kind == "attention":
        return Attention(config.width, config.heads, config.dropout, name)
    if kind == "feed_forward":
        return FeedForward(config.width, config.dropout, name)
    raise ValueError(f"body: blocks are convolution, attention and feed_forward, got {kind!r}")
