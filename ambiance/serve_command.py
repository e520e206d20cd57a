"""The command `ambiance serve`: the standalone process, which this package knows by name only."""

import argparse
from typing import Any

from ambiance.errors import AmbianceError
from ambiance.extras import install_hint

SERVE = "serve"


def add_serve(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command, to which its flags must come behind two dashes: that program parses them."""
    about = "serve gateway, text and index from one process; `ambiance serve --help` tells how"
    parser = commands.add_parser(SERVE, help=about, add_help=False)
    parser.set_defaults(command=_serve)
    parser.add_argument("flags", nargs="*")


def _serve(arguments: argparse.Namespace) -> int:
    """Run the standalone process. It stands behind an entry point: this package knows no service."""
    from importlib.metadata import entry_points  # noqa: PLC0415

    try:
        # the same one twice, where the distribution is left under an earlier name as well
        points = set(entry_points(group="ambiance.programs", name=SERVE))
        [program] = [point.load() for point in points]
    except (ImportError, ValueError) as error:
        what = f"serve needs what the services need: {install_hint('standalone')}"
        raise AmbianceError(f"{what} ({error})" if isinstance(error, ImportError) else what) from error
    status: int = program(arguments.flags)
    return status
