"""Looks for the knee: the highest rate that a server keeps up with."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from load.step import Step

FACTOR = 1.4  # from one rate to the next
REFINEMENTS = 3  # they leave the knee within 4 %
LEAST_RATE = 1.0  # calls/s; below it a step holds too few calls to judge
MAX_STEPS = 24  # until a rate that holds and one that doesn't are found
TRIES = 2  # a step that fails is measured again: one noisy moment of a machine must not end a sweep


@dataclass(frozen=True)
class Limits:
    """What a server that keeps up does."""

    p99_ms: float
    least_achieved: float = 0.95  # of the offered rate
    most_errors: float = 0.01  # of the calls


@dataclass(frozen=True)
class Sweep:
    """Every step in the order it was measured, and the highest that held, if any did."""

    steps: tuple[Step, ...]
    held: Step | None
    has_failed: bool  # whether a rate did: without one that is too high there is no telling where the knee is

    @property
    def knee(self) -> Step | None:
        """The step at the knee, if it was found."""
        return self.held if self.has_failed else None


def shortcoming(step: Step, limits: Limits) -> str | None:
    """Why a rate is too high; None if it held."""
    if step.error_rate > limits.most_errors:
        return f"{step.error_rate:.1%} errors"
    if step.achieved_per_s < limits.least_achieved * step.offered_per_s:
        return f"{step.achieved_per_s / step.offered_per_s:.0%} of the offered rate"
    if step.latency_ms.get("p99", step.latency_ms.get("max", math.inf)) > limits.p99_ms:
        return f"p99 over {limits.p99_ms:g} ms"
    return None


def find_knee(measure: Callable[[float], Step], limits: Limits, start: float, max_rate: float) -> Sweep:
    """Raise the rate by FACTOR until it doesn't hold, then halve the gap REFINEMENTS times.

    If `start` is too high already the rate falls instead, to LEAST_RATE at most. No rate exceeds `max_rate`,
    and neither way takes more than MAX_STEPS.
    """
    search = _Search(measure, limits)
    held, ceiling = _bracket(search, min(start, max_rate), max_rate)
    has_failed = ceiling < math.inf
    for _ in range(REFINEMENTS):
        if held is None or not has_failed:
            break
        middle = math.sqrt(held.rate * ceiling)
        if (step := search.held(middle)) is None:
            ceiling = middle
        else:
            held = step
    return Sweep(tuple(search.steps), held, has_failed)


class _Search:
    def __init__(self, measure: Callable[[float], Step], limits: Limits) -> None:
        self._measure, self._limits = measure, limits
        self.steps: list[Step] = []

    def held(self, rate: float) -> Step | None:
        """The step of a rate that holds in one of TRIES."""
        for _ in range(TRIES):
            step = self._measure(rate)
            self.steps.append(step)
            if shortcoming(step, self._limits) is None:
                return step
        return None


def _bracket(search: _Search, start: float, max_rate: float) -> tuple[Step | None, float]:
    """The highest step that held, and a rate above it that didn't; infinity if each held."""
    rate, knee, ceiling = start, None, math.inf
    for _ in range(MAX_STEPS):
        if (step := search.held(rate)) is not None:
            knee = step
            if ceiling < math.inf or rate >= max_rate:
                break
            rate = min(rate * FACTOR, max_rate)
        else:
            ceiling = rate
            if knee is not None:
                break
            rate /= FACTOR
            if rate < LEAST_RATE:
                break
    return knee, ceiling
