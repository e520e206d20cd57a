"""docs/CATALOGUE.md says what the code does: its file, columns and limits, and what its commands print."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from ambiance import cli, limits
from ambiance.importing.csv_source import CsvSource
from ambiance.importing.fields import ALIASES, FIELDS, VOCABULARIES
from ambiance.importing.formats import ENDINGS
from ambiance.importing.rows import MAX_ROW_CHARACTERS, SCHEMA_ROWS
from fake_catalogue import FakeCatalogue
from support import Serve

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "CATALOGUE.md").read_text(encoding="utf-8")
# What needs the music index service alone; the others need the whole cluster.
COMMANDS = ("import", "delete", "clips", "indexes", "index")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def printed() -> Iterator[tuple[list[str], str]]:
    """Each command of the page with what it prints there."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            line, _, output = part.partition("\n")
            words = shlex.split(line)
            if words[0] == "ambiance" and words[1] in COMMANDS:
                yield words[1:], output


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


def test_the_commands_print_what_the_page_says(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("classics.csv", "classics-update.csv"):
        target = tmp_path / "docs" / "examples" / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((ROOT / "docs/examples" / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    catalogue = FakeCatalogue()
    address = serve(catalogue.application()).target  # type: ignore[attr-defined]
    run = []
    for words, output in printed():
        asked = words[: words.index("||")] if "||" in words else words
        status = cli.main([*asked, "--target", address])
        out, told = capsys.readouterr()
        assert status == (65 if "||" in words else 0), told
        told_and_out = told + out if "--dry-run" in asked else out
        assert not output or told_and_out == output
        run.append(asked[0])
    assert set(run) == set(COMMANDS)
    assert len(run) >= 8
    assert "classics" not in catalogue.clips


def test_the_rows_of_the_example_are_what_the_service_takes() -> None:
    rows = next(CsvSource(ROOT / "docs/examples/classics.csv").rows())
    moods = [[float(value) for value in rows.columns[name]] for name in VOCABULARIES["mood"]]
    assert [round(sum(scores), 6) for scores in zip(*moods, strict=True)] == [1] * len(rows.numbers)
