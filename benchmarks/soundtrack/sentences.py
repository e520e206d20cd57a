"""Sentences and words of a text, as everything here counts them, whatever a service takes for a sentence."""

import re
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# An end of a sentence with its quotes, and white space; or an empty line. "Mr." and its like end none.
_END = re.compile(r"""(?<!\bMr)(?<!\bMrs)(?<!\bDr)(?<!\bSt)[.!?…]+["'”’)]*\s+|\n\s*\n\s*""")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Measured:
    """A text with the places of its sentences and words, in Unicode characters."""

    text: str
    sentence_starts: list[int]
    word_starts: NDArray[np.int64]
    scene_starts: tuple[int, ...]  # none where scenes aren't known

    @property
    def sentences(self) -> list[str]:
        """The sentences, each with the white space behind it."""
        ends = [*self.sentence_starts[1:], len(self.text)]
        return [self.text[start:end] for start, end in zip(self.sentence_starts, ends, strict=True)]

    def words(self, start: int, end: int) -> int:
        """Words that begin from `start` and before `end`."""
        first, last = np.searchsorted(self.word_starts, (start, end))
        return int(last - first)

    def sentence_at(self, position: int) -> int:
        """The first sentence that begins at a position or behind it."""
        return bisect_left(self.sentence_starts, position)


def measured(text: str, scene_starts: tuple[int, ...] = ()) -> Measured:
    """Find the sentences and words of a text that isn't blank."""
    starts = [0, *(match.end() for match in _END.finditer(text) if match.end() < len(text))]
    words = np.array([match.start() for match in _WORD.finditer(text)], np.int64)
    return Measured(text, starts, words, scene_starts)
