"""Which texts have lines that are broken to fit a page."""

import textwrap
from pathlib import Path

import pytest

from ambiance.reading.lines import is_hard_wrapped

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "chapter.txt"
PROSE = " ".join(EXAMPLE.read_text().split())


@pytest.mark.parametrize("width", [60, 72, 80, 120])
def test_lines_as_long_as_can_be_are_broken_to_fit_a_page(width: int) -> None:
    assert is_hard_wrapped(textwrap.fill(PROSE, width))


@pytest.mark.parametrize(
    "text",
    [
        "",
        PROSE,
        textwrap.fill(PROSE, 40),  # as narrow as verse
        textwrap.fill(PROSE[:200], 72),  # too few lines to tell
        "\n".join(
            f"“{words}.”" for words in textwrap.wrap(PROSE, 72)[::2] * 2 + ["No", "Yes", "Perhaps"] * 9
        ),
        "\n\n".join(textwrap.wrap(PROSE, 72)),  # paragraphs
        "\n".join(
            ["Shall I compare thee to a summer’s day?", "Thou art more lovely and more temperate:"] * 7
        ),
    ],
)
def test_other_lines_are_lines(text: str) -> None:
    assert not is_hard_wrapped(text)
