"""The commands `ambiance delete` and `ambiance report`: what is done to clips of an index by their ids."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ambiance.commands.exit_status import EXIT_INCOMPLETE, EXIT_OK
from ambiance.commands.flags.shared import add_music_target_flags
from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_WRITTEN_CLIPS

if TYPE_CHECKING:
    from ambiance import Client, WriteResult

DEADLINE_S = 60.0
SHOWN = 10  # ids that were not found

_DELETE = """
Deletes clips by their ids, also those of the released index, a thousand at a time. Deleting twice does no
harm. Exit status: 0 if each was deleted, 65 if some were not there; else as for import.
"""
_REPORT = """
Says of clips that they can't be played any more, so that searches leave them out unless asked for them; or
that they can again. Exit status: 0 if it is known of each now, 65 if some were not there; else as for import.
"""


def add_delete(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add `delete`, which prints with `show`."""

    def delete(arguments: argparse.Namespace) -> int:
        def write(client: "Client", ids: Sequence[str]) -> list["WriteResult"]:
            return client.delete_clips(ids, index=arguments.index)

        return _run(arguments, write, {"deleted"}, "deleted", show)

    about = "delete clips from an index by their ids"
    parser = commands.add_parser("delete", help=about, description=_DELETE, allow_abbrev=False)
    parser.set_defaults(command=delete)
    _add_flags(parser, "index to delete from")


def add_report(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add `report`, which prints with `show`."""

    def report(arguments: argparse.Namespace) -> int:
        def write(client: "Client", ids: Sequence[str]) -> list["WriteResult"]:
            return client.report_unavailable(ids, index=arguments.index, available=arguments.available)

        done = "available" if arguments.available else "unavailable"
        return _run(arguments, write, {"updated", "unchanged"}, done, show)

    about = "say of clips of an index that they can't be played, or can again"
    parser = commands.add_parser("report", help=about, description=_REPORT, allow_abbrev=False)
    parser.set_defaults(command=report)
    _add_flags(parser, "index of the clips")
    parser.add_argument("--available", action="store_true", help="they can be played again")


def _add_flags(parser: argparse.ArgumentParser, index: str) -> None:
    parser.add_argument("ids", metavar="ID", nargs="*", help="ids; where one begins with a dash, behind --")
    parser.add_argument("--from", dest="file", metavar="FILE", type=Path, help="a file with an id a line")
    parser.add_argument("--index", required=True, metavar="NAME", help=index)
    add_music_target_flags(parser, DEADLINE_S)


def _run(
    arguments: argparse.Namespace,
    write: Callable[["Client", Sequence[str]], Sequence["WriteResult"]],
    outcomes: Collection[str],
    done: str,
    show: Callable[[str], None],
) -> int:
    """Write batch by batch, and say of how many clips what was to be `done` is: those with such outcomes."""
    from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC

    if bool(arguments.ids) == (arguments.file is not None):
        raise InvalidInputError.of("ids", "ids or --from FILE, one of both")
    ids = iter(arguments.ids) if arguments.ids else _lines(arguments.file)
    counts: Counter[bool] = Counter()
    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        while batch := list(islice(ids, MAX_WRITTEN_CLIPS)):
            for result in write(client, batch):
                is_done = result.outcome in outcomes
                counts[is_done] += 1
                if not is_done and counts[False] <= SHOWN and sys.stderr is not None:
                    why = "; ".join(map(str, result.violations)) or result.outcome.replace("_", " ")
                    sys.stderr.write(f"{result.clip_id}: {why}\n")
    total = counts.total()
    show(f"{total:,} {'id' if total == 1 else 'ids'}: {counts[True]:,} {done}, {counts[False]:,} not {done}")
    return EXIT_INCOMPLETE if counts[False] else EXIT_OK


def _lines(path: Path) -> Iterator[str]:
    """The ids of a file, without empty lines and the white space around them."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from filter(None, map(str.strip, file))
    except UnicodeDecodeError as error:
        raise InvalidInputError.of("--from", f"{path}: not UTF-8 ({error})") from error
    except OSError as error:
        raise InvalidInputError.of("--from", f"{path}: {error.strerror or error}") from error
