"""docs/SOUNDTRACK.md: the template beside this file, filled from the figures that were kept."""

from pathlib import Path
from string import Template
from typing import Any

from soundtrack.results import read
from soundtrack.tables import cue_table, figure_tables, meanings, speed_table, text_table

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs" / "soundtrack"
PAGE = ROOT / "docs" / "SOUNDTRACK.md"
TEMPLATE = Path(__file__).with_suffix(".md")
PLOT = "story.png"
READ_CUES = 10
_REMARKS = TEMPLATE.with_name("remarks.md")  # what a person says of these cues and figures


def write_page(kept: Path = KEPT, page: Path = PAGE) -> list[Path]:
    """Write the page and its plot from the figures in a folder; returns their files.

    Raises:
        FileNotFoundError: if figures of a half, the speed or the story that is shown aren't there.
    """
    from soundtrack.plots import draw  # matplotlib takes seconds

    test, dev, speed, shown = (read(kept / f"{name}.json") for name in ("test", "dev", "speed", "shown"))
    draw(shown, kept / PLOT)
    page.write_text(soundtrack_page(test, dev, speed, shown), encoding="utf-8")
    return [page, kept / PLOT]


def soundtrack_page(
    test: dict[str, Any], dev: dict[str, Any], speed: dict[str, Any], shown: dict[str, Any]
) -> str:
    """The page, from what was measured on both halves, of speed, and of one story."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        test=figure_tables(test),
        dev=figure_tables(dev),
        texts=text_table(test),
        dev_texts=text_table(dev),
        meanings=meanings(),
        speed=speed_table(speed),
        rates=", ".join(f"{rate:,.0f} ({way})" for way, rate in speed["words_a_second"].items()),
        cpu=speed["machine"]["cpu"],
        load=f"{speed['load_average']:.1f}",
        clips=f"{test['clips']['all']:,}",
        captioned=f"{test['clips']['captioned']:,}",
        title=shown["title"],
        reading=cue_table(shown, READ_CUES),
        remarks=_REMARKS.read_text(encoding="utf-8").strip(),
    )
