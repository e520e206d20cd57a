"""The command `ambiance import`: a catalogue's file into an index of one's own."""

import argparse
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ambiance.commands.exit_status import EXIT_INCOMPLETE
from ambiance.commands.flags.shared import add_music_target_flags
from ambiance.errors import AmbianceError, InvalidInputError, NotFoundError
from ambiance.extras import Extra

if TYPE_CHECKING:
    from ambiance.importing.job import Job
    from ambiance.importing.plan import Mapped, Plan
    from ambiance.importing.state import Progress, State

DEADLINE_S = 60.0
IN_FLIGHT = 4
MAX_IN_FLIGHT = 64

_TYPES = ("text", "number", "flag")
_DESCRIPTION = """
Writes every row of a file to an index: CSV (or TSV), JSON lines, Parquet, or TFRecord as AudioSet publishes
its features. Columns are matched to the fields of a clip by their names, before anything is sent. Rows that
can't be written go to a file, and the rest goes through. An import that was interrupted goes on where it
stopped when it is run again. Exit status: 0 if every row was written, 65 if some were rejected, 2 for bad
usage or a file that can't be imported, 69 if the service can't be reached, 1 for any other failure.
"""

Show = Callable[[str], None]


def add_import(commands: "argparse._SubParsersAction[Any]", show: Show) -> None:
    """Add the command, which prints with `show`."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            with Extra("import", "ambiance import"):
                job, progress = _done(arguments)
        except OSError as error:
            where = error.filename or f"{arguments.file} or a file beside it"
            raise AmbianceError(f"{where}: {error.strerror or error}") from error
        show(_summary(progress, arguments))
        return _told(job, progress)

    about = "write a catalogue's file to an index"
    parser = commands.add_parser("import", help=about, description=_DESCRIPTION, allow_abbrev=False)
    parser.set_defaults(command=run)
    parser.add_argument("file", metavar="FILE", type=Path, help="the catalogue")
    parser.add_argument("--index", required=True, metavar="NAME", help="index to write to")
    parser.add_argument("--create", action="store_true", help="make the index if it isn't there")
    parser.add_argument(
        "--format", choices=("csv", "jsonl", "parquet", "tfrecord"), default="", help="(by the file's ending)"
    )
    parser.add_argument("--dry-run", action="store_true", help="check the whole file, and send nothing")
    _add_columns(parser)
    _add_files(parser)
    add_music_target_flags(parser, DEADLINE_S)
    parser.add_argument(
        "--in-flight",
        type=int,
        default=IN_FLIGHT,
        metavar="N",
        help=f"requests that may wait for their answer, 1 to {MAX_IN_FLIGHT} (%(default)s)",
    )


def _add_columns(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("columns", "Each flag may stand several times.")
    group.add_argument(
        "--map",
        dest="fields",
        metavar="COLUMN=FIELD",
        type=_pair,
        action="append",
        default=[],
        help="this column is that field of a clip, such as Interpret=artist",
    )
    group.add_argument(
        "--attribute",
        dest="attributes",
        metavar="COLUMN[:TYPE]",
        type=_typed,
        action="append",
        default=[],
        help=f"this column is an attribute of that name; type: {', '.join(_TYPES)} (as the values are)",
    )
    group.add_argument(
        "--attributes-from-rest", action="store_true", help="columns that are no field are attributes"
    )
    group.add_argument(
        "--skip", dest="skipped", metavar="COLUMN", action="append", default=[], help="leave this column out"
    )
    group.add_argument(
        "--classes",
        metavar="FILE",
        type=Path,
        help="AudioSet's class_labels_indices.csv, which names the labels of a TFRecord (no labels)",
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("files beside the catalogue")
    group.add_argument(
        "--rejects", metavar="FILE", type=Path, help="rows that weren't written (FILE.rejects.jsonl)"
    )
    group.add_argument("--state", metavar="FILE", type=Path, help="how far it has come (FILE.import.json)")
    group.add_argument("--restart", action="store_true", help="begin anew, whatever the state says")


def _done(arguments: argparse.Namespace) -> "tuple[Job, Progress]":
    from ambiance.importing.formats import open_source  # noqa: PLC0415  # a wrong flag is told without these
    from ambiance.importing.job import Job  # noqa: PLC0415
    from ambiance.importing.plan import make_plan  # noqa: PLC0415

    if not 1 <= arguments.in_flight <= MAX_IN_FLIGHT:
        what = f"1 to {MAX_IN_FLIGHT}, got {arguments.in_flight:,}"
        raise InvalidInputError.of("--in-flight", what)
    source = open_source(arguments.file, arguments.format, arguments.classes)
    plan = make_plan(source, _mapped(arguments))
    _note("\n".join(f"{column} -> {field.name}{_type(field.needed)}" for column, field in plan.items()))
    job = Job(source, plan, arguments.rejects or _beside(arguments.file, ".rejects.jsonl"))
    return job, _checked(job) if arguments.dry_run else _imported(job, arguments, plan)


def _told(job: "Job", progress: "Progress") -> int:
    """The exit status; a few of the rejects are told before."""
    if not progress.rejected:
        return 0
    for reject in job.first_rejects:
        _note(f"row {reject.number:,}: {': '.join(filter(None, (reject.field, reject.reason)))}")
    return EXIT_INCOMPLETE


def _checked(job: "Job") -> "Progress":
    with closing(_bar(job)) as bar:
        return job.check(lambda position: bar.update(position - bar.n))


def _imported(job: "Job", arguments: argparse.Namespace, plan: "Plan") -> "Progress":
    from ambiance.client import Client  # noqa: PLC0415

    state = _state(arguments, plan)
    if arguments.restart:
        state.remove()
    if begun := state.load().row_count:
        _note(f"goes on after {begun:,} rows; --restart begins anew")
    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        if arguments.create:
            client.create_index(arguments.index)
        with closing(_bar(job)) as bar:

            def advance(position: int) -> None:
                bar.update(position - bar.n)

            try:
                return job.run(client, arguments.index, arguments.in_flight, state, advance)
            except NotFoundError as error:
                raise NotFoundError(f"{error}; --create makes an index") from error


def _state(arguments: argparse.Namespace, plan: "Plan") -> "State":
    from ambiance.importing.state import State, digest  # noqa: PLC0415

    rejects = arguments.rejects or _beside(arguments.file, ".rejects.jsonl")
    identity = {
        "sha256 of the file": digest(arguments.file),
        "index": arguments.index,
        "target": arguments.target,
        "columns": {column: f"{field.name}{_type(field.needed)}" for column, field in plan.items()},
        "file of rejects": str(rejects),
    }
    return State(arguments.state or _beside(arguments.file, ".import.json"), identity)


def _mapped(arguments: argparse.Namespace) -> "Mapped":
    from ambiance.importing.plan import Mapped  # noqa: PLC0415

    return Mapped(
        fields=dict(arguments.fields),
        attributes=dict(arguments.attributes),
        skipped=frozenset(arguments.skipped),
        attributes_from_rest=arguments.attributes_from_rest,
    )


def _summary(progress: "Progress", arguments: argparse.Namespace) -> str:
    counts = [f"{count:,} {outcome}" for outcome, count in sorted(progress.outcomes.items())]
    rejected = f"{progress.rejected:,} rejected"
    if progress.rejected and not arguments.dry_run:
        rejected += f", see {arguments.rejects or _beside(arguments.file, '.rejects.jsonl')}"
    return f"{progress.row_count:,} rows: {', '.join([*counts, rejected])}"


def _bar(job: "Job") -> Any:
    """A progress bar, where somebody looks at it."""
    if sys.stderr is None or not sys.stderr.isatty():
        return _NoBar()
    from tqdm import tqdm  # noqa: PLC0415

    return tqdm(total=job.source.size, unit=job.source.unit, unit_scale=True)


class _NoBar:
    """What stands for a bar that nobody would see."""

    n = 0

    def update(self, _: int) -> None: ...
    def close(self) -> None: ...


def _type(needed: str) -> str:
    """The type of an attribute, as --attribute has it."""
    return f":{needed}" if needed in _TYPES else ""


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _note(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"{text}\n")


def _pair(argument: str) -> tuple[str, str]:
    column, sign, field = argument.rpartition("=")
    if not sign or not column:
        raise argparse.ArgumentTypeError(f"a column, = and a field, got {argument!a}")
    return column, field


def _typed(argument: str) -> tuple[str, str]:
    column, sign, kind = argument.rpartition(":")
    if not sign:
        return argument, ""
    if kind not in _TYPES:
        raise argparse.ArgumentTypeError(f"a column, : and {', '.join(_TYPES)}, got {argument!a}")
    return column, kind
