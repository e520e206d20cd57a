"""Ways to find music for a long text: the soundtrack, and the simpler ones that it is measured beside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ambiance.limits import DEFAULT_WORDS_PER_MINUTE, MAX_TEXT_CHARACTERS
from ambiance.match.v1 import soundtrack_pb2
from ambiance.music.v1 import clip_pb2
from soundtrack.sentences import Measured
from soundtrack.service import Service, Wish

WINDOW_SECONDS = 60

SOUNDTRACK, SENTENCES, WINDOWS, WHOLE = "soundtrack", "each sentence", "each minute", "whole text"
SCENES = "each scene, told"


@dataclass(frozen=True)
class Cue:
    """Music for a part of a text, in Unicode characters."""

    start: int
    end: int
    clip: clip_pb2.Clip | None  # None: nothing plays
    said: soundtrack_pb2.Cue | None = None  # by the soundtrack


def soundtrack(service: Service, text: Measured, wish: Wish) -> list[Cue]:
    """ComposeSoundtrack with its defaults."""
    parts = service.soundtrack(text.text, wish)
    said = [part.cue for part in parts if part.WhichOneof("part") == "cue"]
    return [
        Cue(cue.passage.start, cue.passage.end, cue.clip.clip if cue.HasField("clip") else None, cue)
        for cue in said
    ]


def each_sentence(service: Service, text: Measured, wish: Wish) -> list[Cue]:
    """The nearest clip of each sentence."""
    return _matched(service, text, text.sentence_starts, wish)


def each_minute(service: Service, text: Measured, wish: Wish) -> list[Cue]:
    """The nearest clip of each minute of reading, in whole sentences."""
    words = DEFAULT_WORDS_PER_MINUTE * WINDOW_SECONDS / 60
    starts = [0]
    for start in text.sentence_starts:
        if text.words(starts[-1], start) >= words:
            starts.append(start)
    return _matched(service, text, starts, wish)


def whole_text(service: Service, text: Measured, wish: Wish) -> list[Cue]:
    """The nearest clip of the text as a whole, or of as much as one request may hold, in whole sentences."""
    starts = [0]
    for start, end in zip(text.sentence_starts, [*text.sentence_starts[1:], len(text.text)], strict=True):
        if end - starts[-1] > MAX_TEXT_CHARACTERS:
            starts.append(start)
    return _matched(service, text, starts, wish)


def each_scene(service: Service, text: Measured, wish: Wish) -> list[Cue]:
    """The nearest clip of each scene: what would play if somebody told where scenes begin."""
    return _matched(service, text, list(text.scene_starts), wish)


WAYS: Mapping[str, Callable[[Service, Measured, Wish], list[Cue]]] = {
    SOUNDTRACK: soundtrack,
    SENTENCES: each_sentence,
    WINDOWS: each_minute,
    WHOLE: whole_text,
    SCENES: each_scene,
}


def _matched(service: Service, text: Measured, starts: list[int], wish: Wish) -> list[Cue]:
    ends = [*starts[1:], len(text.text)]
    parts = [text.text[start:end] for start, end in zip(starts, ends, strict=True)]
    return [Cue(*cue) for cue in zip(starts, ends, service.nearest(parts, wish), strict=True)]
