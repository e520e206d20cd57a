"""`python -m soundtrack`: measure soundtracks of long texts beside simpler ways; print and keep figures."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.machine import describe_machine
from soundtrack.page import KEPT, write_page
from soundtrack.results import measure, texts_of, write
from soundtrack.service import started
from soundtrack.shown import shown
from soundtrack.speed import speed
from soundtrack.tables import cue_table, figure_tables, speed_table
from soundtrack.ways import WAYS
from training.data.errors import DataError
from training.listener.files import HALVES

_SHOWN = "The Constance"  # the story of the test half that the page shows
_ROOT = Path(__file__).resolve().parents[2]


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the flags say; returns the exit status."""
    flags = _parse(argv)
    folder = KEPT if flags.keep else flags.out
    if flags.report:
        print("\n".join(map(str, write_page())))
        return 0
    try:
        with started(flags.artifacts) as service:
            if flags.half:
                result = measure(service, flags.half, flags.way or tuple(WAYS))
                _told(figure_tables(result), result, folder / f"{flags.half}.json")
            if flags.show:
                story, text = next(each for each in texts_of("test") if each[0].title == _SHOWN)
                result = shown(service, story, text)
                _told(cue_table(result, len(text.sentence_starts)), result, folder / "shown.json")
            if flags.speed:
                result = speed(service) | {"machine": describe_machine()}
                _told(speed_table(result), result, folder / "speed.json")
    except DataError as error:
        print(f"soundtrack: {error}", file=sys.stderr)
        return 1
    return 0


def _told(table: str, result: dict[str, Any], path: Path) -> None:
    write(result, path)
    print(table, "", path, sep="\n")


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soundtrack", description=__doc__, allow_abbrev=False)
    parser.add_argument("--half", choices=HALVES, help="measure on these texts: choose by dev, never by test")
    parser.add_argument("--way", action="append", choices=WAYS, help="a way alone; all unless given")
    parser.add_argument("--show", action="store_true", help=f"list what plays to {_SHOWN}")
    parser.add_argument("--speed", action="store_true", help="measure time and memory on one core")
    parser.add_argument("--keep", action="store_true", help=f"write figures to {KEPT.relative_to(_ROOT)}")
    parser.add_argument("--report", action="store_true", help="write docs/SOUNDTRACK.md from what was kept")
    parser.add_argument("--out", type=Path, default=Path("runs/soundtrack"), help="default: %(default)s")
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="default: %(default)s")
    flags = parser.parse_args(argv)
    if not (flags.half or flags.show or flags.speed or flags.report):
        parser.error("one of --half, --show, --speed or --report")
    return flags


if __name__ == "__main__":
    sys.exit(main())
