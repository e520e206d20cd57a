"""The flags of the command line that say how clips are searched for, whichever search it is."""

import argparse

from ambiance.commands.flags.filters import add_filter_flags, filter_of
from ambiance.search_arguments import SearchArguments

_CAPPED = ("artist", "album", "track", "video")


def add_search_flags(parser: argparse.ArgumentParser, *, drawn: bool = True) -> None:
    """Add index, seed unless nothing is `drawn`, the limits that hits keep to, and the filter's flags."""
    parser.add_argument("--index", default="", help="index to search (the service's default)")
    if drawn:
        about = "draw among the near clips, each seed others (%(default)s: nearest)"
        parser.add_argument("--seed", type=int, default=0, help=about)
    group = parser.add_argument_group("limits of an answer")
    group.add_argument(
        "--max-per",
        metavar="WHAT=N",
        type=_cap,
        action="append",
        default=[],
        help=f"at most N clips of one {', '.join(_CAPPED[:-1])} or {_CAPPED[-1]}, such as artist=1",
    )
    group.add_argument("--max-distance", metavar="D", type=float, help="none farther than this distance")
    group.add_argument(
        "--min-separation",
        metavar="D",
        type=float,
        default=0.0,
        help="no two clips whose facets are nearer to each other than this, 0 to 3.4 (%(default)g)",
    )
    add_filter_flags(parser)


def search_arguments_of(arguments: argparse.Namespace) -> SearchArguments:
    """What the flags ask of a search, as the clients take it.

    Raises:
        InvalidInputError: if flags contradict each other.
    """
    asked = SearchArguments(
        index=arguments.index,
        seed=getattr(arguments, "seed", 0),
        filter=filter_of(arguments),
        include_unlistenable=arguments.include_unlistenable,
        include_unavailable=arguments.include_unavailable,
        max_distance=arguments.max_distance,
        min_separation=arguments.min_separation,
    )
    for what, most in arguments.max_per:
        asked[f"max_per_{what}"] = most  # type: ignore[literal-required]  # _cap knows them
    return asked


def _cap(argument: str) -> tuple[str, int]:
    what, _, most = argument.partition("=")
    if what not in _CAPPED or not most.isascii() or not most.isdigit() or int(most) < 1:
        needed = f"one of {', '.join(_CAPPED)} and a number from 1, such as artist=1"
        raise argparse.ArgumentTypeError(f"{needed}; got {argument!a}")
    return what, int(most)
