"""What a request for a soundtrack asks for, checked and with every default filled in."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ambiance.affect import MOODS
from ambiance.clip_filter import folded
from ambiance.errors import Violation
from ambiance.limits import (
    DEFAULT_CANDIDATES,
    DEFAULT_CLIPS_PER_VIDEO,
    DEFAULT_MAX_PASSAGE_S,
    DEFAULT_MIN_PASSAGE_S,
    DEFAULT_NO_REPEAT_CUES,
    DEFAULT_WORDS_PER_MINUTE,
    LEAST_CANDIDATES,
    LEAST_WORDS_PER_MINUTE,
    MAX_CANDIDATES,
    MAX_CLIPS_PER_VIDEO,
    MAX_INTENSITY,
    MAX_MAX_PASSAGE_S,
    MAX_MIN_PASSAGE_S,
    MAX_NO_REPEAT_CUES,
    MAX_SOUNDTRACK_CHARACTERS,
    MAX_SOUNDTRACK_WEIGHT,
    MAX_WORDS_PER_MINUTE,
    SHORTEST_PASSAGE_S,
)
from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.search_options import check_limits
from ambiance.validation import OPTIONS_PREFIX, raise_violations, shown, text_violation
from gateway.soundtrack.decisions import Decision, checked_decisions

VOCAL, INSTRUMENTAL_BELOW = "vocal", 0.5


@dataclass(frozen=True)
class Weights:
    """What the choice of clips weighs, as in SoundtrackWeights."""

    fit: float = 1.0
    smoothness: float = 1.0
    variety: float = 1.0
    staying: float = 1.0


@dataclass(frozen=True)
class Brief:
    """A request, checked: every number is within its limits."""

    text: str
    options: SearchOptions  # for each passage: k and instrumental filter set, no seed
    seed: int
    words_per_minute: int
    intensity: float
    first_mood: str  # empty: the text's
    last_mood: str
    min_passage_s: float
    max_passage_s: float
    no_repeat_cues: int
    clips_per_video: int
    weights: Weights
    decisions: tuple[Decision, ...]

    def seconds(self, word_count: int) -> float:
        """How long reading so many words takes."""
        return word_count * 60 / self.words_per_minute


def brief_of(request: pb.ComposeSoundtrackRequest) -> Brief:
    """The request with its defaults.

    Raises:
        InvalidInputError: naming each field, its limit and its offence.
    """
    text = request.text
    raise_violations([_text_violation(text)])
    check_limits(request.options)
    raise_violations(_violations(request))
    shortest = request.min_passage_seconds or DEFAULT_MIN_PASSAGE_S
    return Brief(
        text=text,
        options=_options(request),
        seed=request.options.seed,
        words_per_minute=request.words_per_minute or DEFAULT_WORDS_PER_MINUTE,
        intensity=request.intensity if request.HasField("intensity") else 1.0,
        first_mood=folded(request.first_mood),
        last_mood=folded(request.last_mood),
        min_passage_s=shortest,
        max_passage_s=request.max_passage_seconds or max(DEFAULT_MAX_PASSAGE_S, 2 * shortest),
        no_repeat_cues=request.no_repeat_cues or DEFAULT_NO_REPEAT_CUES,
        clips_per_video=request.max_clips_per_video or DEFAULT_CLIPS_PER_VIDEO,
        weights=_weights(request.weights),
        decisions=checked_decisions(request.decisions, len(text)),
    )


def _text_violation(text: str) -> Violation | None:
    if text.isspace():
        return Violation("text", "holds nothing but white space")
    return text_violation("text", text, MAX_SOUNDTRACK_CHARACTERS)


def _violations(request: pb.ComposeSoundtrackRequest) -> Iterator[Violation | None]:
    """What is out of its limits; 0 stands for a default where a field has one."""
    yield _range(
        f"{OPTIONS_PREFIX}k", request.options.k, LEAST_CANDIDATES, MAX_CANDIDATES, DEFAULT_CANDIDATES
    )
    yield _range(
        "words_per_minute",
        request.words_per_minute,
        LEAST_WORDS_PER_MINUTE,
        MAX_WORDS_PER_MINUTE,
        DEFAULT_WORDS_PER_MINUTE,
    )
    if not 0 <= request.intensity <= MAX_INTENSITY:
        yield Violation("intensity", f"0 to {MAX_INTENSITY:g}, got {request.intensity:g}")
    yield from _mood_violations(request)
    yield from _passage_violations(request)
    yield _range("no_repeat_cues", request.no_repeat_cues, 1, MAX_NO_REPEAT_CUES, DEFAULT_NO_REPEAT_CUES)
    yield _range(
        "max_clips_per_video", request.max_clips_per_video, 1, MAX_CLIPS_PER_VIDEO, DEFAULT_CLIPS_PER_VIDEO
    )
    for name in Weights.__dataclass_fields__:
        weight = getattr(request.weights, name)
        if not 0 <= weight <= MAX_SOUNDTRACK_WEIGHT:
            yield Violation(f"weights.{name}", f"0 to {MAX_SOUNDTRACK_WEIGHT:g}, got {weight:g}")


def _range(field: str, value: int, least: int, most: int, default: int) -> Violation | None:
    if value == 0 or least <= value <= most:
        return None
    return Violation(field, f"{least:,} to {most:,}, or 0 for {default:,}, got {value:,}")


def _mood_violations(request: pb.ComposeSoundtrackRequest) -> Iterator[Violation]:
    among = [folded(mood) for mood in request.options.filter.moods]
    for field in ("first_mood", "last_mood"):
        mood = getattr(request, field)
        if mood and folded(mood) not in MOODS.names:
            yield Violation(field, f"one of {', '.join(MOODS.names)}, got {shown(mood)}")
        elif mood and among and folded(mood) not in among:
            yield Violation(field, f"one of options.filter.moods, got {shown(mood)}")


def _passage_violations(request: pb.ComposeSoundtrackRequest) -> Iterator[Violation]:
    shortest, longest = request.min_passage_seconds, request.max_passage_seconds
    if not (shortest == 0 or SHORTEST_PASSAGE_S <= shortest <= MAX_MIN_PASSAGE_S):
        limits = f"{SHORTEST_PASSAGE_S:g} to {MAX_MIN_PASSAGE_S:g}, or 0 for {DEFAULT_MIN_PASSAGE_S:g}"
        yield Violation("min_passage_seconds", f"{limits}, got {shortest:g}")
        return
    least = 2 * (shortest or DEFAULT_MIN_PASSAGE_S)
    if not (longest == 0 or least <= longest <= MAX_MAX_PASSAGE_S) or math.isnan(longest):
        limits = f"{least:g} to {MAX_MAX_PASSAGE_S:,g}, or 0 for a default"
        yield Violation("max_passage_seconds", f"{limits}, got {longest:g}")


def _options(request: pb.ComposeSoundtrackRequest) -> SearchOptions:
    """The options of every passage's search."""
    options = SearchOptions()
    options.CopyFrom(request.options)
    options.k = options.k or DEFAULT_CANDIDATES
    options.ClearField("seed")
    if not request.allow_vocals:
        bounds = options.filter.max_facet_scores
        bounds[VOCAL] = min([INSTRUMENTAL_BELOW, *(bounds[name] for name in bounds if folded(name) == VOCAL)])
    return options


def _weights(given: pb.SoundtrackWeights) -> Weights:
    return Weights(**{field.name: value for field, value in given.ListFields()})
