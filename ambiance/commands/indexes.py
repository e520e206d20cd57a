"""The commands `ambiance indexes` and `ambiance index`: which indexes there are; making and dropping one."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ambiance.commands.flags.shared import add_asking, add_music_target_flags
from ambiance.results import Index

DROP_DEADLINE_S = 60.0

Show = Callable[[str], None]


def add_indexes(commands: "argparse._SubParsersAction[Any]", show: Show) -> None:
    """Add the command that lists, which prints with `show`."""
    about = "the indexes that the music index service holds"
    parser = add_asking(commands, "indexes", about, _listed, show)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_music_target_flags(parser)


def add_index(commands: "argparse._SubParsersAction[Any]", show: Show) -> None:
    """Add the command that makes and drops, which prints with `show`."""
    about = "make or drop an index of one's own"
    parser = commands.add_parser("index", help=about, description=about, allow_abbrev=False)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    name = '1 to 64 lower-case letters, digits, "-" and "_", a letter first'

    def create(arguments: argparse.Namespace) -> int:
        from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC

        with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
            made = client.create_index(arguments.name)
        state = "made" if made.created else "is there"
        show(f"{made.index.name}: {state}, {_counted(made.index.clip_count, 'clip')}")
        return 0

    def drop(arguments: argparse.Namespace) -> int:
        from ambiance import Client  # noqa: PLC0415

        with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
            count = client.delete_index(arguments.name)
        show(f"{arguments.name}: dropped, with {_counted(count, 'clip')}")
        return 0

    for action, what, deadline_s in (
        (create, "make an index; one that is there is left as it is", None),
        (drop, "drop an index, with every clip in it", DROP_DEADLINE_S),
    ):
        sub = actions.add_parser(action.__name__, help=what, description=what, allow_abbrev=False)
        sub.set_defaults(command=action)
        sub.add_argument("name", metavar="NAME", help=name)
        add_music_target_flags(sub, *([deadline_s] if deadline_s else []))


def _listed(arguments: argparse.Namespace) -> str:
    from ambiance import Client  # noqa: PLC0415

    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        indexes = client.list_indexes()
    if arguments.json:
        return json.dumps({"indexes": list(map(_index_object, indexes))}, indent=2)
    return "\n".join(map(_line, indexes))


def _line(index: Index) -> str:
    written = f"writable, {_counted(index.sequence, 'write')}" if index.writable else "read-only"
    spaces = ", ".join(space.name for space in index.spaces)
    version = f"{index.version.kind} {index.version.version}"
    return f"{index.clip_count:>11,} clips  {index.name}  ({version}; {spaces}; {written})"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what if count == 1 else what + 's'}"


def _index_object(index: Index) -> dict[str, Any]:
    return {
        **asdict(index),
        "version": index.version._asdict(),
        "spaces": [asdict(space) for space in index.spaces],
    }
