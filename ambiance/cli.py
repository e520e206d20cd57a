"""The command line `ambiance`: match and encode texts, look up clips, write to indexes of one's own, change
versions, serve.

Exit status: 0; 1 for a failure; 2 for bad usage or bad input; 65 (sysexits' EX_DATAERR) if some of what was
to be written or deleted wasn't; 69 (EX_UNAVAILABLE) if the cluster can't be reached. `health` is for
container health checks, which know 0 and 1 only: 1 is a service that isn't serving or can't be reached.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TextIO

from ambiance.arguments import require_deadline, require_utf8
from ambiance.channel import GATEWAY_PORT, TEXT_SERVICE_PORT
from ambiance.commands.by_id import add_delete, add_report
from ambiance.commands.check_media import add_check_media
from ambiance.commands.clips import add_clips
from ambiance.commands.completion import add_completion
from ambiance.commands.exit_status import (
    EXIT_BAD_INPUT,
    EXIT_FAILURE,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_UNAVAILABLE,
)
from ambiance.commands.flags.search import add_search_flags, search_arguments_of
from ambiance.commands.flags.shared import add_target_flags
from ambiance.commands.import_audio import add_import_audio
from ambiance.commands.import_clips import add_import
from ambiance.commands.indexes import add_index, add_indexes
from ambiance.commands.labels import add_labels
from ambiance.commands.output.style import Style
from ambiance.commands.path import add_path
from ambiance.commands.search import add_search
from ambiance.commands.serve import PROGRAMS, add_programs
from ambiance.commands.similar import add_similar
from ambiance.commands.soundtrack import add_soundtrack
from ambiance.commands.status import SERVING, add_status
from ambiance.commands.versions import add_versions
from ambiance.errors import AmbianceError, InvalidInputError, NotFoundError, UnavailableError
from ambiance.extras import installed_version
from ambiance.limits import DEFAULT_K
from ambiance.targets import resolvable

HEALTH_DEADLINE_S = 2.0
_EXIT_STATUS = """
exit status: 0; 1 for a failure, or a service that isn't serving; 2 for bad usage or bad input; 65 if some of
what was to be written or deleted wasn't; 69 if a service can't be reached; 130 after Ctrl-C
"""

_START = "; is it up? (`make up` starts a cluster, `ambiance serve` one process for all services)"

STDIN = "-"
TEXT = "TEXT"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. Errors are one sentence on standard error."""
    given = list(map(_as_utf8, sys.argv[1:]) if argv is None else argv)
    if given[:1] and given[0] in PROGRAMS:  # they parse their own flags
        given[1:] = ["--", *given[1:]]
    try:
        try:
            return _run(given)
        finally:  # argparse has printed help when it exits
            if sys.stdout is not None:
                sys.stdout.flush()
    except AmbianceError as error:
        status = _exit_status(error)
        _complain(f"{error}{_START if status == EXIT_UNAVAILABLE else ''}")
        return status
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever reads the output, `head` say, has closed it
        _drop(sys.stdout)
        return EXIT_FAILURE
    except OSError as error:  # a disk that is full, say
        _drop(sys.stdout)
        _complain(f"standard output: {error.strerror or error}")
        return EXIT_FAILURE


def _run(given: Sequence[str]) -> int:
    arguments = _parser().parse_args(given)
    command: Callable[[argparse.Namespace], int] = arguments.command
    return command(arguments)


def match(arguments: argparse.Namespace) -> int:
    """Print the clips for a text."""
    from ambiance import Client  # noqa: PLC0415  # `health` needs neither
    from ambiance.commands.output import json_output, presentation  # noqa: PLC0415

    _require_output()
    with Client(arguments.target, deadline_s=arguments.deadline) as client:
        result = client.match(
            _text(arguments.text),
            arguments.k,
            space=arguments.space,
            explain=arguments.explain,
            **search_arguments_of(arguments),
        )
    _print(
        json_output.match_as_json(result)
        if arguments.json
        else presentation.match_for_people(result, Style.of_output())
    )
    return EXIT_OK


def encode(arguments: argparse.Namespace) -> int:
    """Print the emotion of a text."""
    from ambiance import Client  # noqa: PLC0415  # `health` needs neither
    from ambiance.commands.output import json_output, presentation  # noqa: PLC0415

    _require_output()
    resolvable(arguments.target)  # so that an error names the flag, not the client's argument
    with Client(text_target=arguments.target, deadline_s=arguments.deadline) as client:
        [text] = client.encode([_text(arguments.text)], explain=arguments.explain)
    _print(
        json_output.text_as_json(text)
        if arguments.json
        else presentation.text_for_people(text, Style.of_output())
    )
    return EXIT_OK


