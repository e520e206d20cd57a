"""The section on search: how it grows, and what filters do to it, as `bench.search` measured both."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.scaled import AUDIOSET_CLIPS
from bench.tables import NO_FIGURE, number, spread_text
from training.evaluate.tables import markdown_table

Figures = Mapping[str, Any]

OURS, FLAT = "ambiance", "faiss flat"
EVERYTHING = "every clip"
PLOT = "growth.png"


def size_name(clips: int) -> str:
    """The name of the figures of an index of so many clips."""
    return f"{clips} clips"


def growth(figures: Figures) -> Iterator[tuple[int, str, Figures]]:
    """Clips of the index, space, and what was measured with every clip; the smallest index first."""
    for clips, spaces in sorted((int(size.split()[0]), spaces) for size, spaces in figures.items()):
        for space, compared in spaces.items():
            yield clips, space, compared[EVERYTHING]


def search_section(figures: Figures) -> str:
    """The plot, a table over all sizes, and one of the filters at AudioSet's."""
    parts = [
        f"![Search by the size of the index](performance/{PLOT})",
        markdown_table(
            ("clips, space", "p50, ms", "p99, ms", "flat p50, ms", "flat / ours", "recall@10", "queries"),
            [(f"{clips:,}, {space}", *_cells(compared)) for clips, space, compared in growth(figures)],
        ),
    ]
    if audioset := figures.get(size_name(AUDIOSET_CLIPS)):
        header = (
            "filter at AudioSet's size",
            "p50, ms",
            "p99, ms",
            "flat p50, ms",
            "flat / ours",
            "recall@10",
            "queries",
        )
        parts.append(markdown_table(header, _filtered(audioset)))
        parts.append(
            markdown_table(("batch at AudioSet's size", "p50, ms", "p50 of a query, ms"), _batches(audioset))
        )
    return "\n\n".join(parts)


def _cells(compared: Figures) -> tuple[str, ...]:
    ours, flat = compared["timings"][OURS], compared["timings"].get(FLAT)
    return (
        number(ours["p50_ms"]),
        number(ours["p99_ms"]),
        number(flat["p50_ms"]) if flat else NO_FIGURE,
        spread_text(compared["ratio"]["p50"]),
        number(compared["recall_at_10"]),
        number(compared["queries"]),
    )


def _filtered(spaces: Figures) -> Iterator[tuple[str, ...]]:
    for space, figures in spaces.items():
        for name, compared in figures.items():
            if "%" in name:
                yield f"{space}, {name}", *_cells(compared)


def _batches(spaces: Figures) -> Iterator[tuple[str, ...]]:
    for space, figures in spaces.items():
        for name, timing in figures["batches"].items():
            size = int(name.split()[-1])
            yield f"{space}, {name}", number(timing["p50_ms"]), number(timing["p50_ms"] / size)
