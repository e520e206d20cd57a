"""The search for the highest rate that a server keeps up with."""

from collections.abc import Callable

import numpy as np
import pytest

from load.jobs import OK, SHED, Samples
from load.knee import FACTOR, LEAST_RATE, MAX_STEPS, TRIES, Limits, find_knee, shortcoming
from load.step import Step

LIMITS = Limits(p99_ms=50)


def step(rate: float, *, achieved: float | None = None, p99: float = 5.0, shed: int = 0) -> Step:
    answered = rate if achieved is None else achieved
    nothing = Samples(np.empty((0, 3)), np.empty(0, np.int8))
    outcomes = {OK: 1000 - shed, SHED: shed}
    return Step(rate, rate, answered, outcomes, {"p99": p99}, {}, 0, 0.1, "", "", nothing)


def server(capacity: float) -> tuple[Callable[[float], Step], list[float]]:
    """Measures a server that answers `capacity` calls/s and no more, and notes what was asked."""
    asked: list[float] = []

    def measure(rate: float) -> Step:
        asked.append(rate)
        return step(rate, achieved=min(rate, capacity))

    return measure, asked


@pytest.mark.parametrize(
    ("measured", "why"),
    [
        (step(100), None),
        (step(100, achieved=95.5), None),
        (step(100, achieved=94), "94% of the offered rate"),
        (step(100, p99=51), "p99 over 50 ms"),
        (step(100, shed=10), None),
        (step(100, shed=11), "1.1% errors"),
    ],
)
def test_what_a_rate_that_holds_must_do(measured: Step, why: str | None) -> None:
    assert shortcoming(measured, LIMITS) == why


def test_a_step_without_percentiles_does_not_hold() -> None:
    silent = Step(
        10, 10, 10, {OK: 10}, {}, {}, 0, 0.1, "", "", Samples(np.empty((0, 3)), np.empty(0, np.int8))
    )
    assert shortcoming(silent, LIMITS) == "p99 over 50 ms"


@pytest.mark.parametrize("start", [10, 400, 5_000])
def test_the_knee_is_found_from_below_and_from_above(start: float) -> None:
    measure, _ = server(capacity=1_000)
    sweep = find_knee(measure, LIMITS, start, max_rate=20_000)
    # 95 % of the offered rate must be achieved, so the knee lies at 1,000 / 0.95
    assert sweep.knee is not None
    assert 1_000 / 0.95 / 1.05 < sweep.knee.rate <= 1_000 / 0.95


def test_one_noisy_moment_does_not_end_a_sweep() -> None:
    measure, asked = server(capacity=1_000)

    def noisy(rate: float) -> Step:
        measured = measure(rate)
        return step(rate, p99=500) if len(asked) == 3 else measured

    sweep = find_knee(noisy, LIMITS, 100, max_rate=20_000)
    assert sweep.knee is not None
    assert sweep.knee.rate > 1_000
    assert asked[2] == asked[3]


def test_no_rate_exceeds_the_limit() -> None:
    measure, asked = server(capacity=1e9)
    sweep = find_knee(measure, LIMITS, 100, max_rate=250)
    assert sweep.held is not None
    assert sweep.held.rate == max(asked) == 250
    assert find_knee(measure, LIMITS, 1_000, max_rate=250).steps[0].rate == 250


def test_where_no_rate_failed_no_knee_was_found() -> None:
    measure, _ = server(capacity=1_000)
    assert find_knee(measure, LIMITS, 100, max_rate=900).knee is None
    assert find_knee(measure, LIMITS, 100, max_rate=1_200).knee is not None


def test_a_server_that_answers_nothing_has_no_knee() -> None:
    measure, asked = server(capacity=0)
    sweep = find_knee(measure, LIMITS, 100, max_rate=1_000)
    assert sweep.knee is None
    assert sweep.held is None
    assert len(asked) == len(sweep.steps) <= MAX_STEPS * TRIES
    assert LEAST_RATE <= asked[-1] < LEAST_RATE * FACTOR
