"""Brings what people type into the form that the model learned, however its characters are encoded."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import groupby, islice

_STRAIGHT = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "ʼ": "'", "`": "'", "´": "'",
        "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
    }
)  # fmt: skip

# Zero-width characters, soft hyphens, marks of direction, variation selectors: they change no word.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
)

_ELONGATED = re.compile(r"([a-z])\1\1", re.IGNORECASE | re.ASCII)
_WORD = re.compile(r"[a-z]+", re.IGNORECASE | re.ASCII)
_NUMERAL = re.compile(r"[IVXLCM]+")
_RUN = re.compile(r"([a-z])\1{2,}", re.IGNORECASE | re.ASCII)

# Combining marks in a row that are read; no language needs as many. Sorting a run of n takes n² steps.
_MOST_MARKS = 30

# Number of a lower-case word in the vocabulary, None if it isn't there; commoner words come first.
WordId = Callable[[str], int | None]


def needs_normalizing(text: str) -> bool:
    """Whether `normalize` may change a text; most texts don't need it."""
    return not text.isascii() or _ELONGATED.search(text) is not None or "`" in text


def normalize(text: str, word_id: WordId) -> str:
    """NFKC, straight quotes and dashes, nothing invisible, and "soooo" as "so", "coool" as "cool"."""
    plain = _INVISIBLE.sub("", text).translate(
        _STRAIGHT
    )  # NFKC would part the acute accent typed for a quote
    if not plain.isascii():
        composed = unicodedata.normalize("NFKC", _without_piled_marks(plain))
        plain = _INVISIBLE.sub("", composed).translate(_STRAIGHT)
    if not _ELONGATED.search(plain):
        return plain
    return _WORD.sub(lambda word: shorten(word[0], word_id) if _RUN.search(word[0]) else word[0], plain)


def normalized_pieces(text: str, word_id: WordId) -> Iterator[tuple[str, int, int]]:
    """Yield the pieces that `normalize` puts together, and from where to where in `text` each comes.

    A piece is a word or what lies between two: composing never crosses white space.
    """
    for match in re.finditer(r"\s+|\S+", text):
        yield normalize(match[0], word_id), match.start(), match.end()


def shorten(word: str, word_id: WordId) -> str:
    """A word whose runs of three letters and more are one letter or two, as the commoner word has it.

    A Roman numeral is left as it is.
    """
    if _NUMERAL.fullmatch(word):
        return word
    once, twice = _RUN.sub(r"\1", word), _RUN.sub(r"\1\1", word)
    single, double = word_id(once.lower()), word_id(twice.lower())
    if double is None or (single is not None and single < double):
        return once
    return twice


def _without_piled_marks(text: str) -> str:
    """A text without the combining marks beyond the first few of each run of them."""
    if len(text) <= _MOST_MARKS:
        return text
    runs = groupby(text, lambda character: unicodedata.combining(character) > 0)
    return "".join("".join(islice(run, _MOST_MARKS) if marks else run) for marks, run in runs)
