"""The blocks between token vectors and pooled text. Padding is zero before and after each of them."""

import math

import keras
from keras import ops

from training.text.student.config import NetworkConfig

KERNEL = 3  # tokens that a convolution sees
MARKS = 2  # that a frame puts around a text
OUT_OF_SIGHT = -1e4  # added to scores of padding; far below any score, and representable in half precision


class Frame(keras.layers.Layer):
    """What BERT adds to token vectors: the place of each, and a mark at either end of the text.

    Both marks come first here, wherever the text ends: attention asks for places alone, which they bear.
    """

    def __init__(self, config: NetworkConfig, longest: int, name: str = "frame") -> None:
        """Take the most tokens of a text."""
        super().__init__(name=name)
        self.marks = self.add_weight(shape=(MARKS, config.width), name="marks")
        self.places = self.add_weight(shape=(longest, config.width), name="places")
        self.norm = keras.layers.LayerNormalization(epsilon=config.norm_epsilon)

    def call(
        self, x: keras.KerasTensor, mask: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """<float32>[n, MARKS + tokens, width] of [n, tokens, width], and the mask of that."""
        x = x + self.places[: x.shape[1] or ops.shape(x)[1]]
        marks = ops.broadcast_to(self.marks[None], (ops.shape(x)[0], *self.marks.shape))
        mask = ops.pad(mask, ((0, 0), (MARKS, 0), (0, 0)), constant_values=1)
        return self.norm(ops.concatenate([marks, x], axis=1)) * mask, mask


class Convolution(keras.layers.Layer):
    """x + relu(norm(convolution(x)))."""

    def __init__(self, config: NetworkConfig, name: str) -> None:
        super().__init__(name=name)
        self.convolution = keras.layers.Conv1D(config.width, KERNEL, padding="same")
        self.norm = keras.layers.BatchNormalization(momentum=0.98)
        self.dropout = keras.layers.Dropout(config.dropout)

    def call(
        self, x: keras.KerasTensor, mask: keras.KerasTensor, training: bool = False
    ) -> keras.KerasTensor:
        """<float32>[n, tokens, width] of the same; `mask` <float32>[n, tokens, 1] is 0 on padding."""
        change = ops.relu(self.norm(self.convolution(x), training=training))
        return (x + self.dropout(change, training=training)) * mask


class Attention(keras.layers.Layer):
    """norm(x + self-attention(x))."""

    def __init__(self, config: NetworkConfig, name: str) -> None:
        super().__init__(name=name)
        self.heads, self.size = config.heads, config.width // config.heads
        self.query, self.key, self.value, self.out = (keras.layers.Dense(config.width) for _ in range(4))
        self.norm = keras.layers.LayerNormalization(epsilon=config.norm_epsilon)
        self.dropout = keras.layers.Dropout(config.dropout)

    def call(
        self, x: keras.KerasTensor, mask: keras.KerasTensor, training: bool = False
    ) -> keras.KerasTensor:
        """As `Convolution.call`."""
        query, key, value = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / math.sqrt(self.size)
        hidden = ops.expand_dims(ops.transpose(1 - mask, (0, 2, 1)), 1) * OUT_OF_SIGHT
        mixed = ops.transpose(ops.matmul(ops.softmax(scores + hidden), value), (0, 2, 1, 3))
        change = self.out(ops.reshape(mixed, (-1, ops.shape(x)[1], self.heads * self.size)))
        return self.norm(x + self.dropout(change, training=training)) * mask

    def _split(self, x: keras.KerasTensor) -> keras.KerasTensor:
        # -1 stands for the batch alone: LiteRT runs a reshape with one unknown axis at full speed.
        return ops.transpose(ops.reshape(x, (-1, ops.shape(x)[1], self.heads, self.size)), (0, 2, 1, 3))


class FeedForward(keras.layers.Layer):
    """norm(x + two dense layers of x)."""

    def __init__(self, config: NetworkConfig, name: str) -> None:
        super().__init__(name=name)
        width = config.feed_forward_factor * config.width
        self.widen = keras.layers.Dense(width, activation=config.activation)
        self.narrow = keras.layers.Dense(config.width)
        self.norm = keras.layers.LayerNormalization(epsilon=config.norm_epsilon)
        self.dropout = keras.layers.Dropout(config.dropout)

    def call(
        self, x: keras.KerasTensor, mask: keras.KerasTensor, training: bool = False
    ) -> keras.KerasTensor:
        """As `Convolution.call`."""
        change = self.narrow(self.widen(x))
        return self.norm(x + self.dropout(change, training=training)) * mask


class Pooling(keras.layers.Layer):
    """A text's mean and maximum over its tokens, and means weighted by learned attention."""

    def __init__(self, heads: int, name: str = "pooling") -> None:
        super().__init__(name=name, dtype="float32")
        self.heads = heads
        self.attend = keras.layers.Dense(heads, dtype="float32")

    def call(self, x: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
        """Map <float32>[n, tokens, width] to <float32>[n, (2 + heads) * width]; 0 for padding alone."""
        mean = ops.sum(x, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1.0)
        hidden = (1 - mask) * OUT_OF_SIGHT
        highest = ops.max(x + hidden, axis=1) * ops.max(mask, axis=1)
        shares = ops.softmax(self.attend(x) + hidden, axis=1)
        means = ops.matmul(ops.transpose(shares, (0, 2, 1)), x)
        means = ops.reshape(means, (-1, self.heads * x.shape[-1]))
        return ops.concatenate([mean, highest, means], axis=-1)
