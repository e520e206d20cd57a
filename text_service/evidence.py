"""How much evidence of an emotion a text gives, and why if too little: this decides which get the fallback.

Nearly every text is plainly English, as a few common words show. Of the others it is counted which words the
vocabulary, which is English, holds whole. Only if those are few is the language detected.
"""

import re
import unicodedata
from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import NO_SCENE, SCENES
from ambiance.tokenizer import UNKNOWN_ID, TextTokenizer
from text_service.language import ENGLISH, Detect

# Common words that hardly any other language writes so: "die", "in", "was" and "to" are left out.
_ENGLISH = """
the and you your you're that that's this with have haven't are aren't not from they they're what what's
when where would wouldn't could couldn't should because don't didn't doesn't can't cannot won't isn't
wasn't i'm i've i'll i'd it's there there's their been were which who how she she's his our just about
out if then than them these those into yours why he's we're being does did only some any every never but
can get got gets going gonna really people too very want yeah thanks thank please love good time know
think here always after again great many maybe make makes might must much nothing something someone
everyone while without until another before though through yourself myself himself herself day night
right world life feel feels need away both each few look looking old down around other said say thing
things first having
"""
_ENGLISH_WORDS = frozenset(_ENGLISH.split())
_ENGLISH_SHARE = 8  # one word in so many makes a text plainly English

_WHOLE_SHARE = 0.6  # of the letters must be in words that the vocabulary holds; foreign texts have 0 to .5
_LEAST_PROBABILITY = 0.5  # of a language, high enough that English isn't called another

# At most so many letters a token make a word one of fragments. Rare English words and names have 2 to 5,
# gibberish has 1.4.
_FRAGMENT_LETTERS = 1.8
_LEAST_FRAGMENT = 4  # letters of such a word; "omg" is no gibberish

_LOOKED_AT = 2_000  # characters, so that no text costs much

_LETTERS = re.compile(r"[^\W\d_]+")

_NONE = SCENES.index(NO_SCENE)


class Reason(Enum):
    """Why a text gives too little to go by; ambiance.text.v1.EvidenceReason tells more."""

    NO_WORDS = auto()
    UNKNOWN_WORDS = auto()
    OTHER_LANGUAGE = auto()
    NOTHING_FELT = auto()


class Evidence(NamedTuple):
    """How much one text gives to go by."""

    score: float  # probability that it tells of something felt, in [0, 1]; 0 if it can't be read
    reason: Reason | None = None  # None if it gives enough
    language: str = ""  # ISO 639-1, of a text in another language than English


class EvidenceJudge:
    """Judges how much evidence of an emotion texts give."""

    def __init__(self, tokenizer: TextTokenizer, least_score: float, detect: Detect) -> None:
        """Take the tokenizer, the score below which nothing is felt, and the language detector."""
        self._tokenizer, self._least, self._detect = tokenizer, least_score, detect

    def judge(self, texts: Sequence[str], scenes: NDArray[np.float32]) -> list[Evidence]:
        """Judge texts, each with its posterior over scenes <float32>[n, 21]."""
        none = scenes[:, _NONE].tolist()
        return [self._judge(text, 1 - min(max(p, 0.0), 1.0)) for text, p in zip(texts, none, strict=True)]

    def _judge(self, text: str, score: float) -> Evidence:
        if not is_plainly_english(text) and (unread := self.unreadable(text)):
            return unread
        return Evidence(score, Reason.NOTHING_FELT if score < self._least else None)

    def unreadable(self, text: str) -> Evidence | None:
        """Why the model can't read a text; None if it can."""
        text = self._tokenizer.normalized(text)
        if not _LETTERS.search(text):
            return None if any(map(_is_picture, text)) else Evidence(0.0, Reason.NO_WORDS)
        text = text[:_LOOKED_AT]
        words: list[str] = _LETTERS.findall(text.lower())
        count = sum(map(len, words))
        broken = [word for word in words if self._tokenizer.token_id(word) is None]
        if sum(map(len, broken)) <= (1 - _WHOLE_SHARE) * count:
            return None
        language, probability = self._detect(text)
        if language != ENGLISH and probability >= _LEAST_PROBABILITY:
            return Evidence(0.0, Reason.OTHER_LANGUAGE, language)
        unknown = sum(len(word) for word in broken if self._is_fragments(word))
        return Evidence(0.0, Reason.UNKNOWN_WORDS) if 2 * unknown > count else None

    def _is_fragments(self, word: str) -> bool:
        """Whether a word is read in pieces too short to mean anything, or not at all."""
        ids = self._tokenizer.ids(word)
        few = len(word) >= _LEAST_FRAGMENT and len(word) <= _FRAGMENT_LETTERS * len(ids)
        return few or UNKNOWN_ID in ids


def is_plainly_english(text: str) -> bool:
    """Whether enough of a text's words are common English ones to settle that it is English."""
    words = text.lower().split()
    common = [word for word in words if word in _ENGLISH_WORDS]
    return _ENGLISH_SHARE * len(common) >= len(words) > 0


def _is_picture(character: str) -> bool:
    """Whether a character is an emoji or another pictograph, which the model reads as a word."""
    return character >= "\u2190" and unicodedata.category(character) == "So"
