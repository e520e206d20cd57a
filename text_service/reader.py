"""Reads texts in the numpy world: text -> windows -> model -> one point of VAD a text -> emotion shares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS
from ambiance.tokenizer import Encoding, WordTokenizer
from text_service.windows import WindowEncoder


@dataclass(frozen=True)
class Reading:
    """What was read in n texts, in their order."""

    vad: NDArray[np.float32]  # [n, 3] valence, arousal and dominance, in [0, 1]
    ranking: NDArray[np.int64]  # [n, emotions] emotion ids by descending share, equal shares by id
    shares: NDArray[np.float32]  # [n, emotions] shares in the order of `ranking`; a row sums to 1


class TextReader:
    """Reads the emotion in texts with a tokenizer and a model made for each other."""

    def __init__(self, tokenizer: WordTokenizer, encoder: WindowEncoder) -> None:
        self._tokenizer, self._encoder = tokenizer, encoder

    def tokenize(self, text: str) -> Encoding:
        """Split a text into windows; none if it has no word."""
        return self._tokenizer.encode(text)

    def read(self, encodings: Sequence[Encoding], timeout_s: float) -> Reading:
        """Read texts that have at least one window each.

        A text's reading doesn't depend on the texts around it, to the bit.

        Raises:
            as `WindowEncoder.encode`.
        """
        windows = np.concatenate([encoding.windows for encoding in encodings])
        vad = pool(self._encoder.encode(windows, timeout_s), encodings)
        shares = EMOTIONS.closeness(vad)
        ranking = np.argsort(-shares, axis=1, kind="stable")
        return Reading(vad, ranking, np.take_along_axis(shares, ranking, axis=1))


def pool(vad: NDArray[np.float32], encodings: Sequence[Encoding]) -> NDArray[np.float32]:
    """One point <float32>[texts, 3] a text from those of its windows <float32>[windows, 3].

    It is the mean of the windows, each weighted by its words: a last window of two words says less than
    the full ones before it.
    """
    if len(vad) == len(encodings):
        return vad
    words = np.concatenate([encoding.window_token_counts for encoding in encodings])
    firsts = np.cumsum([0, *(len(encoding.windows) for encoding in encodings[:-1])])
    # float64, in which a lone window's mean is that window exactly
    totals = np.add.reduceat(vad * words[:, None].astype(np.float64), firsts, axis=0)
    return (totals / np.add.reduceat(words, firsts)[:, None]).astype(np.float32)
