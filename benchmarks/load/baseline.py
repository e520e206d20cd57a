"""Compares a load test with one that was kept."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from load.errors import LoadError
from load.figures import Figure, Results
from load.session import FORMAT

# What must agree for milliseconds and calls/s to be comparable; ratios are, wherever they were taken.
_SAME_MACHINE = ("cores", "cpu")
# What a test must have in common with its baseline.
_SAME_OPTIONS = ("k", "space", "arrivals", "senders", "connections", "concurrency")
_SAME_LIMITS = ("p99_limit_ms", "deadline_s", "tls")
_SAME_WORK = ("texts", "one_process")


class KeptFigure(BaseModel):
    """A figure as a result holds it."""

    name: str
    value: float
    phase: str


class Baseline(BaseModel):
    """What is read of the result of an earlier load test."""

    format: int
    machine: dict[str, Any]
    texts: str
    one_process: bool
    options: dict[str, Any]
    figures: list[KeptFigure]

    def require_same_work(self, results: Results) -> None:
        """Raises LoadError unless what is known before the first call is measured is as it was then."""
        for name in _SAME_WORK:
            _require_same("the baseline", name, getattr(self, name), results[name])


def read_baseline(path: Path, options: Results) -> Baseline:
    """Read the results of an earlier load test with the same options, as results note them.

    Raises:
        LoadError: naming the file, if it can't be read, isn't such a result, or was taken otherwise.
    """
    try:
        baseline = Baseline.model_validate_json(path.read_bytes())
    except OSError as error:
        raise LoadError(f"baseline {path}: {error.strerror}") from error
    except ValidationError as error:
        raise LoadError(f"baseline {path}: not the result of a load test of format {FORMAT}") from error
    if baseline.format != FORMAT:
        raise LoadError(f"baseline {path}: needs format {FORMAT}, found {baseline.format}")
    for name in (*_SAME_OPTIONS, *_SAME_LIMITS):
        _require_same(f"baseline {path}:", name, baseline.options.get(name), options[name])
    return baseline


def _require_same(what: str, name: str, then: object, now: object) -> None:
    if then != now:
        raise LoadError(f"{what} was taken with {name} {then}, this is {now}: not comparable")


def compare(
    figures: list[Figure], results: Results, baseline: Baseline, tolerance: float, phases: Collection[str]
) -> tuple[list[str], bool]:
    """A line for each figure of this test or of these phases, and whether any got worse.

    A figure may be worse by `tolerance` of the baseline's value. One of the baseline that should have been
    found in these phases and wasn't, as a server that answers nothing has no latency, is worse. Where the
    baseline is from another machine, only ratios count of those that both have.
    """
    same = all(results["machine"][key] == baseline.machine.get(key) for key in _SAME_MACHINE)
    kept = {figure.name: figure.value for figure in baseline.figures}
    lines, worse = _reservations(results, baseline, same_machine=same), False
    for figure in figures:
        if figure.name not in kept:
            lines.append(f"{figure.name}: not in the baseline")
        elif figure.is_ratio or same:
            is_worse = _is_worse(figure, kept[figure.name], tolerance)
            worse = worse or is_worse
            verdict = "WORSE" if is_worse else "ok"
            lines.append(f"{figure.name}: {figure.value:.4g}, baseline {kept[figure.name]:.4g}: {verdict}")
    found = {figure.name for figure in figures}
    lost = [figure for figure in baseline.figures if figure.phase in phases and figure.name not in found]
    lines += [f"{figure.name}: not found, baseline {figure.value:.4g}: WORSE" for figure in lost]
    return lines, worse or bool(lost)


def _reservations(results: Results, baseline: Baseline, *, same_machine: bool) -> list[str]:
    """What a reader of the comparison must know."""
    lines, there = [], baseline.machine
    if not same_machine:
        machine = f"{there.get('cores')} x {there.get('cpu')}"
        lines.append(f"the baseline is of another machine ({machine}): ratios only")
    then, now = baseline.options.get("duration_s"), results["options"]["duration_s"]
    if then != now:
        lines.append(f"the baseline's steps took {then} s, these {now} s: the shorter are the rougher")
    return lines


def _is_worse(figure: Figure, kept: float, tolerance: float) -> bool:
    if figure.higher_is_better:
        return figure.value < kept * (1 - tolerance)
    return figure.value > kept * (1 + tolerance)
