"""A soundtrack whose parts have all come, with the text that it is for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ambiance.reading import Reading
from ambiance.soundtrack_results import Cue, SoundtrackEnd, SoundtrackPart, SoundtrackStart


@dataclass(frozen=True)
class Soundtrack:
    """All of it."""

    reading: Reading
    start: SoundtrackStart
    cues: tuple[Cue, ...]
    end: SoundtrackEnd

    def words(self, cue: Cue) -> str:
        """The text of a cue's passage."""
        return self.reading.text[cue.passage.start : cue.passage.end]

    @property
    def length(self) -> str:
        """How much there is to read and to hear."""
        words, cues = _counted(self.start.word_count, "word"), _counted(self.end.cue_count, "cue")
        return f"{words}, {clock(self.end.duration_seconds)} of reading, {cues}"


def collected(
    reading: Reading, parts: Iterable[SoundtrackPart], advance: Callable[[int], None]
) -> Soundtrack:
    """Every part; `advance` is told the character that the work has come to.

    Raises:
        AmbianceError: of the client, in the midst of the parts. One that is whole has a start and an end.
    """
    start: SoundtrackStart | None = None
    end: SoundtrackEnd | None = None
    cues = []
    for part in parts:
        if isinstance(part, Cue):
            cues.append(part)
            advance(part.passage.end)
        elif isinstance(part, SoundtrackStart):
            start = part
        else:
            end = part
    assert start is not None, "the client has seen to it"
    assert end is not None, "the client has seen to it"
    return Soundtrack(reading, start, tuple(cues), end)


def clock(seconds: float) -> str:
    """A time of reading as a player shows it, 1:02:03."""
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
