"""docs/CATALOGUE.md says what the code does: its file, columns and limits."""

import re
from pathlib import Path

from ambiance import limits
from ambiance.importing.csv_source import CsvSource
from ambiance.importing.fields import ALIASES, FIELDS, VOCABULARIES
from ambiance.importing.formats import ENDINGS
from ambiance.importing.rows import MAX_ROW_CHARACTERS, SCHEMA_ROWS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "CATALOGUE.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def table_below(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_page_shows_the_file_in_full() -> None:
    [shown] = blocks("csv")
    assert shown == (ROOT / "docs/examples/classics.csv").read_text(encoding="utf-8")


def test_every_field_and_every_other_name_of_one_is_in_the_table() -> None:
    table = table_below("What a file may be")
    scores = {f"{vocabulary}_{name}" for vocabulary, names in VOCABULARIES.items() for name in names}
    named = set(re.findall(r"`([\w.]+)`", table))
    assert set(FIELDS) - scores <= named
    shortened = {"end", "end_s", "end_time_seconds"}  # which stand as those of start
    assert set(ALIASES) - shortened <= named
    assert set(ENDINGS) <= named


def test_the_limits_are_those_that_are_checked() -> None:
    table = table_below("Limits")
    for figure in (
        f"{limits.MAX_WRITTEN_CLIPS:,}",
        f"{limits.MAX_MUSIC_REQUEST_BYTES >> 20} MiB",
        f"{limits.MAX_CLIP_BYTES >> 20} MiB",
        f"{limits.MAX_CLIP_ID_CHARACTERS} characters",
        f"{limits.MAX_CLIP_FRAMES}, of 0.96 s",
        f"{limits.MAX_ATTRIBUTES}, with names of 1 to {limits.MAX_ATTRIBUTE_NAME_CHARACTERS} ",
        f"{MAX_ROW_CHARACTERS >> 20} MiB; one value of CSV 131,072 characters",
    ):
        assert f"| {figure}" in table
    assert f"first {SCHEMA_ROWS:,}" in PAGE


def test_the_rows_of_the_example_are_what_the_service_takes() -> None:
    rows = next(CsvSource(ROOT / "docs/examples/classics.csv").rows())
    moods = [[float(value) for value in rows.columns[name]] for name in VOCABULARIES["mood"]]
    assert [round(sum(scores), 6) for scores in zip(*moods, strict=True)] == [1] * len(rows.numbers)
