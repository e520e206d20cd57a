"""Reads texts in the numpy world: text -> windows -> model -> one answer a text, its scores in order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import VAD_SPACE, mood_shares
from ambiance.pooling import EMOTIONS_OUTPUT, pool
from ambiance.tokenizer import Encoding, TextTokenizer
from text_service.influences import Influence, word_influences
from text_service.windows import IsWanted, Outputs, WindowEncoder, always


@dataclass(frozen=True)
class Ranked:
    """Scores of n texts in descending order, equal ones by label."""

    labels: NDArray[np.int64]  # [n, labels]
    scores: NDArray[np.float32]  # [n, labels] in the order of `labels`; a row sums to 1


@dataclass(frozen=True)
class Reading:
    """What was read in n texts, in their order."""

    emotions: Ranked
    moods: Ranked
    outputs: Outputs  # of the model, <float32>[n, width] by name; "vad" lies in [0, 1]


class TextReader:
    """Reads the emotion in texts with a tokenizer and a model made for each other."""

    def __init__(self, tokenizer: TextTokenizer, encoder: WindowEncoder) -> None:
        self._tokenizer, self._encoder = tokenizer, encoder
        self._window = encoder.signature.window

    def tokenize(self, text: str) -> Encoding:
        """Split a text into windows; none if it has no word."""
        return self._tokenizer.encode(text, self._window)

    def read(self, encodings: Sequence[Encoding], timeout_s: float, is_wanted: IsWanted = always) -> Reading:
        """Read texts that have at least one window each.

        A text's reading doesn't depend on the texts around it, to the bit.

        Raises:
            as `WindowEncoder.encode`.
        """
        windows = np.concatenate([encoding.windows for encoding in encodings])
        outputs = pool(self._encoder.encode(windows, timeout_s, is_wanted), encodings)
        # Rounding leads out by a hair. (np.clip takes three times as long.)
        outputs[VAD_SPACE] = np.minimum(np.maximum(outputs[VAD_SPACE], 0), 1)
        emotions = outputs[EMOTIONS_OUTPUT]
        return Reading(_ranked(emotions), _ranked(mood_shares(emotions)), outputs)

    def explain(
        self,
        texts: Sequence[str],
        encodings: Sequence[Encoding],
        timeout_s: float,
        is_wanted: IsWanted = always,
    ) -> list[list[Influence]]:
        """The words that moved the emotion of each text most; `encodings` are the texts' own.

        Raises:
            as `WindowEncoder.encode`.
        """
        offsets = [self._tokenizer.offsets(text) for text in texts]

        def read_emotions(windows: NDArray[np.int32]) -> NDArray[np.float32]:
            return self._encoder.encode(windows, timeout_s, is_wanted)[EMOTIONS_OUTPUT]

        return word_influences(texts, encodings, offsets, read_emotions)


def _ranked(scores: NDArray[np.float32]) -> Ranked:
    labels = (-scores).argsort(axis=1, kind="stable")
    rows = np.arange(len(scores))[:, None]
    return Ranked(labels, scores[rows, labels])  # np.take_along_axis takes four times as long
