"""The phase of open loops, on senders that make up what a server of a known capacity would do."""

from typing import cast

import numpy as np
import pytest

from load.arrivals import Plan, due_times
from load.fleet import Fleet
from load.jobs import OK, OUTCOMES, SHED, Samples, Work
from load.options import parse
from load.rates import Rates, warnings
from load.target import Target
from load_results import made_up_step

CAPACITY = 500.0
MATCH, ECHO = (Work(Target("127.0.0.1:1"), method, (b"",)) for method in ("/a/Match", "/a/Echo"))


class MadeUpFleet:
    """Answers in 5 ms as many calls as the capacity allows, evenly, and sheds the rest."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float, float]] = []

    def open_loop(self, work: Work, plan: Plan) -> tuple[float, Samples]:
        self.asked.append((work.method, plan.rate, plan.duration_s))
        due = due_times(plan)
        served = np.floor(np.arange(1, len(due) + 1) * min(1.0, CAPACITY / plan.rate))
        ok = np.diff(served, prepend=0) > 0
        outcomes = np.where(ok, OUTCOMES.index(OK), OUTCOMES.index(SHED)).astype(np.int8)
        return 0.0, Samples(np.stack([due, due, due + 0.005], axis=1), outcomes, refusals=(b"",), wall_s=1.0)


def run(*flags: str, closed_loop_rate: float | None = 400.0) -> tuple[dict[str, object], MadeUpFleet, str]:
    """The results, what was asked of the fleet, and all that was said."""
    fleet, said = MadeUpFleet(), list[str]()
    rates = Rates(cast(Fleet, fleet), MATCH, parse(["--duration", "2", *flags]), said.append)
    return rates.run(ECHO, closed_loop_rate), fleet, "\n".join(said)


def test_a_sweep_then_80_percent_of_the_knee_then_three_times_the_capacity() -> None:
    results, fleet, said = run()
    assert fleet.asked[0][:2] == ("/a/Match", 40.0)  # a tenth of what the closed loop reached
    knee = results["knee"]["rate"]  # type: ignore[index]
    assert CAPACITY / 1.05 < knee <= CAPACITY / 0.99
    calm, echo, overload = fleet.asked[-3:]
    assert calm[:2] == ("/a/Match", pytest.approx(0.8 * knee))
    assert echo == ("/a/Echo", *calm[1:])
    assert overload[:2] == ("/a/Match", pytest.approx(3 * CAPACITY, rel=0.02))
    assert calm[2] == overload[2] == 3 * fleet.asked[0][2]
    assert f"knee {knee:.0f}/s" in said
    assert "RESOURCE_EXHAUSTED" in said.splitlines()[-2]


def test_refusals_that_do_not_tell_when_to_retry_are_told() -> None:
    results, _, said = run()
    assert results["overload"]["refusal_faults"] == {"no RetryInfo": 1}  # type: ignore[index]
    assert "looked into 0 replies and 1 refusals: {'no RetryInfo': 1}" in said


def test_a_closed_loop_that_reached_more_is_the_capacity() -> None:
    results, fleet, _ = run(closed_loop_rate=600.0)
    assert results["capacity_per_s"] == 600
    assert fleet.asked[-1][1] == 1800


def test_the_highest_rate_caps_the_overload_and_says_so() -> None:
    results, fleet, said = run("--max-rate", "1620", closed_loop_rate=600.0)
    assert max(rate for _, rate, _ in fleet.asked) == 1620
    assert results["overload_times"] == pytest.approx(2.7)
    assert "--max-rate keeps the overload to 2.70 x capacity" in said


def test_a_sweep_that_its_own_ceiling_ends_finds_no_knee() -> None:
    results, fleet, said = run("--max-rate", "900")
    assert set(results) == {"steps", "held_per_s"}
    assert results["held_per_s"] == max(rate for _, rate, _ in fleet.asked) == 300
    assert said.splitlines()[-1].startswith("held at 300/s, the highest rate that --max-rate allows: no knee")


def test_one_rate_instead_of_a_sweep() -> None:
    results, fleet, _ = run("--rate", "70")
    assert [rate for _, rate, _ in fleet.asked] == [70]
    assert set(results) == {"steps"}


def test_a_server_that_holds_no_rate_has_no_overload() -> None:
    results, _, said = run("--p99-limit", "1", "--start-rate", "10")
    assert set(results) == {"steps"}
    assert "held: there is no knee" in said


def test_what_makes_a_figure_the_senders_own_is_said() -> None:
    calm = made_up_step(200)
    assert warnings(calm) == []
    assert "take more of them" in warnings(made_up_step(200, cpu_s=1.9))[0]
    assert "senders' own lateness" in warnings(made_up_step(200, late_s=0.1))[0]
    assert warnings(made_up_step(200, shed_share=0.5))[0].startswith("RESOURCE_EXHAUSTED ")
