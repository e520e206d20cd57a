"""Texts as the seed's network reads them: the first window of each, and no more."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.tokenizer import PAD_ID, WINDOW, WordTokenizer

TOKEN_IDS = "token_ids"  # the network's input


def first_windows(tokenizer: WordTokenizer, texts: Sequence[str]) -> NDArray[np.int32]:
    """<int32>[n, WINDOW] token ids of each text's first window; all padding for a text without words."""
    token_ids = np.full((len(texts), WINDOW), PAD_ID, np.int32)
    for row, text in zip(token_ids, texts, strict=True):
        for window in tokenizer.encode(text).windows[:1]:
            row[:] = window
    return token_ids
