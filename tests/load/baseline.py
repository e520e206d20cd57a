"""Compares a load test with one that was kept."""

import json
from pathlib import Path

from load.errors import LoadError
from load.figures import Figure, Results
from load.session import FORMAT

# What must agree for milliseconds and calls/s to be comparable; ratios are, wherever they were taken.
_SAME_MACHINE = ("cores", "cpu")
# What a test must have in common with its baseline.
_SAME_OPTIONS = ("k", "space", "arrivals", "senders", "connections", "concurrency")


def read_baseline(path: Path, options: Results) -> Results:
    """Read the results of an earlier load test with the same options, as results note them.

    Raises:
        LoadError: naming the file, if it can't be read, isn't such a result, or was taken otherwise.
    """
    try:
        baseline = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LoadError(f"baseline {path}: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(baseline, dict) or baseline.get("format") != FORMAT or "figures" not in baseline:
        raise LoadError(f"baseline {path}: not the result of a load test of format {FORMAT}")
    for name in _SAME_OPTIONS:
        if (then := baseline["options"].get(name)) != (now := options[name]):
            raise LoadError(f"baseline {path}: was taken with {name} {then}, this is {now}: not comparable")
    return baseline


def compare(
    figures: list[Figure], machine: Results, baseline: Results, tolerance: float
) -> tuple[list[str], bool]:
    """A line for each figure that both have, and whether any got worse by more than the tolerance.

    A figure may be worse by `tolerance` of the baseline's value. Where the baseline is from another machine,
    only ratios count.
    """
    there = baseline["machine"]
    same = all(machine[key] == there[key] for key in _SAME_MACHINE)
    elsewhere = f"the baseline is of another machine ({there['cores']} x {there['cpu']}): ratios only"
    lines = [] if same else [elsewhere]
    kept = {figure["name"]: figure["value"] for figure in baseline["figures"]}
    worse = False
    for figure in figures:
        if figure.name not in kept:
            lines.append(f"{figure.name}: not in the baseline")
        elif figure.is_ratio or same:
            is_worse = _is_worse(figure, kept[figure.name], tolerance)
            worse = worse or is_worse
            verdict = "WORSE" if is_worse else "ok"
            lines.append(f"{figure.name}: {figure.value:.4g}, baseline {kept[figure.name]:.4g}: {verdict}")
    missing = kept.keys() - {figure.name for figure in figures}
    lines += [f"{name}: in the baseline, not measured now" for name in sorted(missing)]
    return lines, worse


def _is_worse(figure: Figure, kept: float, tolerance: float) -> bool:
    if figure.higher_is_better:
        return figure.value < kept * (1 - tolerance)
    return figure.value > kept * (1 + tolerance)
