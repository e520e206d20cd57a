"""The command `ambiance search`: clips near a vector, a text's or a given one."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ambiance.channel import TEXT_SERVICE_PORT
from ambiance.commands.flags.search import add_search_flags, search_arguments_of
from ambiance.commands.flags.shared import add_music_target_flags
from ambiance.commands.output.style import Style
from ambiance.errors import InvalidInputError
from ambiance.limits import DEFAULT_K
from ambiance.targets import resolvable
from ambiance.validation import shown

if TYPE_CHECKING:
    from ambiance.results import Vector

_DEFAULT_SPACE = "mood"
_DESCRIPTION = """
The clips nearest to a vector, by the music index service alone: that of a text, which the text service reads,
or one that is given. `ambiance match` asks the gateway, which does both and explains its answer.
"""


def add_search(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add the command, which prints with `show`."""

    def search(arguments: argparse.Namespace) -> int:
        show(_found(arguments))
        return 0

    about = "clips near a vector: that of a text, or one that is given"
    parser = commands.add_parser("search", help=about, description=_DESCRIPTION, allow_abbrev=False)
    parser.set_defaults(command=search)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("text", metavar="TEXT", nargs="?", help="a text whose vector is searched by")
    what.add_argument(
        "--vector",
        metavar="NUMBERS",
        help="numbers with commas between (--vector=-1,2 if the first is below 0), or - for a JSON object "
        'with space, values and lineage on standard input, as `encode --json` has under "vectors"',
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("-k", type=int, default=DEFAULT_K, help="number of clips, 1 to 1,000 (%(default)s)")
    parser.add_argument("--space", default=_DEFAULT_SPACE, help="of the vector (%(default)s)")
    about = "host:port of the text service (%(default)s)"
    parser.add_argument("--text-target", default=f"localhost:{TEXT_SERVICE_PORT}", help=about)
    add_music_target_flags(parser)
    add_search_flags(parser)


def _found(arguments: argparse.Namespace) -> str:
    from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC
    from ambiance.commands.output import json_output  # noqa: PLC0415
    from ambiance.commands.output.search_presentation import found_for_people  # noqa: PLC0415

    asked = search_arguments_of(arguments)
    given = None if arguments.vector is None else _given(arguments.vector, arguments.space)
    resolvable(arguments.text_target, "--text-target")
    with Client(
        text_target=arguments.text_target, music_target=arguments.target, deadline_s=arguments.deadline
    ) as client:
        vector = given or _of_text(client.encode([arguments.text])[0].vectors, arguments.space)
        [result] = client.search([vector], arguments.k, **asked)
    return (
        json_output.found_as_json(vector, result)
        if arguments.json
        else found_for_people(result, Style.of_output())
    )


def _of_text(vectors: Any, space: str) -> "Vector":
    if space not in vectors:
        what = f"the text service writes {', '.join(vectors)}, got {shown(space)}"
        raise InvalidInputError.of("--space", what)
    return vectors[space]


def _given(written: str, space: str) -> "Vector":
    """The vector of the flag or of standard input.

    Raises:
        InvalidInputError: if it is neither numbers nor such an object.
    """
    from ambiance.results import Vector  # noqa: PLC0415

    if written != "-":
        return Vector(space, _numbers(written.split(",")))
    if sys.stdin is None:
        raise InvalidInputError.of("--vector", "standard input is closed")
    try:
        read = json.loads(sys.stdin.buffer.read())
    except (ValueError, OSError) as error:
        raise InvalidInputError.of("--vector", f"standard input isn't JSON: {error}") from None
    if not isinstance(read, dict) or not isinstance(read.get("values"), list):
        raise InvalidInputError.of("--vector", "standard input isn't a JSON object with values")
    return Vector(str(read.get("space", space)), _numbers(read["values"]), str(read.get("lineage", "")))


def _numbers(written: list[Any]) -> tuple[float, ...]:
    try:
        return tuple(map(float, written))
    except (TypeError, ValueError, OverflowError):
        raise InvalidInputError.of("--vector", "numbers with commas between, such as 0.9,0.8,0.7") from None
