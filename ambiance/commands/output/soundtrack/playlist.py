"""A soundtrack as a playlist in extended M3U, as VLC, mpv and others open it.

A clip that is shorter than its passage stands there as often as it plays, and one that is held from passage
to passage goes on. What has no address, and silence, can't stand in a playlist; a comment says so.
"""

from collections.abc import Iterator
from math import ceil

from ambiance.commands.output.soundtrack.whole import Soundtrack, clock
from ambiance.results import Clip
from ambiance.soundtrack_results import Cue, Transition

_SHORTEST_S = 1.0  # what is left of a clip that plays again isn't worth an entry below this


def soundtrack_as_playlist(soundtrack: Soundtrack) -> str:
    """The playlist, in UTF-8 once it is encoded."""
    lines = ["#EXTM3U"]
    if title := _line(soundtrack.reading.title):
        lines.append(f"#PLAYLIST:{title}")
    for cue, seconds in _runs(soundtrack.cues):
        lines += _entries(cue, seconds)
    return "\n".join(lines)


def _runs(cues: tuple[Cue, ...]) -> Iterator[tuple[Cue, float]]:
    """The first cue of each clip that plays on, and for how long it does."""
    first: Cue | None = None
    seconds = 0.0
    for cue in cues:
        if first is not None and cue.transition is Transition.HOLD:
            seconds += cue.duration_seconds
            continue
        if first is not None:
            yield first, seconds
        first, seconds = cue, cue.duration_seconds
    if first is not None:
        yield first, seconds


def _entries(cue: Cue, seconds: float) -> Iterator[str]:
    when = f"at {clock(cue.start_seconds)} for {clock(seconds)}"
    if cue.clip is None:
        yield f"# silence {when}"
        return
    clip = cue.clip.clip
    if not (address := _line(clip.url)):
        yield f"# {_line(clip.id)} {when}: its address isn't known"
        return
    length = clip.end_seconds - clip.start_seconds
    if length <= 0:  # as long as it lasts
        length = seconds
    for i in range(ceil(seconds / length)):
        part = min(length, seconds - i * length)
        if i and part < _SHORTEST_S:
            return
        yield f"#EXTINF:{max(1, round(part))},{_title(clip)}"
        yield f"#EXTVLCOPT:start-time={clip.start_seconds:g}"
        yield f"#EXTVLCOPT:stop-time={clip.start_seconds + part:g}"
        yield address


def _title(clip: Clip) -> str:
    known = clip.metadata
    return _line(" - ".join(filter(None, (known.artist, known.title))) or ", ".join(clip.labels) or clip.id)


def _line(text: str) -> str:
    """A text that ends no line of the playlist, whoever wrote it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
