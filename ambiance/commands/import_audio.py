"""The command `ambiance import-audio`: clips of a folder of recordings. Only it loads what hears them."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ambiance.commands.exit_status import EXIT_INCOMPLETE
from ambiance.commands.flags.shared import add_music_target_flags
from ambiance.errors import InvalidInputError, NotFoundError
from ambiance.extras import Extra

if TYPE_CHECKING:
    from ambiance.audio.importing import Summary
    from ambiance.client import Client

EXTRA = "audio"
DEADLINE_S = 60.0  # of a call that writes the clips of a recording
WINDOW_S = 10.0  # as AudioSet's clips
MIN_WINDOW_S, MAX_WINDOW_S = 1.0, 576.0  # at least a frame of VGGish's, at most as many as a clip may have

_ABOUT = "write the clips of a folder of recordings to an index"
_DESCRIPTION = """
Writes the recordings below a folder to an index: wav, flac, mp3 and ogg. Each is cut into windows, and VGGish
hears each of them; `make vggish` fetches its weights. What can't be heard goes to a file, and the rest goes
through. Run again, it goes on where it stopped, and hears what is new or has changed. Exit status: 0 if every
recording was written, 65 if some were rejected, 2 for bad usage, 69 if the service can't be reached, 1 for
any other failure.
"""

Show = Callable[[str], None]


def add_import_audio(commands: "argparse._SubParsersAction[Any]", show: Show) -> None:
    """Add the command, which prints with `show`."""

    def import_audio(arguments: argparse.Namespace) -> int:
        if not MIN_WINDOW_S <= arguments.window <= MAX_WINDOW_S:  # NaN neither
            what = f"{MIN_WINDOW_S:g} to {MAX_WINDOW_S:g} seconds, got {arguments.window:g}"
            raise InvalidInputError.of("--window", what)
        with Extra(EXTRA, "ambiance import-audio"):
            return _run(arguments, show)

    parser = commands.add_parser("import-audio", help=_ABOUT, description=_DESCRIPTION, allow_abbrev=False)
    parser.set_defaults(command=import_audio)
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder")
    parser.add_argument("--index", required=True, metavar="NAME", help="index to write to")
    parser.add_argument("--create", action="store_true", help="make the index if it isn't there")
    seconds = f"seconds of a clip, {MIN_WINDOW_S:g} to {MAX_WINDOW_S:g} (%(default)s)"
    parser.add_argument("--window", type=float, default=WINDOW_S, metavar="SECONDS", help=seconds)
    weights = "VGGish's weights (data/vggish/vggish.npz)"
    parser.add_argument("--weights", type=Path, metavar="FILE", help=weights)
    rejects = "what wasn't written (DIR.rejects.jsonl)"
    parser.add_argument("--rejects", type=Path, metavar="FILE", help=rejects)
    state = "what was written (DIR.NAME.import.jsonl)"
    parser.add_argument("--state", type=Path, metavar="FILE", help=state)
    parser.add_argument("--restart", action="store_true", help="hear everything, whatever the state says")
    add_music_target_flags(parser, DEADLINE_S)


def _run(arguments: argparse.Namespace, show: Show) -> int:
    from tqdm import tqdm  # noqa: PLC0415  # a wrong flag is told without all of these

    from ambiance.audio.folder import find_recordings  # noqa: PLC0415
    from ambiance.audio.hearing import Hearing  # noqa: PLC0415
    from ambiance.audio.importing import AudioImport  # noqa: PLC0415
    from ambiance.audio.journal import Journal  # noqa: PLC0415
    from ambiance.audio.weights import DEFAULT_WEIGHTS  # noqa: PLC0415
    from ambiance.client import Client  # noqa: PLC0415

    name, target = arguments.index, arguments.target
    hearing = Hearing(arguments.weights or DEFAULT_WEIGHTS)
    found = find_recordings(arguments.folder)
    rejects_path = arguments.rejects or _beside(arguments.folder, "rejects.jsonl")
    with Client(music_target=target, deadline_s=arguments.deadline) as client:
        _require_index(client, name, create=arguments.create)  # before a file is called by its name
        state_path = arguments.state or _beside(arguments.folder, f"{name}.import.jsonl")
        with Journal(state_path, "--state") as journal, _opened(rejects_path) as rejects:
            settings = f"{target} {name}: windows of {arguments.window:g} s, weights {hearing.digest}"
            task = AudioImport(
                client,
                hearing,
                journal,
                rejects,
                index=name,
                window_seconds=arguments.window,
                settings=settings,
                restart=arguments.restart,
            )
            summary = task.run(found, lambda paths: tqdm(paths, unit="file", disable=None))
    show(_told(summary, found.other_count, rejects_path))
    if summary.rejected:
        return EXIT_INCOMPLETE
    rejects_path.unlink(missing_ok=True)
    return 0


def _require_index(client: "Client", name: str, *, create: bool) -> None:
    if create:
        client.create_index(name)
        return
    names = [index.name for index in client.list_indexes()]
    if name not in names:
        what = f"index: no index {name!a}; there are {', '.join(names)}; --create makes it"
        raise NotFoundError(what)


def _beside(folder: Path, ending: str) -> Path:
    whole = folder.resolve()
    return whole.parent / f"{whole.name or 'root'}.{ending}"


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise InvalidInputError.of("--rejects", f"{path}: {error.strerror or error}") from error


def _told(summary: "Summary", other_count: int, rejects_path: Path) -> str:
    outcomes = summary.outcomes
    clips = ", ".join(f"{outcomes[outcome]:,} {outcome.value}" for outcome in sorted(outcomes))
    lines = [
        f"{summary.imported:,} recordings imported, {summary.rejected:,} rejected; clips: {clips or 'none'}"
    ]
    if summary.skipped:
        lines.append(f"{summary.skipped:,} recordings were imported before; --restart hears them again")
    if summary.silent:
        lines.append(f"{summary.silent:,} windows are silent and left out")
    if other_count:
        lines.append(f"{other_count:,} other files aren't recordings by their names")
    if summary.rejected:
        lines.append(f"why: {rejects_path}")
    return "\n".join(lines)
