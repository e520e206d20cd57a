"""What several commands of the command line have: how they are added, and flags."""

import argparse
from collections.abc import Callable
from typing import Any

from ambiance.channel import DEFAULT_DEADLINE_S, MUSIC_INDEX_SERVICE_PORT


def add_asking(
    commands: "argparse._SubParsersAction[Any]",
    name: str,
    about: str,
    ask: Callable[[argparse.Namespace], str],
    show: Callable[[str], None],
) -> argparse.ArgumentParser:
    """Add a command that shows what `ask` answers, and nothing else."""

    def command(arguments: argparse.Namespace) -> int:
        show(ask(arguments))
        return 0

    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=about, allow_abbrev=False
    )
    parser.set_defaults(command=command)
    return parser


def add_clip_ids(parser: argparse.ArgumentParser, most: int) -> None:
    """Add the clips that are asked about."""
    ids = f"1 to {most:,} ids, such as ndjLkbP6Y9Y@30; where one begins with a dash, they stand behind --"
    parser.add_argument("ids", metavar="ID", nargs="+", help=ids)


def add_target_flags(
    parser: argparse.ArgumentParser, target: str, whose: str, deadline_s: float = DEFAULT_DEADLINE_S
) -> None:
    """Add the address to call, `target` by default, `whose` it is, and for how long to wait."""
    parser.add_argument("--target", default=target, help=f"host:port of the {whose} (%(default)s)")
    parser.add_argument("--deadline", type=float, default=deadline_s, help="seconds to wait (%(default)s)")


def add_lookup_flags(parser: argparse.ArgumentParser) -> None:
    """Add which index of the music index service to ask, where, and the form of the answer."""
    parser.add_argument("--index", default="", help="index to ask (the service's default)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_music_target_flags(parser)


def add_music_target_flags(parser: argparse.ArgumentParser, deadline_s: float = DEFAULT_DEADLINE_S) -> None:
    """Add the address of the music index service, and for how long to wait for it."""
    add_target_flags(parser, f"localhost:{MUSIC_INDEX_SERVICE_PORT}", "music index service", deadline_s)
