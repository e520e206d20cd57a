"""The command `ambiance clips`: what the catalogue holds of clips, by their ids."""

import argparse
from collections.abc import Callable
from typing import Any

from ambiance.commands.flags.shared import add_asking, add_clip_ids, add_lookup_flags
from ambiance.limits import MAX_CLIP_IDS


def add_clips(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add the command, which prints with `show`."""
    about = "clips by their ids, as the catalogue holds them"
    parser = add_asking(commands, "clips", about, _described, show)
    add_clip_ids(parser, MAX_CLIP_IDS)
    add_lookup_flags(parser)


def _described(arguments: argparse.Namespace) -> str:
    from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC
    from ambiance.commands.output import json_output, presentation  # noqa: PLC0415

    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        clips = client.get_clips(arguments.ids, index=arguments.index)
    return json_output.clips_as_json(clips) if arguments.json else presentation.clips_for_people(clips)
