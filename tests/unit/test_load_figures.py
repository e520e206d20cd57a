"""The figures that sum up a load test, and how they stand beside a baseline."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from load.baseline import compare, read_baseline
from load.errors import LoadError
from load.figures import Figure, figures_of
from load_results import made_up_results


def by_name(results: dict[str, Any]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures_of(results)}


def test_ratios_and_whether_targets_hold() -> None:
    found = by_name(made_up_results())
    assert found["unloaded p50 / three echoes"].value == 1.2
    assert found["unloaded p50 / three echoes"].holds is True
    assert found["match rate / third of echo rate"].value == pytest.approx(0.9)
    texts = found["texts/s in batches / texts/s alone"]
    assert texts.value == pytest.approx(64 * 150 / 900)
    assert texts.holds is True
    assert found["knee"].value == 400
    assert found["knee"].holds is None
    assert found["neither served nor shed in overload"].value == 0
    assert found["neither served nor shed in overload"].holds is True


def test_only_in_one_process_a_match_is_measured_against_one_echo() -> None:
    results = made_up_results()
    assert by_name(results)["unloaded p50 / one echo"].holds is None
    results["one_process"] = True
    assert by_name(results)["unloaded p50 / one echo"].holds is False


def test_an_overload_that_lets_calls_wait_misses_its_targets() -> None:
    results = made_up_results()
    overload = results["overload"]
    calm = results["at_80"]["latency_ms"]["p99"]
    overload["outcomes"] = {"OK": 600, "RESOURCE_EXHAUSTED": 300, "DEADLINE_EXCEEDED": 100}
    overload["latency_ms"] = {"p50": calm, "p99": 4 * calm}
    overload["achieved_per_s"] = 0.5 * results["capacity_per_s"]
    overload["refusal_faults"] = {"no RetryInfo": 2}
    found = by_name(results)
    assert found["neither served nor shed in overload"].value == pytest.approx(0.1)
    assert found["accepted p99 in overload / p99 at 80 %"].value == pytest.approx(4)
    assert found["goodput / capacity in overload"].value == pytest.approx(0.5)
    assert found["shed in overload without RetryInfo"].value == 2
    missed = [name for name, figure in found.items() if "overload" in name and not figure.holds]
    assert len(missed) == 4
    assert "faulty replies in overload, of a sample" not in missed


def test_phases_that_did_not_run_have_no_figures() -> None:
    assert figures_of({}) == []
    assert {
        figure.name
        for figure in figures_of({"unloaded": made_up_results()["unloaded"], "one_process": False})
    }


def test_a_figure_says_its_target() -> None:
    figure = Figure("p50 / echo", 1.3, bound=1.25)
    assert figure.describe() == "p50 / echo: 1.3, target at most 1.25: MISSED"
    assert replace(figure, higher_is_better=True).describe() == "p50 / echo: 1.3, target at least 1.25: holds"
    assert Figure("knee", 812.3, unit="calls/s").describe() == "knee: 812.3 calls/s"


def test_a_run_beside_itself_is_no_worse() -> None:
    results = made_up_results()
    lines, worse = compare(figures_of(results), results["machine"], results, tolerance=0.0)
    assert not worse
    assert len(lines) == len(results["figures"])
    assert all(line.endswith(": ok") for line in lines)


@pytest.mark.parametrize(("times", "worse"), [(0.5, False), (1.2, False), (1.3, True)])
def test_what_should_be_low_may_rise_by_the_tolerance(times: float, worse: bool) -> None:
    results = made_up_results()
    figure = by_name(results)["unloaded p50"]
    lines, found = compare([replace(figure, value=times * figure.value)], results["machine"], results, 0.25)
    assert found == worse
    assert ("WORSE" in lines[0]) == worse


@pytest.mark.parametrize(("times", "worse"), [(2.0, False), (0.8, False), (0.7, True)])
def test_what_should_be_high_may_fall_by_the_tolerance(times: float, worse: bool) -> None:
    results = made_up_results()
    figure = by_name(results)["knee"]
    _, found = compare([replace(figure, value=times * figure.value)], results["machine"], results, 0.25)
    assert found == worse


def test_a_baseline_of_another_machine_is_good_for_ratios_only() -> None:
    results = made_up_results()
    figures = [replace(figure, value=10 * figure.value) for figure in figures_of(results)]
    lines, worse = compare(figures, {"cores": 64, "cpu": "another"}, results, 0.25)
    assert worse
    assert "another machine (2 x A <fast> one): ratios only" in lines[0]
    assert not any(line.startswith(("unloaded p50:", "knee:")) for line in lines)


def test_figures_that_only_one_run_has_are_told() -> None:
    results = made_up_results()
    new = Figure("something new", 1.0)
    lines, worse = compare([new], results["machine"], results, 0.25)
    assert lines[0] == "something new: not in the baseline"
    assert "knee: in the baseline, not measured now" in lines
    assert not worse


OPTIONS = made_up_results()["options"]


def test_a_baseline_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(made_up_results()))
    assert read_baseline(path, OPTIONS) == json.loads(json.dumps(made_up_results()))


def test_a_baseline_of_another_workload_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(made_up_results()))
    with pytest.raises(LoadError, match="was taken with k 10, this is 7: not comparable"):
        read_baseline(path, OPTIONS | {"k": 7})


@pytest.mark.parametrize("content", [None, "not JSON", "[]", '{"format": 0, "figures": []}', '{"format": 1}'])
def test_what_is_no_baseline_is_refused_by_name(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LoadError, match=f"baseline {path}: "):
        read_baseline(path, OPTIONS)


def test_an_overload_below_three_times_the_capacity_is_not_judged() -> None:
    results = made_up_results() | {"overload_times": 2.0}
    judged = {name: figure.holds for name, figure in by_name(results).items() if "overload" in name}
    assert judged
    assert set(judged.values()) == {None}