def health(arguments: argparse.Namespace) -> int:
    """Ask for the health of a service; silent unless asked, as a container's health check likes it."""
    from ambiance.health import health_of  # noqa: PLC0415  # a wrong flag is told without gRPC

    if arguments.verbose:
        _require_output()
    require_utf8({"service": arguments.service})
    deadline_s = require_deadline(arguments.deadline)
    said = health_of(arguments.target, deadline_s, arguments.service)
    if arguments.verbose:
        _print(f"{arguments.target} {arguments.service or 'server'}: {said}")
    return EXIT_OK if said == SERVING else EXIT_FAILURE


class _Version(argparse.Action):
    """Prints the version, which takes a moment to look up, only when asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        _require_output()
        print(f"ambiance {installed_version()}")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Tells how to give a text that argparse took for a flag, and fails where help can't be written."""

    def print_help(self, file: Any = None) -> None:
        _require_output()
        print(self.format_help(), end="", file=file)

    def error(self, message: str) -> NoReturn:
        if sys.stderr is None:  # argparse would write to standard output
            self.exit(EXIT_BAD_INPUT)
        if message.endswith(f": {TEXT}"):
            message += " (one that begins with a dash stands last, behind two: -- -sad)"
        super().error(message)


def _parser() -> _Parser:
    parser = _Parser(
        prog="ambiance",
        description="Music that carries the emotion of a text.",
        epilog=_EXIT_STATUS,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_match(commands)
    _add_encode(commands)
    add_soundtrack(commands, _print)
    add_search(commands, _print)
    add_similar(commands, _print)
    add_path(commands, _print)
    add_labels(commands, _print)
    add_clips(commands, _print)
    add_status(commands, _print)
    add_versions(commands, _print)
    add_indexes(commands, _print)
    add_index(commands, _print)
    add_import(commands, _print)
    add_import_audio(commands, _print)
    add_check_media(commands, _print)
    add_delete(commands, _print)
    add_report(commands, _print)
    _add_health(commands)
    add_programs(commands)
    add_completion(commands, _print, _parser)
    return parser


def _add_match(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("match", help="clips for a text", allow_abbrev=False)
    parser.set_defaults(command=match)
    _add_text(parser)
    add_target_flags(parser, f"localhost:{GATEWAY_PORT}", "gateway")
    parser.add_argument("-k", type=int, default=DEFAULT_K, help="number of clips, 1 to 1,000 (%(default)s)")
    parser.add_argument("--space", default="", help="space to match in (the gateway's default)")
    add_search_flags(parser)


def _add_encode(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("encode", help="the emotion of a text", allow_abbrev=False)
    parser.set_defaults(command=encode)
    _add_text(parser)
    add_target_flags(parser, f"localhost:{TEXT_SERVICE_PORT}", "text service")


def _add_health(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("health", help="exit 0 if a service is serving, else 1", allow_abbrev=False)
    parser.set_defaults(command=health)
    add_target_flags(parser, f"localhost:{GATEWAY_PORT}", "server", HEALTH_DEADLINE_S)
    parser.add_argument("--service", default="", help="full name of a service (the server as a whole)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the status")


def _add_text(parser: argparse.ArgumentParser) -> None:
    about = "the text; - reads it from standard input, and one that begins with a dash stands behind --"
    parser.add_argument("text", metavar=TEXT, help=about)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--explain", action="store_true", help="tell which words moved the emotion most")


def _text(argument: str) -> str:
    if argument != STDIN:
        return argument
    if sys.stdin is None:
        raise InvalidInputError.of("text", "standard input is closed")
    try:
        data = sys.stdin.buffer.read()
    except OSError as error:
        why = f"standard input can't be read: {error.strerror or error}"
        raise InvalidInputError.of("text", why) from error
    try:
        return data.decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        what = f"byte 0x{data[error.start]:02X} at position {error.start:,} of standard input isn't UTF-8"
        raise InvalidInputError.of("text", what) from None


def _as_utf8(argument: str) -> str:
    """An argument that Python couldn't decode by the locale, as UTF-8, which it most likely is."""
    try:
        argument.encode()
        return argument
    except UnicodeEncodeError:
        with contextlib.suppress(UnicodeError):
            return os.fsencode(argument).decode()
        return argument


def _require_output() -> None:
    """Fail before a service is asked for what couldn't be shown.

    Raises:
        AmbianceError: if standard output is closed.
    """
    if sys.stdout is None:
        raise AmbianceError("standard output is closed")


def _drop(stream: TextIO) -> None:
    """Send what is still buffered to nowhere: flushing it at exit would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _complain(sentence: str) -> None:
    """Say on standard error what went wrong, if it is there to be written to."""
    if sys.stderr is None:  # print would write to standard output
        return
    try:
        print(f"ambiance: {sentence}", file=sys.stderr, flush=True)
    except OSError:
        _drop(sys.stderr)


def _print(text: str) -> None:
    """Print whatever the terminal's encoding is; what it can't show becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))


def _exit_status(error: AmbianceError) -> int:
    if isinstance(error, InvalidInputError | NotFoundError):
        return EXIT_BAD_INPUT
    return EXIT_UNAVAILABLE if isinstance(error, UnavailableError) else EXIT_FAILURE


if __name__ == "__main__":
    sys.exit(main())
