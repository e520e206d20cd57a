"""The command `ambiance clips`: what the catalogue holds of clips, by their ids."""

import argparse
from collections.abc import Callable
from typing import Any

from ambiance.shared_flags import add_lookup_flags


def add_clips(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add the command, which prints with `show`."""

    def clips(arguments: argparse.Namespace) -> int:
        show(_described(arguments))
        return 0

    about = "clips by their ids, as the catalogue holds them"
    parser = commands.add_parser("clips", help=about, description=about, allow_abbrev=False)
    parser.set_defaults(command=clips)
    ids = "1 to 1,000 ids, such as ndjLkbP6Y9Y@30; where one begins with a dash, they stand behind --"
    parser.add_argument("ids", metavar="ID", nargs="+", help=ids)
    add_lookup_flags(parser)


def _described(arguments: argparse.Namespace) -> str:
    from ambiance import Client, json_output, presentation  # noqa: PLC0415  # a wrong flag is told without gRPC

    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        clips = client.get_clips(arguments.ids, index=arguments.index)
    return json_output.clips_as_json(clips) if arguments.json else presentation.clips_for_people(clips)
