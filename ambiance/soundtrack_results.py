"""A soundtrack as the clients return it: `SoundtrackStart`, a `Cue` for each passage, `SoundtrackEnd`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from ambiance.results import (
    ArtifactVersion,
    EncodedText,
    FilterEffect,
    Neighbor,
    ShortfallReason,
    Space,
    Vad,
)


class Transition(StrEnum):
    """How a cue begins."""

    HOLD = "hold"  # the clip before goes on
    FADE = "fade"  # one clip fades into the other, or in from silence, or out into it
    CUT = "cut"  # at once
    UNKNOWN = "unknown"  # the service is newer than this client


class CueReason(StrEnum):
    """What decided on the clip of a cue."""

    NEAREST = "nearest"  # it is the nearest to the passage's mood
    SEQUENCE = "sequence"  # nearer ones would have jumped or repeated, or are above all something else
    HELD = "held"  # the mood stays, and so does the clip
    DECIDED = "decided"  # a decision of the request
    SILENT = "silent"  # nothing plays, by a decision of the request
    NO_CLIP = "no_clip"  # nothing plays, as no clip may
    UNKNOWN = "unknown"  # the service is newer than this client


class MoodPoint(NamedTuple):
    """The mood at a sentence, smoothed by those around it."""

    start: int  # character of the text that the sentence starts at
    vad: Vad


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of the text of one mood, from the start of a sentence to the start of another."""

    start: int  # Unicode characters of the text, from 0: `text[start:end]` is it
    end: int
    start_byte: int  # bytes of the text in UTF-8
    end_byte: int
    word_count: int
    text: EncodedText  # what was read in it; its embedding is empty
    curve: tuple[MoodPoint, ...]  # a point for each sentence, in order


@dataclass(frozen=True, slots=True)
class SoundtrackStart:
    """What is known of a soundtrack before its first cue."""

    space: Space
    model: ArtifactVersion
    index: ArtifactVersion
    character_count: int
    word_count: int
    duration_seconds: float  # that reading the text takes


@dataclass(frozen=True, slots=True)
class Cue:
    """A passage of the text and the music that plays to it."""

    number: int  # from 0
    passage: Passage
    clip: Neighbor | None  # None if nothing plays
    alternates: tuple[Neighbor, ...]  # at most two, the better first
    start_seconds: float  # of reading, from the start of the text
    duration_seconds: float
    transition: Transition
    transition_seconds: float  # from start_seconds on; 0 for a cut
    reason: CueReason
    why: str  # the same in a sentence of English
    shortfall_reason: (
        ShortfallReason | None
    )  # why fewer clips than asked for were weighed; None if they weren't


@dataclass(frozen=True, slots=True)
class SoundtrackEnd:
    """What is known of a soundtrack after its last cue."""

    cue_count: int
    duration_seconds: float
    filter_effect: FilterEffect | None  # None if there was no filter, that against vocals included
    left_out_clip_count: int  # clips left out as not worth hearing


SoundtrackPart: TypeAlias = SoundtrackStart | Cue | SoundtrackEnd
