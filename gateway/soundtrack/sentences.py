"""Splits a text into the sentences that are read one by one, a paragraph at a time.

Where one ends is what `sentencex` says. Its sentences of a few words are joined with those after them in
their paragraph: a model makes little of "He ran." alone, and a long text has thousands. Overlong ones, of
texts without punctuation, are split where they pause, or hard.
"""

import logging
import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import sentencex

from gateway.soundtrack.words import count_words

logger = logging.getLogger(__name__)

LEAST_WORDS = 8  # of what is read by itself, unless its paragraph has fewer
LONGEST_CHARACTERS = 1_000  # of a sentence
PARAGRAPH_CHARACTERS = 20_000  # of a paragraph that are looked at together

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")
_CHAPTER_GAP = 3  # line breaks that part more than paragraphs
# sentencex 1.0.32 panics on some white space of more than one byte: it is shown a blank in its place.
_BLANKS = dict.fromkeys(
    [*map(ord, "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"), *range(0x2000, 0x200B)], " "
)
_LANGUAGE = "en"  # the one that the text service reads; full stops of others are known all the same

_HEADING = re.compile(
    r"(?:chapter|part|book|volume|canto|act|scene|letter|stave|prologue|epilogue|interlude)\b.{0,70}"
    r"|[\W\d_]{1,40}|[ivxlcdm]{1,8}[.:]?",
    re.IGNORECASE,
)
_HEADING_CHARACTERS = 80
_PAUSES = ("\n", "; ", ": ", ", ", " — ", " ")  # where a sentence is split, the better first


class Break(IntEnum):
    """What stands between a sentence and the one before."""

    NONE = 0
    LINE = 1
    PARAGRAPH = 2
    CHAPTER = 3


class Sentence(NamedTuple):
    """A part of the text that is read by itself, with the white space after it."""

    start: int  # in characters of the text
    end: int
    start_byte: int  # in bytes of the text in UTF-8
    end_byte: int
    word_count: int
    before: Break
    text: str

    @property
    def character_count(self) -> int:
        """How long it is, in characters."""
        return self.end - self.start


class _Piece(NamedTuple):
    """A part of a paragraph, before it knows its bytes."""

    end: int
    before: Break


def sentences(text: str, start: int, end: int, start_byte: int) -> Iterator[Sentence]:
    """The sentences of `text[start:end]`, which they cover without a gap; `start_byte` is where it starts."""
    for piece in _joined(text, start, _pieces(text, start, end)):
        part = text[start : piece.end]
        end_byte = start_byte + len(part.encode())
        words = count_words(text, start, piece.end)
        yield Sentence(start, piece.end, start_byte, end_byte, words, piece.before, part)
        start, start_byte = piece.end, end_byte


def _joined(text: str, start: int, pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Pieces of at least LEAST_WORDS, unless a paragraph ends; a heading is joined to what it heads."""
    open_piece: _Piece | None = None
    for piece in pieces:
        if open_piece is not None:
            if piece.before < Break.PARAGRAPH or _is_heading(text[start : open_piece.end]):
                joined = _Piece(piece.end, max(open_piece.before, _heading_break(text, start, open_piece)))
                if joined.end - start <= LONGEST_CHARACTERS:
                    open_piece = joined
                    if not _is_short(text, start, joined.end):
                        yield joined
                        start, open_piece = joined.end, None
                    continue
            yield open_piece
            start = open_piece.end
        open_piece = piece
        if not _is_short(text, start, piece.end):
            yield piece
            start, open_piece = piece.end, None
    if open_piece is not None:
        yield open_piece


def _heading_break(text: str, start: int, piece: _Piece) -> Break:
    return Break.CHAPTER if _is_heading(text[start : piece.end]) else Break.NONE


def _is_short(text: str, start: int, end: int) -> bool:
    return end - start < LONGEST_CHARACTERS // 2 and count_words(text, start, end) < LEAST_WORDS


def _is_heading(part: str) -> bool:
    """Whether a paragraph heads what follows: "Chapter 2", "* * *", "IV", "THE STORM"."""
    line = part.strip()
    if not line or len(line) > _HEADING_CHARACTERS:
        return not line
    return line.isupper() or _HEADING.fullmatch(line) is not None


def _pieces(text: str, start: int, end: int) -> Iterator[_Piece]:
    """Sentences as they are found, each with the white space after it, none overlong."""
    before = Break.NONE
    while start < end:
        stop = min(start + PARAGRAPH_CHARACTERS, end)
        gap = _PARAGRAPH_END.search(text, start, stop)
        if gap is not None:
            stop = gap.end()
        ends = _ends(text, start, stop)
        if gap is None and stop < end and len(ends) > 1:
            ends.pop()  # it may go on
        for at in ends:
            for cut in _cuts(text, start, at):
                yield _Piece(cut, before)
                before = Break.NONE
            before = Break.LINE if "\n" in text[max(start, at - 4) : at] else Break.NONE
            start = at
        if gap is not None and start == gap.end():
            before = Break.CHAPTER if gap[0].count("\n") >= _CHAPTER_GAP else Break.PARAGRAPH


def _ends(text: str, start: int, stop: int) -> list[int]:
    """Where the sentences of `text[start:stop]` end, the last at `stop`; each has the space after it."""
    ends: list[int] = []
    at, seen = start, False
    for part in _segments(text[start:stop]):
        at += len(part)
        if not part.isspace():
            ends.append(at)
            seen = True
        elif seen:
            ends[-1] = at
    if at != stop or not ends:
        return [stop]
    return ends


def _segments(paragraph: str) -> list[str]:
    """What sentencex makes of a paragraph; the paragraph as it is, should it panic."""
    try:
        return sentencex.segment(_LANGUAGE, paragraph.translate(_BLANKS))
    except BaseException as error:  # a panic of Rust's is no Exception
        if type(error).__name__ != "PanicException":
            raise
        logger.warning("sentencex failed on a paragraph", extra={"characters": len(paragraph)})
        return [paragraph]


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Ends of parts of at most LONGEST_CHARACTERS that make up a sentence."""
    while end - start > LONGEST_CHARACTERS:
        start = _pause(text, start)
        yield start
    yield end


def _pause(text: str, start: int) -> int:
    """The last good place to split a sentence that goes on for more than LONGEST_CHARACTERS from here."""
    last = start + LONGEST_CHARACTERS
    for pause in _PAUSES:
        at = text.rfind(pause, start + LONGEST_CHARACTERS // 2, last)
        if at >= 0:
            return at + len(pause)
    return last
