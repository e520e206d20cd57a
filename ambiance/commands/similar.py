"""The command `ambiance similar`: clips like given ones."""

import argparse
from collections.abc import Callable
from typing import Any

from ambiance.commands.flags.search import add_search_flags, search_arguments_of
from ambiance.commands.flags.shared import add_asking, add_clip_ids, add_music_target_flags
from ambiance.commands.output.style import Style
from ambiance.limits import DEFAULT_K, MAX_QUERIES


def add_similar(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add the command, which prints with `show`."""
    about = "clips like given ones, as they are heard"
    parser = add_asking(commands, "similar", about, _found, show)
    add_clip_ids(parser, MAX_QUERIES)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("-k", type=int, default=DEFAULT_K, help="number of clips, 1 to 1,000 (%(default)s)")
    parser.add_argument("--space", default="", help="space to compare in: mood, the default, or vad")
    add_music_target_flags(parser)
    add_search_flags(parser)


def _found(arguments: argparse.Namespace) -> str:
    from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC
    from ambiance.commands.output import json_output  # noqa: PLC0415
    from ambiance.commands.output.search_presentation import similar_for_people  # noqa: PLC0415

    asked = search_arguments_of(arguments)
    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        results = client.find_similar(arguments.ids, arguments.k, space=arguments.space, **asked)
    if arguments.json:
        return json_output.similar_as_json(arguments.ids, results)
    return similar_for_people(arguments.ids, results, Style.of_output())
