"""Targets beside made-up figures."""

from typing import Any

from bench.page import missed
from bench.tables import verdict_table
from bench.target_list import TARGETS
from bench.targets import Target, judge

FAST = Target("fast", "speed", ("ratios", "p50"), 1.25, unit=" x", obstacle="the wire.")
MANY = Target("many", "speed", ("clips_per_s",), 25_000, at_least=True)


def result(**figures: Any) -> dict[str, Any]:
    return {"speed": {"figures": figures}}


def test_a_figure_is_found_by_its_path() -> None:
    fast, many = judge(
        [FAST, MANY], result(ratios={"p50": {"median": 1.2, "low": 1.1, "high": 1.3}}, clips_per_s=1)
    )
    assert (fast.figure, fast.low, fast.high, fast.met) == (1.2, 1.1, 1.3, True)
    assert (many.figure, many.low, many.met) == (1, None, False)


def test_a_limit_is_met_by_its_own_value() -> None:
    assert all(each.met for each in judge([FAST, MANY], result(ratios={"p50": 1.25}, clips_per_s=25_000)))


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    for results in ({}, result(), result(ratios=None), result(ratios={"p99": 2})):
        (verdict,) = judge([FAST], results)
        assert (verdict.figure, verdict.met) == (None, None)
        assert (
            verdict_table([verdict]).splitlines()[-1]
            == "| fast   | ≤ 1.25 x |      - |         - | not measured |"
        )


def test_a_pattern_takes_the_worst_of_what_it_finds() -> None:
    figures = {"5.00% at random": {"p50": 1.1}, "0.05% by mood": {"p50": 1.3}, "every clip": {"p50": 9}}
    at_most, at_least = (
        Target("t", "speed", ("*%*", "p50"), 1.25, at_least=least) for least in (False, True)
    )
    assert [verdict.figure for verdict in judge([at_most, at_least], result(**figures))] == [1.3, 1.1]


def test_a_missed_target_says_what_stands_between() -> None:
    verdicts = judge([FAST, MANY], result(ratios={"p50": 2}, clips_per_s=30_000))
    assert missed(verdicts) == "What stands between:\n\n- fast: the wire."
    assert missed(verdicts[1:]) == "Every target that was measured is met."


def test_titles_and_paths_differ() -> None:
    assert len({target.title for target in TARGETS}) == len(TARGETS)
    assert len({(target.group, target.path) for target in TARGETS}) == len(TARGETS)
