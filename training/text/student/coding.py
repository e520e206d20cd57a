"""Product quantisation of a token table (Jégou et al., 2011): a token's vector in a few bytes.

The vector is cut into parts; for each part the table keeps the number of the nearest of 256 shared vectors.
Those shared vectors stay trainable.
"""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.cluster import KMeans

BOOK = 256  # shared vectors of a part, so that a byte names one

_ROUNDS = 15  # of k-means; later ones hardly move


class CodedTable(keras.layers.Layer):
    """Token vectors put together from codes, which are fixed, and the books that they point into."""

    def __init__(self, codes: NDArray[np.uint8], books: NDArray[np.float32]) -> None:
        """Take codes [tokens, parts] and books [parts, BOOK, part width]."""
        super().__init__(name="coded_table")
        self.parts, _, self.part_width = books.shape
        self.codes = self.add_weight(
            shape=codes.shape,
            dtype="uint8",
            initializer=lambda shape, dtype: tf.constant(codes),
            trainable=False,
            name="codes",
        )
        flat = books.reshape(-1, self.part_width)
        self.books = self.add_weight(
            shape=flat.shape, initializer=lambda shape, dtype: tf.constant(flat), name="books"
        )

    def call(self, token_ids: tf.Tensor) -> tf.Tensor:
        """Map <int32>[n, tokens] to <float32>[n, tokens, parts * part width]."""
        codes = tf.cast(tf.gather(tf.convert_to_tensor(self.codes), token_ids), tf.int32)
        rows = codes + BOOK * np.arange(self.parts, dtype=np.int32)
        vectors = tf.gather(tf.convert_to_tensor(self.books), rows)
        length = token_ids.shape[1] or tf.shape(token_ids)[1]
        return tf.reshape(vectors, (-1, length, self.parts * self.part_width))


def empty_table(tokens: int, parts: int, width: int) -> CodedTable:
    """A table of `tokens` vectors of `width` components in `parts` codes, to be filled."""
    return CodedTable(
        np.zeros((tokens, parts), np.uint8), np.zeros((parts, BOOK, width // parts), np.float32)
    )


def code_table(
    table: NDArray[np.float32], weights: NDArray[np.float32], parts: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Code a table <float32>[tokens, width], the tokens of greater weight <float32>[tokens] more closely.

    Returns:
        codes <uint8>[tokens, parts], books <float32>[parts, BOOK, width / parts], and the rotation
        <float32>[width, width] that comes before them: table @ rotation is what is coded. At random, it
        spreads what the table says evenly over the parts.
    """
    rng = np.random.default_rng(seed)
    width = table.shape[1]
    rotation = np.linalg.qr(rng.normal(size=(width, width)))[0].astype(np.float32)
    coded = [_cluster(part, weights, seed) for part in np.split(table @ rotation, parts, axis=1)]
    codes, books = zip(*coded, strict=True)
    return np.stack(codes, axis=1), np.stack(books), rotation


def _cluster(
    vectors: NDArray[np.float32], weights: NDArray[np.float32], seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Codes <uint8>[tokens] and the BOOK vectors they point to; a small table leaves some of them zero."""
    distinct = len(np.unique(vectors, axis=0))
    means = KMeans(min(BOOK, distinct), init="random", n_init=1, max_iter=_ROUNDS, random_state=seed)
    codes = means.fit(vectors, sample_weight=weights).labels_.astype(np.uint8)
    book = np.zeros((BOOK, vectors.shape[1]), np.float32)
    book[: len(means.cluster_centers_)] = means.cluster_centers_
    return codes, book
