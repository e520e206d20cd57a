"""The report for people: one HTML file with its pictures in it, beside the JSON and the pictures."""

import base64
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from load.figures import Results
from load.plots import write_plots

_PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Load test of $target</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #222 }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #e6e6e6 }
th { font-weight: normal }
th { color: #666; font-size: .85rem } th:first-child, td:first-child { text-align: left }
.holds { color: #2f7f6f } .missed { color: #c03a3a; font-weight: 600 }
img { max-width: 100% } .note { color: #666; font-size: .9rem; max-width: 45rem }
</style>
<h1>Load test of $target</h1>
<p class="note">$started · $machine · $texts</p>
<h2>Figures and targets</h2>
$figures
<p class="note">Ratios were taken in one run on one machine, so they carry over to others; milliseconds and
calls/s do not.</p>
$plots
<h2>Every step</h2>
$steps
<p class="note">Latencies are of OK calls, in milliseconds, from when each call was due, whenever it was sent.
“Achieved” is OK replies that arrived in the measured time, by second. “Late p99” is how long after it was
due a call was sent; “senders” is the CPU that each took, in cores. Warm-up isn't counted.</p>
</html>
""")

_PERCENTILES = ("p50", "p90", "p99", "p99.9", "max")
_TITLES = ("", "offered/s", "achieved/s", *_PERCENTILES, "errors", "late p99", "senders")
_NAMED_STEPS = {
    "at_80": "80 % of knee",
    "echo_at_80": "echo, same rate",
    "overload": "overload",
}


def write_report(results: Results, folder: Path) -> Path:
    """Draw the plots and write `report.html` into a folder; returns its path."""
    plots = write_plots(results, folder)
    machine = results["machine"]
    page = _PAGE.substitute(
        target=escape(results["options"]["target"]),
        started=escape(results["started"]),
        machine=escape(f"{machine['cores']} cores of {machine['cpu']}, revision {machine['revision']}"),
        texts=escape(results["texts"]),
        figures=_table(("", "measured", "target", ""), map(_figure_row, results["figures"])),
        plots="\n".join(_picture(title, path) for title, path in plots.items()),
        steps=_table(_TITLES, _step_rows(results)),
    )
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _figure_row(figure: Results) -> list[str]:
    value = f"{figure['value']:.4g} {figure['unit']}"
    if figure["bound"] is None:
        return [escape(figure["name"]), escape(value), "", ""]
    bound = f"{'≥' if figure['higher_is_better'] else '≤'} {figure['bound']:g}"
    verdict = "holds" if figure["holds"] else "missed"
    return [escape(figure["name"]), escape(value), bound, f'<span class="{verdict}">{verdict}</span>']


def _step_rows(results: Results) -> list[list[str]]:
    steps = [("", step) for step in results.get("steps", [])]
    steps += [(name, results[key]) for key, name in _NAMED_STEPS.items() if key in results]
    return [_step_row(name, step) for name, step in steps]


def _step_row(name: str, step: Results) -> list[str]:
    latency, lateness = step["latency_ms"], step["lateness_ms"]
    return [
        name,
        f"{step['offered_per_s']:.1f}",
        f"{step['achieved_per_s']:.1f}",
        *(_milliseconds(latency.get(key)) for key in _PERCENTILES),
        f"{step['error_rate']:.2%}",
        _milliseconds(lateness.get("p99")),
        f"{step['generator_cpu']:.2f}",
    ]


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _table(titles: tuple[str, ...], rows: Any) -> str:
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>\n{body}</table>"


def _picture(title: str, path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<h2>{escape(title)}</h2>\n<img alt="{escape(title)}" src="data:image/png;base64,{data}">'
