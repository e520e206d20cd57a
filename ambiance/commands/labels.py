"""The command `ambiance labels`: which labels --label and --without-label may name."""

import argparse
import json
from collections.abc import Callable
from typing import Any

from ambiance.commands.flags.shared import add_asking, add_lookup_flags


def add_labels(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add the command, which prints with `show`."""
    about = "the labels that --label and --without-label may name, and how many clips each stands for"
    parser = add_asking(commands, "labels", about, _listed, show)
    parser.add_argument("prefix", metavar="PREFIX", nargs="?", default="", help="what they begin with (any)")
    parser.add_argument("--parent", metavar="NAME", default="", help="label that they are below (any)")
    add_lookup_flags(parser)


def _listed(arguments: argparse.Namespace) -> str:
    from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC

    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        labels = client.list_labels(arguments.prefix, parent=arguments.parent, index=arguments.index)
    if arguments.json:
        return json.dumps({"labels": [label._asdict() for label in labels]}, ensure_ascii=False)
    return "\n".join(
        f"{label.clip_count:>9,}  {label.name}{'  < ' if label.parents else ''}{'; '.join(label.parents)}"
        for label in labels
    )
