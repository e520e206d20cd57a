"""The flags of the command line that choose which clips may answer."""

import argparse

from ambiance.clip_filter import ClipFilter
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
Each flag may stand several times. Of several labels, moods, clips or videos one suffices; every --min-mood
must be met, and nothing under a --without flag may apply. Flags combine: --label "Rock music" --mood sad
is sad rock. An id that begins with - follows an equals sign: --clip=-0CamVQdP_Y@0.
"""


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


def filter_of(arguments: argparse.Namespace) -> ClipFilter | None:
    """The filter that the flags ask for; None if they ask for none.

    Raises:
        InvalidInputError: if two shares are asked of one mood.
    """
    lists = {field: values for _, field, _, _ in _LISTS if (values := getattr(arguments, field))}
    shares = dict(arguments.min_mood_scores)
    if len(shares) < len(arguments.min_mood_scores):
        raise InvalidInputError.of("--min-mood", "one share for each mood, got two for one")
    return ClipFilter(**lists, min_mood_scores=shares) if lists or shares else None


def _mood_share(argument: str) -> tuple[str, float]:
    mood, _, share = argument.partition("=")
    try:
        return mood, float(share)
    except ValueError:
        needed = "a mood and its share, such as sad=0.5"
        raise argparse.ArgumentTypeError(f"{needed}, got {argument!a}") from None
