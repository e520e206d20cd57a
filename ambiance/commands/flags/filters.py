"""The flags of the command line that choose which clips may answer."""

import argparse
import re
from collections.abc import Iterable
from typing import NamedTuple

from ambiance.clip_filter import ClipFilter, folded
from ambiance.commands.flags.attributes import add_attribute_flag, conditions_of
from ambiance.errors import InvalidInputError

# Flag, field of ClipFilter, what stands for the value, help.
_LISTS = (
    ("--label", "labels", "NAME", "labelled so, or with a label below it in AudioSet's ontology"),
    ("--without-label", "without_labels", "NAME", "not labelled so, nor with a label below it"),
    ("--mood", "moods", "MOOD", "with this as the most probable mood, such as sad"),
    ("--clip", "clip_ids", "ID", "this clip, such as abcdefghijk@30"),
    ("--without-clip", "without_clip_ids", "ID", "not this clip"),
    ("--video", "youtube_ids", "ID", "of this YouTube video"),
    ("--without-video", "without_youtube_ids", "ID", "not of this YouTube video"),
)
_DESCRIPTION = """
Each flag may stand several times. Of several labels, moods, clips, videos or values of an attribute one
suffices; every --min-mood, --facet and bound must be met, and nothing under a --without flag may apply.
Flags combine:
--label "Rock music" --facet "sad>=0.5" is sad rock. An id that begins with - follows an equals sign:
--clip=-0CamVQdP_Y@0.
"""
_FACET = re.compile(r"\s*([^<>=]*[^<>=\s])\s*(>=|=|<)([^<>=]+)")


class _Bound(NamedTuple):
    """What a score of a clip must reach, or stay below."""

    name: str
    is_least: bool
    score: float
    flag: str  # that asks for it

    def __str__(self) -> str:
        return f"{self.flag} ({self.name}{'>=' if self.is_least else '<'}{self.score:g})"


_INSTRUMENTAL = _Bound("vocal", False, 0.5, "--instrumental")
_NO_SPEECH = _Bound("speech", False, 0.2, "--no-speech")


def add_filter_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags as a group of their own."""
    group = parser.add_argument_group("which clips may answer", _DESCRIPTION)
    for flag, field, metavar, what in _LISTS:
        group.add_argument(flag, dest=field, metavar=metavar, action="append", default=[], help=what)
    group.add_argument(
        "--min-mood",
        dest="min_mood_scores",
        metavar="MOOD=SHARE",
        type=_mood_share,
        action="append",
        default=[],
        help="with at least this share of a mood, such as sad=0.5",
    )
    group.add_argument(
        "--facet",
        dest="bounds",
        metavar="FACET>=SCORE",
        type=_bound,
        action="append",
        default=[],
        help='of at least this score, such as "calm>=0.5" (in quotes) or calm=0.5; "sad<0.2": of less',
    )
    for bound, what in ((_INSTRUMENTAL, "nobody sings"), (_NO_SPEECH, "nobody talks")):
        condition = f"{bound.name}<{bound.score:g}"
        group.add_argument(
            bound.flag,
            dest="bounds",
            action="append_const",
            const=bound,
            help=f'in which {what}: the same as --facet "{condition}"',
        )
    add_attribute_flag(group)
    group.add_argument(
        "--all-clips",
        dest="include_unlistenable",
        action="store_true",
        help="those as well that are mainly speech, effects or bad recordings",
    )
    group.add_argument(
        "--unavailable",
        dest="include_unavailable",
        action="store_true",
        help="those as well that can't be played any more",
    )


def filter_of(arguments: argparse.Namespace) -> ClipFilter | None:
    """The filter that the flags ask for; None if they ask for none.

    Raises:
        InvalidInputError: if two shares are asked of one mood or facet, or what no clip can have.
    """
    lists = {field: values for _, field, _, _ in _LISTS if (values := getattr(arguments, field))}
    shares = dict(arguments.min_mood_scores)
    if len(shares) < len(arguments.min_mood_scores):
        raise InvalidInputError.of("--min-mood", "one share for each mood, got two for one")
    least = _scores(bound for bound in arguments.bounds if bound.is_least)
    below = _scores(bound for bound in arguments.bounds if not bound.is_least)
    for name in sorted(least.keys() & below.keys()):
        if least[name].score >= below[name].score:
            raise InvalidInputError.of("--facet", f"no clip meets both {least[name]} and {below[name]}")
    asked = ClipFilter(
        **lists,
        min_mood_scores=shares,
        min_facet_scores={name: bound.score for name, bound in least.items()},
        max_facet_scores={name: bound.score for name, bound in below.items()},
        attributes=conditions_of(arguments.attributes),
    )
    return None if asked == ClipFilter() else asked


def _scores(bounds: Iterable[_Bound]) -> dict[str, _Bound]:
    """Bounds of one kind by what they bound."""
    by_name: dict[str, _Bound] = {}
    for bound in bounds:
        if by_name.setdefault(bound.name, bound).score != bound.score:
            both = f"{by_name[bound.name]} and {bound}"
            raise InvalidInputError.of("--facet", f"one score of a kind for each facet, got {both}")
    return by_name


def _bound(argument: str) -> _Bound:
    parts = _FACET.fullmatch(argument)
    try:
        score = float(parts[3]) if parts else 0.0
    except ValueError:
        score = 0.0
    if parts is None or not 0 < score <= 1:
        needed = "a facet and a score above 0, at most 1"
        examples = '"calm>=0.5" (in quotes), calm=0.5 or "vocal<0.5"'
        raise argparse.ArgumentTypeError(f"{needed}, such as {examples}; got {argument!a}")
    return _Bound(folded(parts[1]), parts[2] != "<", score, "--facet")


def _mood_share(argument: str) -> tuple[str, float]:
    mood, _, share = argument.partition("=")
    try:
        return folded(mood), float(share)
    except ValueError:
        needed = "a mood and its share, such as sad=0.5"
        raise argparse.ArgumentTypeError(f"{needed}, got {argument!a}") from None
