"""Figures as lines and tables, for the terminal and for the model card alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from training.evaluate.headline import HEADLINES, Headline


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose columns are aligned in plain text too: the first to the left, the others to the right."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_table_line(line, widths) for line in (header, rule, *lines[1:]))


def headline_table(report: Mapping[str, Any], section: str) -> str:
    """Target, release with interval, and mean ± deviation over seeds, of every headline figure."""
    released, spread = report["released"][section], report["spread"][section]
    rows = []
    for figure in HEADLINES:
        value, name = released["headline"][figure.name], figure.name
        low, high = (number(figure, end) for end in released["intervals"][name])
        over_seeds = spread.get(name)
        rows.append(
            (
                figure.title,
                f"{'≤' if figure.smaller_is_better else '≥'} {target(figure)}",
                _spread(figure, over_seeds),
                number(figure, value),
                f"{low} to {high}",
                "yes" if figure.meets(over_seeds["mean"] if over_seeds else value) else "no",
            )
        )
    return markdown_table(("figure", "target", "seeds", "release", "95 % interval", "met"), rows)


def number(figure: Headline, value: float) -> str:
    """A value with as many places as its figure needs."""
    return f"{value:.{4 if figure.target < 0.05 else 3}f}"


def target(figure: Headline) -> str:
    """Its target, as the targets are stated: to two places, a tiny one to three."""
    return f"{figure.target:.{3 if figure.target < 0.01 else 2}f}"


def ratio(value: float | None) -> str:
    """A share to three places, a dash where it is undefined."""
    return "-" if value is None else f"{value:.3f}"


def _spread(figure: Headline, spread: Mapping[str, float] | None) -> str:
    if spread is None:
        return "-"
    return f"{number(figure, spread['mean'])} ± {number(figure, spread['deviation'])}"


def _table_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"
