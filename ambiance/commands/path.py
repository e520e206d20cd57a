"""The command `ambiance path`: clips that lead from the mood of one text to that of another."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ambiance.channel import TEXT_SERVICE_PORT
from ambiance.commands.flags.search import add_search_flags, search_arguments_of
from ambiance.commands.flags.shared import add_asking, add_music_target_flags
from ambiance.commands.output.style import Style
from ambiance.errors import InvalidInputError
from ambiance.limits import DEFAULT_STEPS, MAX_STEPS
from ambiance.targets import resolvable
from ambiance.validation import shown

if TYPE_CHECKING:
    from ambiance.results import EncodedText, Vector

_DEFAULT_SPACE = "mood"


def add_path(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add the command, which prints with `show`."""
    about = "clips whose mood goes from that of one text to that of another, step by step"
    parser = add_asking(commands, "path", about, _found, show)
    parser.add_argument("start", metavar="START", help="the text that it begins with")
    parser.add_argument("end", metavar="END", help="the text that it ends with")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    steps = f"number of clips, 2 to {MAX_STEPS} (%(default)s)"
    parser.add_argument("--steps", type=int, default=DEFAULT_STEPS, help=steps)
    parser.add_argument("--space", default=_DEFAULT_SPACE, help="space that it leads through (%(default)s)")
    about = "host:port of the text service (%(default)s)"
    parser.add_argument("--text-target", default=f"localhost:{TEXT_SERVICE_PORT}", help=about)
    add_music_target_flags(parser)
    add_search_flags(parser, drawn=False)


def _found(arguments: argparse.Namespace) -> str:
    from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC
    from ambiance.commands.output import json_output  # noqa: PLC0415
    from ambiance.commands.output.search_presentation import path_for_people  # noqa: PLC0415

    asked = search_arguments_of(arguments)
    resolvable(arguments.text_target, "--text-target")
    with Client(
        text_target=arguments.text_target, music_target=arguments.target, deadline_s=arguments.deadline
    ) as client:
        start, end = client.encode([arguments.start, arguments.end])
        ends = _vector(start, arguments.space), _vector(end, arguments.space)
        result = client.find_path(*ends, arguments.steps, **asked)
    if arguments.json:
        return json_output.path_as_json(start, end, result)
    return path_for_people(start, end, result, Style.of_output())


def _vector(text: "EncodedText", space: str) -> "Vector":
    vector = text.vectors.get(space)
    if vector is None:
        what = f"the text service writes {', '.join(text.vectors)}, got {shown(space)}"
        raise InvalidInputError.of("--space", what)
    return vector
