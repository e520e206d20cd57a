"""Flags that several commands of the command line have."""

import argparse

from ambiance.channel import DEFAULT_DEADLINE_S, MUSIC_INDEX_SERVICE_PORT


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
