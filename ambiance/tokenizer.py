"""Text to token ids, the same in training and in serving: lower-cased runs of a-z from a fixed vocabulary.

The file `vocabulary.txt` of a text encoder holds one token a line; the line number is the token's id.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.errors import ArtifactError

PAD, UNKNOWN = "*PAD*", "*UNK*"
PAD_ID, UNKNOWN_ID = 0, 1
WINDOW = 30  # tokens in one window, the encoder's input width

VOCABULARY_FILE = "vocabulary.txt"

_WORD = re.compile(r"[a-z]+")


def words(text: str) -> list[str]:
    """Lower-cased runs of a-z in the order in which they stand."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class Encoding:
    """One text as the encoder reads it. No token is left out: windows follow each other without overlap."""

    windows: NDArray[np.int32]  # [windows, WINDOW], padded at the end with PAD_ID; no window for no words
    token_count: int
    unknown_token_count: int

    @property
    def window_token_counts(self) -> NDArray[np.int32]:
        """<int32>[windows] tokens in each window, padding not counted."""
        return np.count_nonzero(self.windows, axis=1).astype(np.int32)


class WordTokenizer:
    """Maps words to ids; words outside the vocabulary become UNKNOWN_ID."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        """Take tokens in order of id, PAD and UNKNOWN first.

        Raises:
            ArtifactError: if the first two aren't PAD and UNKNOWN, or a token stands twice.
        """
        self.vocabulary = tuple(vocabulary)
        if self.vocabulary[:2] != (PAD, UNKNOWN):
            raise ArtifactError(f"vocabulary: starts with {self.vocabulary[:2]}, not {(PAD, UNKNOWN)}")
        self._ids = {token: i for i, token in enumerate(self.vocabulary)}
        if len(self._ids) != len(self.vocabulary):
            raise ArtifactError("vocabulary: a token stands on two lines")

    def encode(self, text: str) -> Encoding:
        """Split a text into windows of token ids."""
        ids = [self._ids.get(word, UNKNOWN_ID) for word in words(text)]
        windows = np.zeros((-(-len(ids) // WINDOW), WINDOW), np.int32)
        windows.reshape(-1)[: len(ids)] = ids
        return Encoding(windows, len(ids), ids.count(UNKNOWN_ID))

    def save(self, folder: Path) -> None:
        """Write the vocabulary file into a folder."""
        (folder / VOCABULARY_FILE).write_text("\n".join(self.vocabulary) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "WordTokenizer":
        """Read what `save` wrote."""
        return cls((folder / VOCABULARY_FILE).read_text(encoding="utf-8").split("\n")[:-1])
