"""The section on engines: beside ours, in each space and under each filter, the best of FAISS's."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.engines import FLAT, GRAPH, OURS, RECALL
from bench.tables import NO_FIGURE, number
from training.evaluate.tables import markdown_table

Figures = Mapping[str, Any]


def engines_section(figures: Figures) -> str:
    """A row for each space, filter and k; and one for each setting of another library, if there is any."""
    header = (
        "space, clips, k",
        "ours, ms",
        "p99",
        "flat, ms",
        "replacement",
        "ms",
        "p99",
        "recall",
        "times ours",
    )
    parts = [markdown_table((*header, "graph, ms", "recall"), list(_rows(figures["spaces"])))]
    if others := figures.get("others"):
        rows = [(name, *(number(each[key]) for key in ("p50_ms", "recall"))) for name, each in others.items()]
        parts.append(markdown_table(("another library, of mood", "ms", "recall"), rows))
    return "\n\n".join(parts)


def replacement(by_k: Mapping[str, Figures]) -> str | None:
    """The way of FAISS's that finds enough for every k, and at its worst takes the fewest times ours.

    Its graph is none: no setting of it is sure to find equal clips.
    """
    compared = list(by_k.values())
    enough = [
        way
        for way in compared[0]
        if way != OURS
        and not way.startswith(GRAPH)
        and all(each[way]["recall"] >= RECALL for each in compared)
    ]
    return min(enough, key=lambda way: max(times_ours(each, way) for each in compared), default=None)


def times_ours(compared: Figures, way: str) -> float:
    """How many times ours a way takes at the median."""
    return compared[way]["p50_ms"] / compared[OURS]["p50_ms"]


def _rows(spaces: Figures) -> Iterator[tuple[str, ...]]:
    for space, filters in spaces.items():
        for share, by_k in filters.items():
            way = replacement(by_k)
            for k, compared in by_k.items():
                yield f"{space}, {share}, {k}", *_cells(compared, way), *_graph_cells(compared)


def _cells(compared: Figures, way: str | None) -> tuple[str, ...]:
    ours = (number(compared[OURS][key]) for key in ("p50_ms", "p99_ms"))
    measured = (*ours, number(compared[FLAT]["p50_ms"]))
    if way is None:
        return *measured, "none", *[NO_FIGURE] * 4
    theirs = (number(compared[way][key]) for key in ("p50_ms", "p99_ms", "recall"))
    return *measured, way.removeprefix("faiss "), *theirs, number(times_ours(compared, way))


def _graph_cells(compared: Figures) -> tuple[str, str]:
    """Of the setting of FAISS's graph that finds most."""
    best = max(
        (found for way, found in compared.items() if way.startswith(GRAPH)), key=lambda each: each["recall"]
    )
    return number(best["p50_ms"]), number(best["recall"])
