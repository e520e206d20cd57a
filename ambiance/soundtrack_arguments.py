"""What a soundtrack may be asked for beyond its text, as both clients take it, by keyword."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ambiance.search_arguments import SearchArguments


@dataclass(frozen=True, slots=True)
class SoundtrackWeights:
    """What is weighed against what as a sequence of clips is chosen, 0 to 100; None for the default, 1."""

    fit: float | None = None  # cost of a clip's distance from its passage's mood
    smoothness: float | None = None  # cost of a jump from clip to clip, a large one more than in proportion
    variety: float | None = None  # cost of hearing much the same again from another clip
    staying: float | None = None  # gain of going on with a clip where the mood stays


class PassageDecision(NamedTuple):
    """What was decided of a passage of an earlier soundtrack; it stands as it was."""

    start: int  # characters of the text, as in `Passage`
    end: int
    clip_id: str | None  # the clip that is to play; None for none


class SoundtrackArguments(SearchArguments, total=False):
    """What `compose_soundtrack` takes by keyword, the options of a search included: its filter and limits
    hold for each passage, and another seed composes another soundtrack. What isn't given has its default."""

    k: int  # clips weighed for a passage, 3 to 100; 64
    space: str  # to match in; the gateway's default, "mood"
    words_per_minute: int  # how fast it is read, 60 to 1,000; 230
    allow_vocals: bool  # whether clips that are sung may play; they don't
    intensity: float  # how much of the text's emotion the music takes on, 0 to 2; 1
    first_mood: str  # that the first cue's clip must have; the text's
    last_mood: str  # that the last cue's clip must have; the text's
    min_passage_seconds: float  # no passage is shorter in reading time, 5 to 600; 20
    max_passage_seconds: float  # none is longer unless a sentence is, to 3,600; 120, or twice the least
    no_repeat_cues: int  # cues within which no clip plays again unless it is held, 1 to 100; 12
    max_clips_per_video: int  # that play in all, 1 to 100; 3
    weights: SoundtrackWeights  # of what the choice of clips weighs
    decisions: Sequence[PassageDecision]  # what was decided earlier, at most 5,000, in the order of the text
