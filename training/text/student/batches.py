"""Texts of many lengths in batches of like length, so that little of a batch is padding."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.tokenizer import PAD_ID

TokenIds = Sequence[NDArray[np.int32]]  # a text each, at least one token

_WIDTH_STEP = 8  # tokens: few widths, few traces of the training step
_POOL = 50  # batches among which texts are sorted by length


def shuffled_batches(
    lengths: NDArray[np.int64], batch_size: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield rows of each batch of one epoch: every text once, in random order, like lengths together."""
    order = rng.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), batch_size * _POOL):
        pool = order[start : start + batch_size * _POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[first : first + batch_size] for first in range(0, len(pool), batch_size)]
    for batch in rng.permutation(len(batches)):
        yield batches[batch]


def pad(texts: TokenIds) -> NDArray[np.int32]:
    """<int32>[n, width] token ids, padded at the end to a multiple of 8."""
    width = -(-max(map(len, texts)) // _WIDTH_STEP) * _WIDTH_STEP
    padded = np.full((len(texts), width), PAD_ID, np.int32)
    for row, text in zip(padded, texts, strict=True):
        row[: len(text)] = text
    return padded
