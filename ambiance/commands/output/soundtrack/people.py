"""A soundtrack for people at a terminal, a cue after the other."""

import textwrap
from collections.abc import Iterator

from ambiance.commands.output.presentation import (
    INDENT,
    SHORTFALLS,
    WIDTH,
    filter_lines,
    gist,
    label_lines,
    left_out,
    notice_lines,
    place,
    printable,
    title_lines,
)
from ambiance.commands.output.soundtrack.curve import AXES, peaks, points, sparkline
from ambiance.commands.output.soundtrack.whole import Soundtrack, clock
from ambiance.commands.output.style import Style
from ambiance.soundtrack_results import Cue, Transition

_CURVE_WIDTH = 72
_TIME_WIDTH = 9
_BESIDE = " " * (_TIME_WIDTH + 2)


def soundtrack_for_people(soundtrack: Soundtrack, style: Style) -> str:
    """Notices, the curve of the mood, every cue, and what made them."""
    return "\n".join(_lines(soundtrack, style))


def _lines(soundtrack: Soundtrack, style: Style) -> Iterator[str]:
    start, end = soundtrack.start, soundtrack.end
    yield from notice_lines((cue.passage.text for cue in soundtrack.cues), style)
    title = printable(soundtrack.reading.title)
    yield f"{style.strong(title)}  {soundtrack.length}" if title else soundtrack.length
    yield from _curve_lines(soundtrack)
    for cue in soundtrack.cues:
        yield ""
        yield from _cue_lines(soundtrack, cue, style)
    yield ""
    if end.filter_effect is not None:
        yield from filter_lines(end.filter_effect)
    if end.left_out_clip_count:
        yield from textwrap.wrap(left_out(end.left_out_clip_count), WIDTH)
    model, index = start.model, start.index
    yield style.faint(f"model {model.kind} {model.version}, index {index.kind} {index.version}")


def _curve_lines(soundtrack: Soundtrack) -> Iterator[str]:
    curve = points(soundtrack)
    if not curve:
        return
    yield ""
    for axis in AXES:
        yield sparkline(curve, axis, _CURVE_WIDTH)
    if found := peaks(curve):
        told = ", ".join(f"{clock(peak.point.seconds)} {peak.label}" for peak in found)
        yield from textwrap.wrap(f"peaks    {told}", WIDTH, subsequent_indent=" " * 9)


def _cue_lines(soundtrack: Soundtrack, cue: Cue, style: Style) -> Iterator[str]:
    words = printable(" ".join(soundtrack.words(cue).split()))
    shown = textwrap.shorten(words, WIDTH - len(_BESIDE), placeholder="…") if " " in words else words
    if not shown.strip("…"):
        shown = words[: WIDTH - len(_BESIDE) - 1] + "…"
    yield f"{clock(cue.start_seconds):>{_TIME_WIDTH}}  {style.strong(shown[: WIDTH - len(_BESIDE)])}"
    yield from _beside(gist(cue.passage.text))
    yield from _music_lines(cue, style)
    yield from map(style.faint, _beside(printable(cue.why)))


def _music_lines(cue: Cue, style: Style) -> Iterator[str]:
    if cue.clip is None:
        why = f": {SHORTFALLS[cue.shortfall_reason]}" if cue.shortfall_reason else ""
        yield f"{_BESIDE}silence{why}"
        return
    how = "goes on: " if cue.transition is Transition.HOLD else ""
    yield f"{_BESIDE}{how}{place(cue.clip.clip, style)}".rstrip()
    if not how:
        for line in [*title_lines(cue.clip.clip), *label_lines(cue.clip.clip)]:
            yield f"{_BESIDE}{line.removeprefix(INDENT)}"


def _beside(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=_BESIDE, subsequent_indent=_BESIDE)
