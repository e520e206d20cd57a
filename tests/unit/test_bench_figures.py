"""The arithmetic of the benchmarks: alternation, percentiles, ratios, and what they look like in a table."""

import os

import numpy as np
import pytest

from bench.figures import ratio, spread, timing
from bench.stages import StageClock
from bench.steadiness import steadiness
from bench.tables import number
from bench.timing import alternate, one_core


def test_kinds_alternate_and_take_turns_to_begin() -> None:
    order: list[str] = []
    calls = {"a": lambda _: order.append("a"), "b": lambda _: order.append("b")}
    seconds = alternate(calls, rounds=2, count=2, warm_up=0)
    assert "".join(order) == "aabbbbaa"
    assert {name: each.shape for name, each in seconds.items()} == {"a": (2, 2), "b": (2, 2)}


def test_the_warm_up_is_not_timed() -> None:
    numbers: list[int] = []
    seconds = alternate({"a": numbers.append}, rounds=1, count=3, warm_up=2)
    assert numbers == [0, 1, 0, 1, 2]
    assert seconds["a"].shape == (1, 3)


@pytest.mark.parametrize(("rounds", "count"), [(0, 1), (1, 0)])
def test_nothing_to_time_is_refused(rounds: int, count: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        alternate({"a": id}, rounds=rounds, count=count)


def test_a_timing_is_over_all_calls_and_its_quartiles_over_rounds() -> None:
    seconds = np.array([[0.001] * 3, [0.002] * 3, [0.003] * 3])
    assert timing(seconds) == {
        "p50_ms": 2.0,
        "p99_ms": 3.0,
        "p50_low_ms": 1.5,
        "p50_high_ms": 2.5,
        "rounds": 3,
        "calls": 9,
    }


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    reference = np.array([[1.0], [10.0], [100.0]])  # a machine that slows down as it goes
    assert ratio(reference * [[2.0], [3.0], [4.0]], reference)["p50"] == {
        "median": 3,
        "low": 2.5,
        "high": 3.5,
    }


def test_a_ratio_needs_the_same_rounds() -> None:
    with pytest.raises(ValueError, match="2 beside 3"):
        ratio(np.ones((2, 5)), np.ones((3, 5)))


def test_figures_keep_four_places() -> None:
    assert spread(np.array([1.234567]))["median"] == 1.235


def test_a_stage_leaves_out_the_stages_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 1.0, 3.0, 10.0])  # outer begins, inner begins and ends, outer ends
    monkeypatch.setattr("bench.stages.time.perf_counter", lambda: next(now))
    clock = StageClock()
    inner = clock.timed("inner", lambda: "done")
    assert clock.timed("outer", inner)() == "done"
    assert clock.seconds == {"outer": 8.0, "inner": 2.0}


def test_a_stage_that_fails_is_counted_and_closed() -> None:
    clock = StageClock()
    with pytest.raises(ZeroDivisionError):
        clock.timed("fails", lambda: 1 // 0)()
    clock.timed("after", lambda: None)()
    assert set(clock.seconds) == {"fails", "after"}


def test_one_core_is_given_back() -> None:
    before = os.sched_getaffinity(0)
    with one_core() as core:
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2, "2"),
        (2_084_320, "2,084,320"),
        (25_437.6, "25,438"),
        (1.2345, "1.23"),
        (0.000123456, "0.000123"),
        (-0.5, "-0.5"),
        (158.23, "158"),
        (999.7, "1,000"),
    ],
)
def test_numbers_have_three_places_and_no_exponent(value: float, text: str) -> None:
    assert number(value) == text


def test_slow_pieces_of_work_make_up_spells() -> None:
    seconds = np.full(1_000, 0.01)
    seconds[[100, 101, 102, 500]] = 0.05  # one spell of three pieces, and one of one
    starts = np.concatenate([[0.0], seconds.cumsum()[:-1]])
    found = steadiness(starts, seconds)
    assert found["slow_share"] == pytest.approx(0.2 / seconds.sum())
    assert found["spells_per_s"] * found["seconds"] == pytest.approx(2)
    assert found["spell_ms"] == pytest.approx(100)
    assert found["slowest"] == pytest.approx(5)
    steady = steadiness(starts, np.full(1_000, 0.01))
    assert (steady["slow_share"], steady["spells_per_s"], steady["spell_ms"]) == (0, 0, 0)
