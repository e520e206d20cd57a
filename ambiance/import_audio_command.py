"""The command `ambiance import-audio`: clips of a folder of recordings. Only it loads what hears them."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ambiance.channel import MUSIC_INDEX_SERVICE_PORT
from ambiance.errors import InvalidInputError
from ambiance.extras import Extra
from ambiance.shared_flags import add_target_flags

if TYPE_CHECKING:
    from ambiance.audio.importing import Summary

EXIT_REJECTS = 1  # something couldn't be imported; the rest was
EXTRA = "audio"
DEADLINE_S = 60.0  # of a call that writes the clips of a recording
WINDOW_S = 10.0  # as AudioSet's clips
MIN_WINDOW_S, MAX_WINDOW_S = 1.0, 576.0  # at least a frame of VGGish's, at most as many as a clip may have


def add_import_audio(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add the command, which prints with `show`."""

    def import_audio(arguments: argparse.Namespace) -> int:
        _check_window(arguments.window)
        with Extra(EXTRA, "ambiance import-audio"):
            return _run(arguments, show)

    about = "write the clips of a folder of recordings (wav, flac, mp3, ogg) to an index"
    more = (
        "Each recording is heard in windows by VGGish, whose weights `make vggish` fetches. "
        "Run again, it goes on where it stopped and hears what has changed."
    )
    parser = commands.add_parser(
        "import-audio", help=about, description=f"{about}. {more}", allow_abbrev=False
    )
    parser.set_defaults(command=import_audio)
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of recordings, with those below it")
    parser.add_argument("--index", required=True, metavar="NAME", help="index to write to")
    seconds = f"seconds of a clip, {MIN_WINDOW_S:g} to {MAX_WINDOW_S:g} (%(default)s)"
    parser.add_argument("--window", type=float, default=WINDOW_S, metavar="SECONDS", help=seconds)
    weights = "VGGish's weights (data/vggish/vggish.npz)"
    parser.add_argument("--weights", type=Path, metavar="FILE", help=weights)
    journal = "what was done, for going on (import-audio-NAME.journal)"
    parser.add_argument("--journal", type=Path, metavar="FILE", help=journal)
    rejects = "what couldn't be imported and why, a JSON object a line (import-audio-NAME.rejects)"
    parser.add_argument("--rejects", type=Path, metavar="FILE", help=rejects)
    parser.add_argument("--again", action="store_true", help="hear what the journal knows, too")
    add_target_flags(parser, f"localhost:{MUSIC_INDEX_SERVICE_PORT}", "music index service", DEADLINE_S)


def _run(arguments: argparse.Namespace, show: Callable[[str], None]) -> int:
    from tqdm import tqdm  # noqa: PLC0415  # a wrong flag is told without all of these

    from ambiance import Client  # noqa: PLC0415
    from ambiance.audio.folder import find_recordings  # noqa: PLC0415
    from ambiance.audio.hearing import Hearing  # noqa: PLC0415
    from ambiance.audio.importing import AudioImport  # noqa: PLC0415
    from ambiance.audio.journal import Journal  # noqa: PLC0415
    from ambiance.audio.weights import DEFAULT_WEIGHTS  # noqa: PLC0415

    hearing = Hearing(arguments.weights or DEFAULT_WEIGHTS)
    found = find_recordings(arguments.folder)
    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        name = client.create_index(arguments.index).index.name  # refuses a name that makes no file's, too
        rejects_path = arguments.rejects or Path(f"import-audio-{name}.rejects")
        with (
            Journal(arguments.journal or Path(f"import-audio-{name}.journal")) as journal,
            _rejects(rejects_path) as rejects,
        ):
            task = AudioImport(
                client,
                hearing,
                journal,
                rejects,
                index=name,
                window_seconds=arguments.window,
                settings=f"index {name}, window {arguments.window:g} s, weights {hearing.digest}",
                again=arguments.again,
            )
            summary = task.run(found, lambda paths: tqdm(paths, unit="file", disable=None))
    show(_told(summary, found.other_count, rejects_path))
    return EXIT_REJECTS if summary.rejected else 0


def _check_window(seconds: float) -> None:
    if not MIN_WINDOW_S <= seconds <= MAX_WINDOW_S:  # NaN neither
        what = f"{MIN_WINDOW_S:g} to {MAX_WINDOW_S:g} seconds, got {seconds:g}"
        raise InvalidInputError.of("--window", what)


def _rejects(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise InvalidInputError.of("--rejects", f"{path}: {error.strerror or error}") from error


def _told(summary: "Summary", other_count: int, rejects_path: Path) -> str:
    outcomes = summary.outcomes
    clips = ", ".join(f"{outcomes[outcome]:,} {outcome.value}" for outcome in sorted(outcomes))
    lines = [f"{summary.imported:,} recordings imported ({clips or 'no clips'})"]
    if summary.skipped:
        lines.append(f"{summary.skipped:,} were imported before; --again hears them again")
    if summary.silent:
        lines.append(f"{summary.silent:,} windows are silent and left out")
    if other_count:
        lines.append(f"{other_count:,} other files aren't recordings by their names")
    if summary.rejected:
        lines.append(f"{summary.rejected:,} couldn't be imported: {rejects_path} says why")
    return "\n".join(lines)
