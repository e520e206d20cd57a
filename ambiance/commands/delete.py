"""The command `ambiance delete`: clips out of an index, by their ids."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ambiance.commands.flags.shared import add_music_target_flags
from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_WRITTEN_CLIPS

DEADLINE_S = 60.0
EXIT_NOT_FOUND = 65  # sysexits' EX_DATAERR
SHOWN = 10  # ids that were not found

_DESCRIPTION = """
Deletes clips by their ids, also those of the released index, a thousand at a time. Deleting twice does no
harm. Exit status: 0 if each was deleted, 65 if some were not there; else as for import.
"""


def add_delete(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add the command, which prints with `show`."""

    def delete(arguments: argparse.Namespace) -> int:
        return _run(arguments, show)

    about = "delete clips from an index by their ids"
    parser = commands.add_parser("delete", help=about, description=_DESCRIPTION, allow_abbrev=False)
    parser.set_defaults(command=delete)
    parser.add_argument("ids", metavar="ID", nargs="*", help="ids; where one begins with a dash, behind --")
    parser.add_argument("--from", dest="file", metavar="FILE", type=Path, help="a file with an id a line")
    parser.add_argument("--index", required=True, metavar="NAME", help="index to delete from")
    add_music_target_flags(parser, DEADLINE_S)


def _run(arguments: argparse.Namespace, show: Callable[[str], None]) -> int:
    from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC

    if bool(arguments.ids) == (arguments.file is not None):
        raise InvalidInputError.of("ids", "ids or --from FILE, one of both")
    ids = iter(arguments.ids) if arguments.ids else _lines(arguments.file)
    counts: Counter[str] = Counter()
    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        while batch := list(islice(ids, MAX_WRITTEN_CLIPS)):
            for result in client.delete_clips(batch, index=arguments.index):
                counts[result.outcome] += 1
                if result.outcome != "deleted" and counts[result.outcome] <= SHOWN and sys.stderr is not None:
                    why = "; ".join(map(str, result.violations)) or result.outcome.replace("_", " ")
                    sys.stderr.write(f"{result.clip_id}: {why}\n")
    total, deleted = counts.total(), counts["deleted"]
    show(f"{total:,} {'id' if total == 1 else 'ids'}: {deleted:,} deleted, {total - deleted:,} not deleted")
    return 0 if deleted == total else EXIT_NOT_FOUND


def _lines(path: Path) -> Iterator[str]:
    """The ids of a file, without empty lines and the white space around them."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from filter(None, map(str.strip, file))
    except UnicodeDecodeError as error:
        raise InvalidInputError.of("--from", f"{path}: not UTF-8 ({error})") from error
    except OSError as error:
        raise InvalidInputError.of("--from", f"{path}: {error.strerror or error}") from error
