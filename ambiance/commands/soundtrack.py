"""The command `ambiance soundtrack`: music that follows a text, a book or a page."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ambiance.channel import GATEWAY_PORT
from ambiance.commands.exit_status import EXIT_INTERRUPTED
from ambiance.commands.flags.shared import add_target_flags
from ambiance.commands.flags.soundtrack import add_soundtrack_flags, soundtrack_arguments_of
from ambiance.commands.output.progress import progress_bar
from ambiance.commands.output.style import Style
from ambiance.errors import AmbianceError, InvalidInputError
from ambiance.extras import Extra
from ambiance.limits import DEFAULT_SOUNDTRACK_DEADLINE_S, MAX_BOOK_BYTES
from ambiance.reading import Reading, read_text

if TYPE_CHECKING:
    from ambiance.commands.output.soundtrack.whole import Soundtrack

STDIN = "-"
PROGRAM = "ambiance soundtrack"
_DESCRIPTION = """
Composes a soundtrack for a text: passages of one mood, and the clip that plays to each. Prints the cues, or
JSON, or a playlist; a page to read goes to a file. Exit status: 0; 2 for bad usage, or a file that can't be
read; 69 if the gateway can't be reached; 130 after Ctrl-C; 1 for any other failure.
"""

Show = Callable[[str], None]


def add_soundtrack(commands: "argparse._SubParsersAction[Any]", show: Show) -> None:
    """Add the command, which prints with `show`."""

    def soundtrack(arguments: argparse.Namespace) -> int:
        if sys.stdout is None:
            raise AmbianceError("standard output is closed")
        for flag, path in (("--html", arguments.html), ("--curve", arguments.curve)):
            _require_writable(flag, path)
        if arguments.curve is not None:
            with Extra("curve", PROGRAM):
                import matplotlib  # noqa: F401, PLC0415  # told of before anything is composed
        composed = _composed(arguments, _read(arguments.file))
        show(_written(arguments, composed))
        return 0

    about = "music that follows a text: a file of plain text, HTML or EPUB"
    parser = commands.add_parser("soundtrack", help=about, description=_DESCRIPTION, allow_abbrev=False)
    parser.set_defaults(command=soundtrack)
    parser.add_argument("file", metavar="FILE", help="what is read; - reads it from standard input")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print one JSON object")
    forms.add_argument("--m3u", action="store_true", help="print a playlist that players open")
    forms.add_argument("--html", metavar="PAGE", type=Path, help="write a page: the text with its cues")
    parser.add_argument(
        "--curve", metavar="PNG", type=Path, help="write a picture of the mood along the text"
    )
    add_target_flags(parser, f"localhost:{GATEWAY_PORT}", "gateway", DEFAULT_SOUNDTRACK_DEADLINE_S)
    add_soundtrack_flags(parser)


def _read(file: str) -> Reading:
    """The file's text; what of it couldn't be read is told on standard error."""
    try:
        data, name = (_of_stdin(), "") if file == STDIN else (_of_file(Path(file)), Path(file).name)
    except OSError as error:
        raise InvalidInputError.of("file", f"{file}: {error.strerror or error}") from error
    with Extra("reading", PROGRAM):
        reading = read_text(data, name)
    for warning in reading.warnings:
        if sys.stderr is not None:
            sys.stderr.write(f"ambiance: {warning}\n")
    return reading


def _of_file(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(MAX_BOOK_BYTES + 1)  # one more than may be is refused as too large


def _of_stdin() -> bytes:
    if sys.stdin is None:
        raise InvalidInputError.of("file", "standard input is closed")
    return sys.stdin.buffer.read(MAX_BOOK_BYTES + 1)


def _composed(arguments: argparse.Namespace, reading: Reading) -> "Soundtrack":
    from ambiance import Client  # noqa: PLC0415  # a wrong flag or file is told without gRPC
    from ambiance.commands.output.soundtrack.whole import collected  # noqa: PLC0415

    asked = soundtrack_arguments_of(arguments)
    with (
        Client(arguments.target) as client,
        closing(client.compose_soundtrack(reading.text, deadline_s=arguments.deadline, **asked)) as parts,
        closing(progress_bar(len(reading.text), "characters")) as bar,
        _ctrl_c_ends(bar.close),
    ):
        return collected(reading, parts, lambda position: bar.update(position - bar.n))


@contextmanager
def _ctrl_c_ends(tidy: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C end the process at once: the server sees the connection close, and stops.

    Python's own KeyboardInterrupt may strike gRPC where it then waits for the server to end the call.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # which alone gets signals
        return

    def end(*_: object) -> None:
        tidy()
        os._exit(EXIT_INTERRUPTED)

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _written(arguments: argparse.Namespace, soundtrack: "Soundtrack") -> str:
    """What is printed. Files that were asked for are written."""
    told = []
    if arguments.curve is not None:
        from ambiance.commands.output.soundtrack.picture import draw_curve  # noqa: PLC0415

        _write("--curve", arguments.curve, lambda path: draw_curve(soundtrack, path))
    if arguments.html is not None:
        from ambiance.commands.output.soundtrack.page import soundtrack_as_page  # noqa: PLC0415

        page = soundtrack_as_page(soundtrack)
        _write("--html", arguments.html, lambda path: path.write_text(page, encoding="utf-8"))
        told.append(f"{arguments.html}: {soundtrack.end.cue_count:,} cues")
    elif arguments.m3u:
        from ambiance.commands.output.soundtrack.playlist import soundtrack_as_playlist  # noqa: PLC0415

        told.append(soundtrack_as_playlist(soundtrack))
    elif arguments.json:
        from ambiance.commands.output.soundtrack.objects import soundtrack_as_json  # noqa: PLC0415

        told.append(soundtrack_as_json(soundtrack))
    else:
        from ambiance.commands.output.soundtrack.people import soundtrack_for_people  # noqa: PLC0415

        told.append(soundtrack_for_people(soundtrack, Style.of_output()))
    return "\n".join(told)


def _require_writable(flag: str, path: Path | None) -> None:
    """Fail before a soundtrack is composed for a file that can't be written."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise InvalidInputError.of(flag, f"{path}: {'is a folder' if path.is_dir() else 'no such folder'}")


def _write(flag: str, path: Path, write: Callable[[Path], object]) -> None:
    try:
        write(path)
    except OSError as error:
        raise AmbianceError(f"{flag}: {path}: {error.strerror or error}") from error
