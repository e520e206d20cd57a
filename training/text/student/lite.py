"""The student's forward pass for LiteRT: the same weights and answers in operations that it runs fast.

Keras multiplies matrices of three axes by shapes worked out at run time, which LiteRT's XNNPACK can't take:
the graph falls into twenty pieces. Here every length but the batch's is fixed when the graph is made.
"""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.tokenizer import PAD_ID
from training.text.student.coding import BOOK, CodedTable
from training.text.student.layers import (
    MARKS,
    OUT_OF_SIGHT,
    Attention,
    Convolution,
    FeedForward,
    Frame,
    Pooling,
)
from training.text.student.network import EMBEDDING, LOGITS, Student
from training.text.student.packing import PackedStudent

_ACTIVATIONS = {
    keras.activations.linear: lambda x: x,
    keras.activations.relu: tf.nn.relu,
    keras.activations.gelu: tf.nn.gelu,
}

# In what follows `x` is <float32>[n, 1, tokens, width]: two axes of place, as convolutions ask for.


class LiteStudent:
    """A packed student's answers. LiteRT's converter finds the very int8 in its float constants.

    For a graph to convert, not to run: TensorFlow 2.21 itself, on oneDNN, writes beyond its memory in
    products of four axes with two.
    """

    def __init__(self, student: Student, packed: PackedStudent) -> None:
        """Take a student with a coded table, and what it was packed to."""
        variables = (*student.trainable_variables, *student.non_trainable_variables)
        self._student = student
        self._values = {id(v): value for v, value in zip(variables, packed.values(), strict=True)}

    def __call__(self, token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """As `Student.call`, for token ids <int32>[n, tokens] of known length."""
        student, length = self._student, token_ids.shape[1]
        shown = tf.cast(tf.not_equal(token_ids, PAD_ID), tf.float32)
        column = tf.reshape(shown, (-1, 1, length, 1))
        x = self._dense(student.project, self._look_up(student.table, token_ids)) * column
        if student.frame:
            # as in a frame's own mask, both marks are there for every text
            shown, length = tf.pad(shown, ((0, 0), (MARKS, 0)), constant_values=1), length + MARKS
            column = tf.reshape(shown, (-1, 1, length, 1))
            x = self._frame(student.frame, x, column)
        hidden = tf.reshape((1 - shown) * OUT_OF_SIGHT, (-1, 1, 1, length))
        for block in student.blocks:
            x = self._block(block, x, column, hidden)
        pooled = self._pool(student.pooling, x, column, hidden)
        embedding = self._dense(student.embedding, pooled)
        feeds = embedding if student.config.embedding_feeds_emotions else pooled
        return {LOGITS: self._dense(student.logits, feeds), EMBEDDING: embedding}

    def _value(self, variable: keras.Variable) -> NDArray[Any]:
        return self._values[id(variable)]

    def _look_up(self, table: CodedTable, token_ids: tf.Tensor) -> tf.Tensor:
        rows = tf.reshape(token_ids, (-1, 1, token_ids.shape[1]))
        codes = tf.cast(tf.gather(self._value(table.codes), rows), tf.int32)
        codes += BOOK * np.arange(table.parts, dtype=np.int32)
        vectors = tf.gather(self._value(table.books), codes)
        return tf.reshape(vectors, (-1, 1, token_ids.shape[1], table.parts * table.part_width))

    def _dense(self, layer: keras.layers.Dense, x: tf.Tensor) -> tf.Tensor:
        product = tf.matmul(x, self._value(layer.kernel)) + self._value(layer.bias)
        return _ACTIVATIONS[layer.activation](product)

    def _frame(self, frame: Frame, x: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        x = x + self._value(frame.places)[: x.shape[2]]
        # A mark a text: a constant plus nothing of each text's first token.
        marks = x[:, :, :1] * 0 + self._value(frame.marks)
        return self._normalize(frame.norm, tf.concat([marks, x], axis=2)) * column

    def _block(
        self, block: keras.layers.Layer, x: tf.Tensor, column: tf.Tensor, hidden: tf.Tensor
    ) -> tf.Tensor:
        if isinstance(block, Convolution):
            return self._convolve(block, x) * column
        change = self._attend(block, x, hidden) if isinstance(block, Attention) else self._feed(block, x)
        return self._normalize(block.norm, x + change) * column

    def _convolve(self, block: Convolution, x: tf.Tensor) -> tf.Tensor:
        norm, value = block.norm, self._value
        scale = value(norm.gamma) / np.sqrt(value(norm.moving_variance) + np.float32(norm.epsilon))
        kernel = value(block.convolution.kernel) * scale
        bias = (value(block.convolution.bias) - value(norm.moving_mean)) * scale + value(norm.beta)
        return x + tf.nn.relu(tf.nn.conv2d(x, kernel[None], 1, "SAME") + bias)

    def _feed(self, block: FeedForward, x: tf.Tensor) -> tf.Tensor:
        return self._dense(block.narrow, self._dense(block.widen, x))

    def _attend(self, block: Attention, x: tf.Tensor, hidden: tf.Tensor) -> tf.Tensor:
        # One product for all three; the scores' scale goes into the queries.
        scales = (1 / math.sqrt(block.size), 1, 1)
        layers = tuple(zip((block.query, block.key, block.value), scales, strict=True))
        kernel = np.concatenate([self._value(layer.kernel) * np.float32(s) for layer, s in layers], axis=1)
        bias = np.concatenate([self._value(layer.bias) * np.float32(s) for layer, s in layers])
        split = tf.reshape(tf.matmul(x, kernel) + bias, (-1, x.shape[2], 3 * block.heads, block.size))
        query, key, value = tf.split(tf.transpose(split, (0, 2, 1, 3)), 3, axis=1)
        shares = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) + hidden)
        mixed = tf.transpose(tf.matmul(shares, value), (0, 2, 1, 3))
        return self._dense(block.out, tf.reshape(mixed, (-1, 1, x.shape[2], block.heads * block.size)))

    def _normalize(self, norm: keras.layers.LayerNormalization, x: tf.Tensor) -> tf.Tensor:
        centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
        variance = tf.reduce_mean(centred * centred, axis=-1, keepdims=True)
        return centred * tf.math.rsqrt(variance + norm.epsilon) * self._value(norm.gamma) + self._value(
            norm.beta
        )

    def _pool(self, pooling: Pooling, x: tf.Tensor, column: tf.Tensor, hidden: tf.Tensor) -> tf.Tensor:
        width = x.shape[-1]
        mean = tf.reduce_sum(x, axis=2) / tf.maximum(tf.reduce_sum(column, axis=2), 1.0)
        highest = tf.reduce_max(x + (1 - column) * OUT_OF_SIGHT, axis=2) * tf.reduce_max(column, axis=2)
        shares = tf.nn.softmax(tf.transpose(self._dense(pooling.attend, x), (0, 1, 3, 2)) + hidden)
        means = tf.reshape(tf.matmul(shares, x), (-1, pooling.heads * width))
        return tf.concat([tf.reshape(mean, (-1, width)), tf.reshape(highest, (-1, width)), means], axis=1)
