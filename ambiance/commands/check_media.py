"""The command `ambiance check-media`: which clips can still be played. Nothing runs it by itself."""

import argparse
import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ambiance.commands.flags.shared import add_music_target_flags
from ambiance.errors import InvalidInputError

if TYPE_CHECKING:
    from ambiance.client import Client
    from ambiance.media.checking import Summary
    from ambiance.media.medium import Clips, Medium

DEFAULT_INDEX = "default"
ENDPOINT = "https://www.youtube.com/oembed"
DAY_S = 86_400.0
RECHECK_DAYS = 30.0
MAX_DAYS = 36_500.0
TIMEOUT_S, MAX_TIMEOUT_S = 10.0, 300.0
MAX_LISTINGS = 5  # an index that is written to meanwhile is listed anew

_ABOUT = "ask whether the media of clips can still be played, and mark the clips"
_DESCRIPTION = """
Asks YouTube's oEmbed endpoint about the video of each clip, or the server of its URI for the first byte, one
request after the other at a gentle rate. Clips of media that are gone, or may not be embedded, are marked as
unavailable; those of media that are back as available. What doesn't answer, or asks to be left alone, is
never marked. Run again, it goes on where it stopped. Nothing runs this by itself. Exit status: 0; 1 for a
failure; 2 for bad usage; 69 if the index service can't be reached.
"""

Show = Callable[[str], None]


def add_check_media(commands: "argparse._SubParsersAction[Any]", show: Show) -> None:
    """Add the command, which prints with `show`."""

    def check_media(arguments: argparse.Namespace) -> int:
        show(_checked(arguments))
        return 0

    parser = commands.add_parser("check-media", help=_ABOUT, description=_DESCRIPTION, allow_abbrev=False)
    parser.set_defaults(command=check_media)
    parser.add_argument("--index", default=DEFAULT_INDEX, metavar="NAME", help="index to check (%(default)s)")
    rate = "requests to send at most, such as 1/s, 30/min or 200/h (%(default)s)"
    parser.add_argument("--rate", default="1/s", help=rate)
    parser.add_argument("--dry-run", action="store_true", help="ask, and mark and note nothing")
    parser.add_argument("--endpoint", default=ENDPOINT, metavar="URL", help="oEmbed endpoint (%(default)s)")
    timeout = "that a request may take (%(default)s)"
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S, metavar="SECONDS", help=timeout)
    days = "media checked within so many are passed over (%(default)s)"
    parser.add_argument("--recheck", type=float, default=RECHECK_DAYS, metavar="DAYS", help=days)
    streak = "media of a host gone in a row after which it is taken to refuse us; 0: none (%(default)s)"
    parser.add_argument("--max-gone-in-a-row", type=int, default=20, metavar="N", help=streak)
    parser.add_argument("--state", type=Path, metavar="FILE", help="what was checked when (NAME.media.jsonl)")
    add_music_target_flags(parser)


def _checked(arguments: argparse.Namespace) -> str:
    from ambiance.client import Client  # noqa: PLC0415  # a wrong flag is told without these
    from ambiance.json_lines import JsonLines  # noqa: PLC0415
    from ambiance.media.asking import Asker  # noqa: PLC0415
    from ambiance.media.checking import MediaCheck  # noqa: PLC0415
    from ambiance.media.http_request import Requester  # noqa: PLC0415
    from ambiance.media.pace import Pace, per_second  # noqa: PLC0415

    _check_flags(arguments)
    asker = Asker(Requester(arguments.timeout), Pace(per_second(arguments.rate)))
    name = arguments.index
    with Client(music_target=arguments.target, deadline_s=arguments.deadline) as client:
        media, other_count = _listed(client, name, arguments.endpoint)
        state = arguments.state or Path(f"{name}.media.jsonl")
        with nullcontext() if arguments.dry_run else JsonLines(state, "--state") as journal:
            check = MediaCheck(
                asker,
                client,
                journal,
                index=name,
                recheck_s=arguments.recheck * DAY_S,
                max_gone_in_a_row=arguments.max_gone_in_a_row,
            )
            check.run(media, _progress)
    return _told(check.summary, other_count, dry_run=arguments.dry_run)


def _check_flags(arguments: argparse.Namespace) -> None:
    if not arguments.endpoint.lower().startswith(("http://", "https://")):
        raise InvalidInputError.of("--endpoint", f"a URL of http or https, got {arguments.endpoint!a}")
    if not 0 < arguments.timeout <= MAX_TIMEOUT_S:
        what = f"above 0, at most {MAX_TIMEOUT_S:g} seconds, got {arguments.timeout:g}"
        raise InvalidInputError.of("--timeout", what)
    if not 0 <= arguments.recheck <= MAX_DAYS:
        raise InvalidInputError.of("--recheck", f"0 to {MAX_DAYS:g} days, got {arguments.recheck:g}")
    if arguments.max_gone_in_a_row < 0:
        raise InvalidInputError.of("--max-gone-in-a-row", f"at least 0, got {arguments.max_gone_in_a_row:,}")


def _listed(client: "Client", index: str, endpoint: str) -> tuple[dict["Medium", "Clips"], int]:
    from ambiance.limits import MAX_PAGE_SIZE  # noqa: PLC0415
    from ambiance.media.medium import by_medium  # noqa: PLC0415

    for _ in range(MAX_LISTINGS - 1):
        try:
            return by_medium(client.list_clips(index=index, page_size=MAX_PAGE_SIZE), endpoint)
        except InvalidInputError as error:
            if error.violations[0].field != "page_token":
                raise
    return by_medium(client.list_clips(index=index, page_size=MAX_PAGE_SIZE), endpoint)


def _progress(media: Iterable["Medium"]) -> Iterable["Medium"]:
    """A progress bar, where somebody looks at it and what draws it is installed."""
    if sys.stderr is None or not sys.stderr.isatty():
        return media
    try:
        from tqdm import tqdm  # noqa: PLC0415
    except ModuleNotFoundError:
        return media
    return tqdm(media, unit="medium")


def _told(summary: "Summary", other_count: int, *, dry_run: bool) -> str:
    states = ", ".join(f"{summary.states[state]:,} {state.value}" for state in sorted(summary.states))
    gone, back = summary.marked[False], summary.marked[True]
    would = "would be " if dry_run else ""
    lines = [
        f"media: {states or 'none checked'}",
        f"clips: {gone:,} {would}marked as unavailable, {back:,} as available",
    ]
    lines += [f"gone: {name}" for name in summary.gone] if dry_run else []
    if summary.fresh:
        lines.append(f"{summary.fresh:,} media were checked not long ago; --recheck says what that is")
    if other_count:
        lines.append(f"{other_count:,} clips have no video and no URI of http or https")
    lines += [f"{host} {reason}; left alone" for host, reason in sorted(summary.left_alone.items())]
    return "\n".join(lines)
