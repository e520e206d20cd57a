"""The network itself: token ids in, logits of all that a text model tells and an embedding out."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ambiance.tokenizer import PAD_ID
from training.data.lessons import WIDTH
from training.text.student.config import NetworkConfig
from training.text.student.layers import Attention, Convolution, FeedForward, Frame, Pooling

LOGITS, EMBEDDING = "logits", "embedding"

_BLOCKS: Mapping[str, type[Convolution | Attention | FeedForward]] = {
    "convolution": Convolution,
    "attention": Attention,
    "feed_forward": FeedForward,
}

LONGEST_TEXT = 64  # tokens of a text that training reads; a few in ten thousand comments are longer


class Student(keras.Model):
    """A token table, a body that may be empty, pooling, and two heads."""

    def __init__(self, config: NetworkConfig, table: keras.layers.Layer) -> None:
        """Take the layer that turns token ids <int32>[n, tokens] into vectors <float32>[n, tokens, width]."""
        super().__init__()
        if strange := sorted(set(config.body) - set(_BLOCKS)):
            raise ValueError(f"body: blocks are {', '.join(_BLOCKS)}, got {strange[0]!r}")
        self.config, self.table = config, table
        self.table_dropout = keras.layers.Dropout(config.dropout)
        self.project = keras.layers.Dense(config.width)
        self.frame = Frame(config, LONGEST_TEXT) if config.framed else None
        self.blocks = [_BLOCKS[kind](config, f"{kind}_{i}") for i, kind in enumerate(config.body)]
        # The heads compute in float32 even where the body is trained in half precision.
        self.pooling = Pooling(config.pooling_heads)
        self.pooled_dropout = keras.layers.Dropout(config.dropout)
        activation = "relu" if config.embedding_feeds_emotions else None
        self.embedding = keras.layers.Dense(config.embedding_width, activation=activation, dtype="float32")
        self.logits = keras.layers.Dense(WIDTH, dtype="float32")

    def call(self, token_ids: keras.KerasTensor, training: bool = False) -> dict[str, keras.KerasTensor]:
        """Map <int32>[n, tokens], PAD_ID for padding, to `logits` [n, WIDTH] and `embedding` [n, width]."""
        mask = ops.expand_dims(ops.cast(ops.not_equal(token_ids, PAD_ID), self.compute_dtype), -1)
        x = self.project(self.table_dropout(self.table(token_ids), training=training)) * mask
        if self.frame:
            x, mask = self.frame(x, mask)
        for block in self.blocks:
            x = block(x, mask, training=training)
        pooled = self.pooled_dropout(self.pooling(x, mask), training=training)
        embedding = self.embedding(pooled)
        feeds = embedding if self.config.embedding_feeds_emotions else pooled
        return {LOGITS: self.logits(feeds), EMBEDDING: embedding}

    @property
    def heads_and_body(self) -> list[keras.layers.Layer]:
        """Every layer with weights but the table."""
        return [*self._body, self.pooling, self.embedding, self.logits]

    @property
    def inherited(self) -> list[keras.Variable]:
        """Variables that don't start at random: of the table, and of a framed body, which was pretrained."""
        layers = [self.table, *(self._body if self.frame else ())]
        return [variable for layer in layers for variable in layer.trainable_variables]

    @property
    def _body(self) -> list[keras.layers.Layer]:
        return [self.project, *([self.frame] if self.frame else []), *self.blocks]


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
