"""Flags of the commands that look something up in the music index service."""

import argparse

from ambiance.channel import DEFAULT_DEADLINE_S, MUSIC_INDEX_SERVICE_PORT


def add_lookup_flags(parser: argparse.ArgumentParser) -> None:
    """Add which index to ask, where and for how long, and the form of the answer."""
    parser.add_argument("--index", default="", help="index to ask (the service's default)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    target = f"localhost:{MUSIC_INDEX_SERVICE_PORT}"
    help_text = "host:port of the music index service (%(default)s)"
    parser.add_argument("--target", default=target, help=help_text)
    parser.add_argument(
        "--deadline", type=float, default=DEFAULT_DEADLINE_S, help="seconds to wait (%(default)s)"
    )
