"""The commands `ambiance serve` and `ambiance migrate`: programs that this package knows by name only."""

import argparse
from functools import partial
from typing import Any

from ambiance.errors import AmbianceError
from ambiance.extras import install_hint

SERVE, MIGRATE = "serve", "migrate"
PROGRAMS = (SERVE, MIGRATE)

_ABOUT = {
    SERVE: "serve gateway, text and index from one process",
    MIGRATE: "carry an index from a folder of data to Milvus, or back",
}
_EXTRAS = {SERVE: "standalone", MIGRATE: "milvus"}
_NEEDS = {SERVE: "what the services need", MIGRATE: "what the index service needs for Milvus"}


def add_programs(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands, to which their flags must come behind two dashes: those programs parse them."""
    for name, about in _ABOUT.items():
        parser = commands.add_parser(
            name, help=f"{about}; `ambiance {name} --help` tells how", add_help=False
        )
        parser.set_defaults(command=partial(_run, name))
        parser.add_argument("flags", nargs="*")


def _run(name: str, arguments: argparse.Namespace) -> int:
    """Run a program. It stands behind an entry point: this package knows no service."""
    from importlib.metadata import entry_points  # noqa: PLC0415

    try:
        # the same one twice, where the distribution is left under an earlier name as well
        points = set(entry_points(group="ambiance.programs", name=name))
        [program] = [point.load() for point in points]
    except (ImportError, ValueError) as error:
        what = f"{name} needs {_NEEDS[name]}: {install_hint(_EXTRAS[name])}"
        raise AmbianceError(f"{what} ({error})" if isinstance(error, ImportError) else what) from error
    status: int = program(arguments.flags)
    return status
