"""The sections of the page that are made of figures, by group."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from bench import throughput
from bench.engines_section import engines_section
from bench.matching import MATCH, RELAY, THREE_ECHOES
from bench.search_section import search_section
from bench.steadiness import SLOW
from bench.tables import NO_FIGURE, number, ratio_table, spread_text, timing_table
from bench.throughput import CLUSTER, ONE_PROCESS
from training.evaluate.tables import markdown_table

Figures = Mapping[str, Any]

_PICTURES = "performance"  # the folder of the pictures, beside the page


def _timed(figures: Figures) -> str:
    return f"{timing_table(figures['timings'])}\n\n{ratio_table(figures['ratios'])}"


def _stages(figures: Figures) -> str:
    """What a match over the wire is made of, in microseconds, by pace: echoes, stages, and what is left."""
    paces, wire = figures["stages_ms"], figures["wire"]
    echoes, relay, match = (
        np.array([wire[pace][kind]["p50_ms"] for pace in paces]) for kind in (THREE_ECHOES, RELAY, MATCH)
    )
    names = next(iter(paces.values()))
    stages = {name: np.array([pace[name]["median"] for pace in paces.values()]) for name in names}
    rows = {
        THREE_ECHOES: echoes,
        "two of them from within a server": relay - echoes,
        **stages,
        "left over": match - relay - sum(stages.values()),
        "a match over the wire": match,
    }
    lines = [(name, *(number(round(1e3 * ms)) for ms in row.tolist())) for name, row in rows.items()]
    return markdown_table(("part, µs", *paces), lines)


def _handlers(figures: Figures) -> str:
    return timing_table({f"{name}, {pace}": each for pace in figures for name, each in figures[pace].items()})


def _flame(figures: Figures) -> str:
    shares = ", ".join(
        f"`{file}` {number(100 * share)} %" for file, share in figures["share_of_samples"].items()
    )
    picture, callers = f"{_PICTURES}/{figures['picture']}", figures["callers"]
    return (
        f"[A flame graph]({picture}) of the gateway under {callers} callers: what holds the interpreter's"
        f" lock. Innermost frames lie in {shares}."
    )


_STEP_TITLES = ("", "offered/s", "answered/s", "errors", "p50, ms", "p99, ms", "p99.9, ms")
_NAMED_STEPS = {
    "knee": "the knee",
    "at_80": "80 % of it",
    "echo_at_80": "echo, same rate",
    "overload": "3 x capacity",
}


def _throughput(figures: Figures) -> str:
    """What the load test of each kind of installation found."""
    return "\n\n".join(_load_test(kind, figures[kind]) for kind in (CLUSTER, ONE_PROCESS) if kind in figures)


def _load_test(kind: str, test: Figures) -> str:
    rates = ", ".join(f"{name} {number(rate)}/s" for name, rate in test["calls_per_s"].items())
    parts = [
        f"The {kind}, {test['started']}, revision `{test['revision']}`: {test['texts']}. As fast as answers"
        f" come: {rates or NO_FIGURE}.",
        markdown_table(_STEP_TITLES, _step_rows(test)),
    ]
    if other := test.get("h2load"):
        ours, theirs = (f"{number(other[name]['calls_per_s'])} calls/s" for name in ("load", "h2load"))
        parts.append(f"The same call all the time, by our generator: {ours}; by h2load: {theirs}.")
        if flood := other.get("flood"):
            offered, answered = (f"{number(flood[f'{each}_per_s'])}/s" for each in ("offered", "answered"))
            parts[-1] += f" Of 3 x capacity, {offered}, most sent by h2load, {answered} are answered."
    if kind == CLUSTER:
        parts.append(f"![Latency against rate]({_PICTURES}/{throughput.PICTURE})")
    return "\n\n".join(parts)


def _step_rows(test: Figures) -> Iterator[tuple[str, ...]]:
    for key, name in _NAMED_STEPS.items():
        if (step := test.get(key)) is not None:
            latency = (step["latency_ms"].get(percentile) for percentile in ("p50", "p99", "p99.9"))
            yield (
                name,
                number(step["offered_per_s"]),
                number(step["achieved_per_s"]),
                f"{step['error_rate']:.2%}",
                *(NO_FIGURE if ms is None else number(ms) for ms in latency),
            )


def _filters(figures: Figures) -> str:
    """How many clips each filter lets through, and how long it takes to find them."""
    rows = [
        (f"{name}, of {size}", *(number(found[key]) for key in ("clips", "first_ms", "again_ms")))
        for size, filters in figures.items()
        for name, found in filters.items()
    ]
    return markdown_table(("filter", "clips", "first, ms", "again, ms"), rows)


def _milvus(figures: Figures) -> str:
    """Each space, with and without the filter: p50, and recall at 10 against exact search."""
    rows = []
    for space, compared in figures.items():
        for part in ("all", "filtered"):
            for name, timing in compared[part]["timings"].items():
                rows.append(
                    (
                        f"{space}, {part}: {name}",
                        f"{number(timing['p50_ms'])} ms",
                        number(compared[part]["recall_at_10"].get(name, 1)),
                        _ratio_to_ours(compared[part]["ratios"], name),
                    )
                )
    return markdown_table(("", "p50", "recall@10", "times ours"), rows)


def _ratio_to_ours(ratios: Figures, name: str) -> str:
    found = [spread_text(each["p50"]) for pair, each in ratios.items() if pair.startswith(f"{name} / ")]
    return found[0] if found else NO_FIGURE


def _cold_start(figures: Figures) -> str:
    columns = ("start_s", "resident_mb", "anonymous_mb", "first_call_ms", "steady_call_ms")
    rows = [
        (
            f"`{process}`",
            *(number(seen[column]["median"]) for column in columns),
            spread_text(seen["first_call_ratio"]),
        )
        for process, seen in figures["processes"].items()
    ]
    header = (
        "process",
        "to SERVING, s",
        "resident, MB",
        "of it its own",
        "first call, ms",
        "later, ms",
        "ratio",
    )
    return markdown_table(header, rows)


def _training(figures: Figures) -> str:
    """The job by its stages, what memory it took, and the first stage taken up again."""
    stages = figures["stages"] | {"the whole": figures["whole"]}
    rows = [
        (name, *(number(each[key]) for key in ("seconds", "cpu_seconds", "clips_per_s")))
        for name, each in stages.items()
    ]
    memory = ", ".join(f"{process} {number(mb)} MB" for process, mb in figures["peak_resident_mb"].items())
    again = figures["heard_again"]
    return (
        f"{figures['clips']:,} clips on {figures['cores']} cores.\n\n"
        + markdown_table(("stage", "seconds", "of processor", "clips/s"), rows)
        + f"\n\nMost memory at any time: {memory}. The first stage taken up again with nothing left to do:"
        f" {number(again['all']['seconds'])} s; with half of it left: {number(again['half']['seconds'])} s."
    )


def _steadiness(figures: Figures) -> str:
    """What a loop alone loses to whoever shares the machine."""
    seconds, share = f"{figures['seconds']:.0f} s", f"{figures['slow_share']:.1%}"
    spells, spell_ms = f"{figures['spells_per_s']:.2f}", f"{figures['spell_ms']:.0f} ms"
    return (
        f"A loop that only adds up, alone on a core for {seconds}, takes at least {SLOW} times as long as"
        f" usual for {share} of the time, at worst {figures['slowest']:.1f} times: {spells} spells a second"
        f" of {spell_ms}. All high percentiles have that in them."
    )


SECTIONS: Mapping[str, Callable[[Figures], str]] = {
    "steadiness": _steadiness,
    "matching": _timed,
    "stages": _stages,
    "handlers": _handlers,
    "flame": _flame,
    "throughput": _throughput,
    "encode": _timed,
    "search": search_section,
    "filters": _filters,
    "engines": engines_section,
    "training": _training,
    "seed": _timed,
    "milvus": _milvus,
    "cold_start": _cold_start,
}
