"""What was aimed at: a target names the figure that decides it, and what stands between if it is missed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from bench.results import Result


@dataclass(frozen=True)
class Target:
    """A limit on one figure of a group's result."""

    title: str
    group: str
    path: tuple[
        str, ...
    ]  # keys to the figure, in turn; of all that a pattern such as "*" finds, the worst counts
    limit: float
    at_least: bool = False  # else: at most
    unit: str = ""
    obstacle: str = ""  # why it is missed, where it is


@dataclass(frozen=True)
class Verdict:
    """A target beside what was measured; without a figure it is neither met nor missed."""

    target: Target
    figure: float | None
    low: float | None = None  # quartiles over repetitions, where there are any
    high: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the figure keeps to the limit."""
        if self.figure is None:
            return None
        if self.target.at_least:
            return self.figure >= self.target.limit
        return self.figure <= self.target.limit


def judge(targets: Iterable[Target], results: Mapping[str, Result]) -> list[Verdict]:
    """Set every target beside its figure in the results by group."""
    return [_judge(target, results.get(target.group)) for target in targets]


def _judge(target: Target, result: Result | None) -> Verdict:
    verdicts = [
        Verdict(target, figure["median"], figure["low"], figure["high"])
        if isinstance(figure, Mapping)
        else Verdict(target, figure)
        for figure in _found(result["figures"] if result else None, target.path)
    ]
    worst = min if target.at_least else max
    return worst(verdicts, key=lambda verdict: verdict.figure or 0.0, default=Verdict(target, None))


def _found(figures: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """The figures that a path leads to."""
    if not path:
        yield figures
    elif isinstance(figures, Mapping):
        for key, value in figures.items():
            if fnmatchcase(key, path[0]) and value is not None:
                yield from _found(value, path[1:])
