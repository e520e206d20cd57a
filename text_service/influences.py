"""Which words moved a text's emotion: each word is left out in turn, and what is left is read again.

A long text is read in several windows. Only those that held the word are read again; the others keep what
they said, and all are pooled as the text itself is.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ambiance.pooling import EMOTIONS_OUTPUT, SCENES_OUTPUT, window_weights
from ambiance.tokenizer import PAD_ID, UNKNOWN_ID, Encoding
from text_service.function_words import is_function_word
from text_service.windows import Outputs

MAX_INFLUENCES = 5  # words that one text's explanation names

_WORD = re.compile(r"\S+")

# Reads windows <int32>[n, window] as the model's outputs, posteriors over emotions and scenes among them.
Read = Callable[[NDArray[np.int32]], Outputs]


class Influence(NamedTuple):
    """What one word did to the posterior of a text."""

    word: str  # as it stands in the text, with the punctuation that touches it
    start: int  # character of the text that it starts at
    shift: float  # total variation between the posteriors with and without it, in [0, 1]
    emotion: int  # the one whose share it raised or lowered most, by id
    share_change: float  # what it added to that share, in [-1, 1]


@dataclass(frozen=True)
class _LeftOut:
    """A text without each of its n words in turn. A pair is a word and a window that held some of it."""

    spans: list[tuple[int, int]]  # [n] where the words stand in the text
    firsts: NDArray[np.int64]  # [n] the first pair of each word
    held: NDArray[np.int64]  # [pairs] the window
    windows: NDArray[np.int32]  # [pairs, window] what is left of it; no token if the word was all it held


def word_influences(
    texts: Sequence[str],
    encodings: Sequence[Encoding],
    offsets: Sequence[NDArray[np.int32]],
    read: Read,
) -> list[list[Influence]]:
    """The at most MAX_INFLUENCES words of each text that moved its posterior most, largest shift first.

    A text of a single word has none: without it nothing is left to compare with. Words that only hold a
    sentence together are never among them.

    Args:
        texts: as callers sent them.
        encodings: what was read of each text.
        offsets: <int32>[tokens, 2] where each of its tokens starts and ends in the text, in characters.
        read: called once, with every window of the texts and of what is left of them.
    """
    left_out = [_leave_out(*text) for text in zip(texts, encodings, offsets, strict=True)]
    parts = [encoding.windows for encoding in encodings] + [left.windows for left in left_out]
    weighted = _weighted(np.concatenate(parts), read)
    pieces = np.split(weighted, np.cumsum([len(part) for part in parts])[:-1])
    return [
        _influences(*text)
        for text in zip(texts, left_out, pieces[: len(texts)], pieces[len(texts) :], strict=True)
    ]


def _leave_out(text: str, encoding: Encoding, offsets: NDArray[np.int32]) -> _LeftOut:
    """Leave out each word that a token was read of, unless that is the whole text or a function word."""
    words = [match.span() for match in _WORD.finditer(text)]
    # A token belongs to the word of its last character: some tokenizers count the space before it in.
    last = np.maximum(offsets[:, 1] - 1, offsets[:, 0])
    word_of_token = np.searchsorted([start for start, _ in words], last, side="right") - 1
    bounds = np.searchsorted(word_of_token, np.arange(len(words) + 1))
    firsts, stops = bounds[:-1], bounds[1:]
    read = np.flatnonzero((firsts < stops) & (stops - firsts < len(offsets)))
    kept = read[[not is_function_word(text[slice(*words[i])]) for i in read]] if len(read) else read
    return _cut([words[i] for i in kept], firsts[kept], stops[kept], encoding)


def _cut(
    spans: list[tuple[int, int]],
    firsts: NDArray[np.int64],
    stops: NDArray[np.int64],
    encoding: Encoding,
) -> _LeftOut:
    """Take the tokens from first to before stop of each word out of the windows that hold them."""
    ends = np.cumsum(encoding.window_token_counts, dtype=np.int64)
    begins = ends - encoding.window_token_counts
    one, other = (np.searchsorted(ends, token, side="right") for token in (firsts, stops - 1))
    pair_counts = other - one + 1
    first_pairs = np.cumsum(pair_counts) - pair_counts
    word = np.repeat(np.arange(len(spans)), pair_counts)
    held = one[word] + np.arange(len(word)) - first_pairs[word]
    first, stop = (np.clip(token[word], begins[held], ends[held]) - begins[held] for token in (firsts, stops))
    return _LeftOut(spans, first_pairs, held, _close_gaps(encoding.windows[held], first, stop))


def _close_gaps(
    windows: NDArray[np.int32], first: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Windows <int32>[n, window] without the tokens from column `first` to before `stop` of each."""
    columns = np.arange(windows.shape[1])
    sources = columns + np.where(columns >= first[:, None], (stop - first)[:, None], 0)
    padded = np.pad(windows, ((0, 0), (0, windows.shape[1])), constant_values=PAD_ID)
    return np.take_along_axis(padded, sources, axis=1)


def _weighted(windows: NDArray[np.int32], read: Read) -> NDArray[np.float64]:
    """<float64>[n, emotions + 1] each window's posterior and a 1, times its weight; 0 if it has no token."""
    some = windows[:, 0] != PAD_ID
    kept = windows[some]
    outputs = read(kept)
    emotions = outputs[EMOTIONS_OUTPUT]
    counted = Encoding(kept, int(np.count_nonzero(kept)), int(np.count_nonzero(kept == UNKNOWN_ID)))
    weights = window_weights(outputs[SCENES_OUTPUT], [counted])
    weighted = np.zeros((len(windows), emotions.shape[1] + 1))
    weighted[some] = np.concatenate([emotions, np.ones((len(emotions), 1))], axis=1) * weights[:, None]
    return weighted


def _influences(
    text: str, left_out: _LeftOut, windows: NDArray[np.float64], left: NDArray[np.float64]
) -> list[Influence]:
    """Compare a text with what is left of it, from the weighted posteriors of the windows of both."""
    if not left_out.spans:
        return []
    whole = windows.sum(axis=0)
    without = whole + np.add.reduceat(left - windows[left_out.held], left_out.firsts, axis=0)
    difference = whole[:-1] / whole[-1] - without[:, :-1] / without[:, -1:]
    shifts = np.abs(difference).sum(axis=1) / 2
    emotions = np.abs(difference).argmax(axis=1)
    return [
        Influence(
            text[slice(*left_out.spans[i])],
            left_out.spans[i][0],
            float(shifts[i]),
            int(emotions[i]),
            float(difference[i, emotions[i]]),
        )
        for i in np.argsort(-shifts, kind="stable")[:MAX_INFLUENCES]
    ]
