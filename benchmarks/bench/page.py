"""docs/PERFORMANCE.md: the template beside this file, filled from the figures that were kept. The same
figures give the same text."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from bench.page_sections import SECTIONS
from bench.plots import write_plots
from bench.results import Result, ResultError, read_results
from bench.tables import NO_FIGURE, number, verdict_table
from bench.target_list import TARGETS
from bench.targets import Verdict, judge
from training.evaluate.tables import markdown_table

TEMPLATE = Path(__file__).with_suffix(".md")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "PERFORMANCE.md"
NOT_MEASURED = "Not measured in the figures kept."

Results = Mapping[str, Result]


def write_page(kept: Path, page: Path = PAGE) -> list[Path]:
    """Write the page and its plots from the figures in a folder; returns their files.

    Raises:
        ResultError: if there are no figures, or a file there isn't a result.
    """
    results = read_results(kept)
    plots = write_plots(results, kept)
    page.write_text(performance_page(results), encoding="utf-8")
    return [page, *plots]


def performance_page(results: Results) -> str:
    """The page, from results by group.

    Raises:
        ResultError: if there are none.
    """
    if not results:
        raise ResultError("no figures are kept; `python -m bench --keep` copies a run's")
    verdicts = judge(TARGETS, results)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        _machine(results),
        verdicts=verdict_table(verdicts),
        missed=missed(verdicts),
        runs=_runs(results),
        **{name: section_text(name, results.get(name)) for name in SECTIONS},
    )


def missed(verdicts: list[Verdict]) -> str:
    """What stands between each target that is missed and its figure."""
    lines = [f"- {each.target.title}: {each.target.obstacle}" for each in verdicts if each.met is False]
    return (
        "\n".join(["What stands between:", "", *lines]) if lines else "Every target that was measured is met."
    )


def section_text(name: str, result: Result | None) -> str:
    """The tables of a group, or why there are none."""
    if result is None:
        return NOT_MEASURED
    skipped = result["figures"].get("skipped")
    return f"Not measured: {skipped}." if skipped else SECTIONS[name](result["figures"])


def _machine(results: Results) -> dict[str, str]:
    machine = (results.get("matching") or next(iter(results.values())))["machine"]
    return {
        "cores": str(machine["cores"]),
        "cpu": machine["cpu"],
        "memory": f"{machine['memory_mb'] / 1024:.0f} GB",
        "kernel": machine["kernel"],
        "python": machine["python"],
    }


def _runs(results: Results) -> str:
    rows = [
        (
            name,
            result["taken"],
            f"`{result['machine']['revision'] or NO_FIGURE}`",
            f"{result['seconds']:,.0f} s",
            number(result["machine"]["load_average"]),
        )
        for name, result in results.items()
    ]
    return markdown_table(("figures", "taken", "revision", "took", "load before"), rows)
