"""Gathers sentences into passages, a stretch at a time, reading ahead only as far as that needs."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from ambiance.limits import MAX_PASSAGE_SENTENCES, MAX_TEXT_CHARACTERS
from gateway.soundtrack.change_points import End, Lengths, Line, passage_ends
from gateway.soundtrack.curve import Point, smoothed
from gateway.soundtrack.decisions import Decision, Stretch
from gateway.soundtrack.readings import Reader, Unit
from gateway.soundtrack.sentences import sentences
from gateway.soundtrack.settings import Brief

# How much is read before passages are settled, in longest passages, each time until it stays with the last;
# and how much of it is left open: what follows may yet move the last of them. The first passages are
# settled sooner.
AHEAD = (1.4, 2.0, 3.0, 4.0)
LEFT_OPEN = 1.2


class Span(NamedTuple):
    """A passage: its sentences and the mood along it."""

    units: Sequence[Unit]
    curve: Sequence[Point]  # a point for each sentence
    decision: Decision | None
    word_count: int
    seconds: float  # that reading it takes
    is_last: bool = False  # of the text

    @property
    def start(self) -> int:
        """In characters of the text."""
        return self.units[0].sentence.start

    @property
    def end(self) -> int:
        """In characters of the text."""
        return self.units[-1].sentence.end


def spans(brief: Brief, reader: Reader, stretches: Iterable[Stretch]) -> Iterator[Span]:
    """The passages of the text in order."""
    start_byte, last, ahead = 0, None, iter(AHEAD)
    for stretch in stretches:
        read = reader.read(sentences(brief.text, stretch.start, stretch.end, start_byte))
        end = End.TEXT if stretch.end == len(brief.text) else End.DECISION
        if stretch.decision is not None:
            found = _decided(brief, read, stretch.decision)
        else:
            found = _composed(brief, read, ahead, end)
        for span in found:
            if last is not None:
                yield last
            last = span
            start_byte = span.units[-1].sentence.end_byte
    if last is not None:
        yield last._replace(is_last=True)


def _decided(brief: Brief, read: Iterator[Unit], decision: Decision) -> Iterator[Span]:
    units = list(read)
    yield _span(brief, units, smoothed([], units, []), decision)


def _span(brief: Brief, units: Sequence[Unit], curve: Sequence[Point], decision: Decision | None) -> Span:
    words = sum(unit.sentence.word_count for unit in units)
    return Span(units, curve, decision, words, brief.seconds(words))


def _composed(brief: Brief, read: Iterator[Unit], ahead: Iterator[float], end: End) -> Iterator[Span]:
    """Passages of a stretch that ends so, settled a few at a time."""
    lengths = Lengths(brief.min_passage_s, brief.max_passage_s, MAX_TEXT_CHARACTERS)
    before: Sequence[Unit] = []
    units: list[Unit] = []
    is_whole = False
    while units or not is_whole:
        is_whole = _fill(units, read, brief, next(ahead, AHEAD[-1]))
        if not units:
            return
        ends = passage_ends(_line(brief, units), lengths, end if is_whole else End.OPEN)
        settled = ends if is_whole else _settled(brief, units, ends)
        for start, stop in zip([0, *settled], settled, strict=False):
            own, after = units[start:stop], units[stop:]
            yield _span(brief, own, smoothed(before, own, after), None)
            before = own
        del units[: settled[-1]]


def _fill(units: list[Unit], read: Iterator[Unit], brief: Brief, ahead: float) -> bool:
    """Read on until there are so many longest passages; returns whether the stretch ends with it.

    A passage has at most as many characters as a text that is read at once, however few words that is, and no
    more sentences than can be weighed at once: each may be a single word.
    """
    seconds = ahead * brief.max_passage_s - sum(brief.seconds(unit.sentence.word_count) for unit in units)
    characters = ahead * MAX_TEXT_CHARACTERS - sum(unit.sentence.character_count for unit in units)
    while seconds > 0 and characters > 0 and len(units) < MAX_PASSAGE_SENTENCES:
        unit = next(read, None)
        if unit is None:
            return True
        units.append(unit)
        seconds -= brief.seconds(unit.sentence.word_count)
        characters -= unit.sentence.character_count
    return False


def _settled(brief: Brief, units: Sequence[Unit], ends: Sequence[int]) -> Sequence[int]:
    """Those ends that what follows will hardly move, at least one."""
    seconds = list(accumulate(brief.seconds(unit.sentence.word_count) for unit in units))
    limit = seconds[-1] - LEFT_OPEN * brief.max_passage_s
    return [end for end in ends[:-1] if seconds[end - 1] <= limit] or ends[:1]


def _line(brief: Brief, units: Sequence[Unit]) -> Line:
    return Line(
        np.array([unit.scenes for unit in units], np.float64),
        np.array([unit.weight for unit in units], np.float64),
        np.array([brief.seconds(unit.sentence.word_count) for unit in units], np.float64),
        np.array([unit.sentence.character_count for unit in units], np.int64),
        [unit.sentence.before for unit in units],
    )
