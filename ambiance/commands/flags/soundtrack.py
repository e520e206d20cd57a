"""The flags of the command line that say what a soundtrack is to be."""

import argparse

from ambiance.commands.flags.search import add_search_flags, search_arguments_of
from ambiance.limits import (
    DEFAULT_CANDIDATES,
    DEFAULT_CLIPS_PER_VIDEO,
    DEFAULT_MAX_PASSAGE_S,
    DEFAULT_MIN_PASSAGE_S,
    DEFAULT_NO_REPEAT_CUES,
    DEFAULT_WORDS_PER_MINUTE,
)
from ambiance.soundtrack_arguments import PassageDecision, SoundtrackArguments, SoundtrackWeights

_WEIGHTS = ("fit", "smoothness", "variety", "staying")
# Flag, argument of the client, type, what stands for the value, help.
_VALUES = (
    ("--wpm", "words_per_minute", int, "N", f"words read a minute, 60 to 1,000 ({DEFAULT_WORDS_PER_MINUTE})"),
    ("--intensity", "intensity", float, "X", "how much of the text's emotion the music takes on, 0 to 2 (1)"),
    ("--first-mood", "first_mood", str, "MOOD", "of the first cue's clip, such as sad (the text's)"),
    ("--last-mood", "last_mood", str, "MOOD", "of the last cue's clip (the text's)"),
    ("--min-passage", "min_passage_seconds", float, "S", f"seconds, 5 to 600 ({DEFAULT_MIN_PASSAGE_S:g})"),
    ("--max-passage", "max_passage_seconds", float, "S", f"seconds, to 3,600 ({DEFAULT_MAX_PASSAGE_S:g})"),
    ("--no-repeat", "no_repeat_cues", int, "N", f"cues before a clip may return ({DEFAULT_NO_REPEAT_CUES})"),
    ("--clips-per-video", "max_clips_per_video", int, "N", f"that play in all ({DEFAULT_CLIPS_PER_VIDEO})"),
    ("--candidates", "k", int, "N", f"clips weighed for a passage, 3 to 100 ({DEFAULT_CANDIDATES})"),
    ("--space", "space", str, "NAME", "space to match in (the gateway's default)"),
)


def add_soundtrack_flags(parser: argparse.ArgumentParser) -> None:
    """Add what a soundtrack is asked for, with every flag of a search."""
    group = parser.add_argument_group("the soundtrack")
    for flag, name, kind, metavar, about in _VALUES:
        group.add_argument(flag, dest=name, type=kind, metavar=metavar, help=about)
    group.add_argument("--allow-vocals", action="store_true", help="clips that are sung may play, too")
    group.add_argument(
        "--weight",
        dest="weights",
        metavar="WHAT=X",
        type=_weight,
        action="append",
        default=[],
        help=f"what the choice of clips weighs, 0 to 100 (1): {', '.join(_WEIGHTS)}",
    )
    group.add_argument(
        "--pin",
        dest="decisions",
        metavar="START-END=ID",
        type=_pinned,
        action="append",
        default=[],
        help="this clip plays from character START to END, as an earlier soundtrack's JSON has them",
    )
    group.add_argument(
        "--skip",
        dest="decisions",
        metavar="START-END",
        type=_skipped,
        action="append",
        help="nothing plays there",
    )
    add_search_flags(parser)


def soundtrack_arguments_of(arguments: argparse.Namespace) -> SoundtrackArguments:
    """What the flags ask for, as the clients take it.

    Raises:
        InvalidInputError: if flags contradict each other.
    """
    asked = SoundtrackArguments(allow_vocals=arguments.allow_vocals)
    asked.update(search_arguments_of(arguments))  # type: ignore[typeddict-item]  # they are among its keys
    asked["decisions"] = sorted(arguments.decisions, key=lambda decision: decision.start)
    for _, name, _, _, _ in _VALUES:
        if (value := getattr(arguments, name)) is not None:
            asked[name] = value  # type: ignore[literal-required]  # _VALUES knows them
    if arguments.weights:
        asked["weights"] = SoundtrackWeights(**dict(arguments.weights))
    return asked


def _weight(argument: str) -> tuple[str, float]:
    what, _, weight = argument.partition("=")
    try:
        if what in _WEIGHTS:
            return what, float(weight)
    except ValueError:
        pass
    needed = f"one of {', '.join(_WEIGHTS)} and a number, such as staying=2"
    raise argparse.ArgumentTypeError(f"{needed}; got {argument!a}")


def _pinned(argument: str) -> PassageDecision:
    span, _, clip_id = argument.partition("=")
    if not clip_id:
        raise argparse.ArgumentTypeError(f"START-END=ID, such as 0-1200=ndjLkbP6Y9Y@30; got {argument!a}")
    return PassageDecision(*_span(span), clip_id)


def _skipped(argument: str) -> PassageDecision:
    return PassageDecision(*_span(argument), None)


def _span(argument: str) -> tuple[int, int]:
    ends = argument.split("-")
    if len(ends) != 2 or not all(end.isascii() and end.isdigit() for end in ends):
        raise argparse.ArgumentTypeError(f"START-END in characters, such as 0-1200; got {argument!a}")
    return int(ends[0]), int(ends[1])
