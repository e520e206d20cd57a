"""The figures that sum up a load test, and how they stand beside a baseline."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from load.baseline import Baseline, compare, read_baseline
from load.errors import LoadError
from load.figures import Figure, failures_of, figures_of
from load_results import made_up_results, made_up_step

Compared = tuple[list[str], bool]


PHASES = ("unloaded", "throughput", "rates")


def beside(figures: list[Figure], results: dict[str, Any], tolerance: float, *phases: str) -> Compared:
    """How figures stand beside the made-up ones."""
    return compare(figures, results, Baseline.model_validate(made_up_results()), tolerance, phases)


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


def test_an_overload_by_h2load_has_targets_only_if_it_was_one() -> None:
    results = made_up_results()
    goodput, latency = (
        "goodput / capacity in overload by h2load",
        "accepted p99 in overload by h2load / p99 at 80 %",
    )
    calm = results["at_80"]["latency_ms"]["p99"]
    flood = {"answered_per_s": 0.9 * results["capacity_per_s"], "ours": {"latency_ms": {"p99": 4 * calm}}}
    results["h2load"] = {"flood": flood}
    found = by_name(results)
    assert (found[goodput].value, found[latency].value) == (pytest.approx(0.9), pytest.approx(4))
    assert (found[goodput].holds, found[latency].holds) == (True, False)
    results["overload_times"] = 2.0
    assert by_name(results)[goodput].holds is by_name(results)[latency].holds is None


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
    lines, worse = beside(figures_of(results), results, 0.0, *PHASES)
    assert not worse
    assert len(lines) == len(results["figures"])
    assert all(line.endswith(": ok") for line in lines)


@pytest.mark.parametrize(("times", "worse"), [(0.5, False), (1.2, False), (1.3, True)])
def test_what_should_be_low_may_rise_by_the_tolerance(times: float, worse: bool) -> None:
    results = made_up_results()
    figure = by_name(results)["unloaded p50"]
    lines, found = beside([replace(figure, value=times * figure.value)], results, 0.25)
    assert found == worse
    assert ("WORSE" in lines[0]) == worse


@pytest.mark.parametrize(("times", "worse"), [(2.0, False), (0.8, False), (0.7, True)])
def test_what_should_be_high_may_fall_by_the_tolerance(times: float, worse: bool) -> None:
    results = made_up_results()
    figure = by_name(results)["knee"]
    _, found = beside([replace(figure, value=times * figure.value)], results, 0.25)
    assert found == worse


def test_a_baseline_of_another_machine_is_good_for_ratios_only() -> None:
    results = made_up_results()
    figures = [replace(figure, value=10 * figure.value) for figure in figures_of(results)]
    lines, worse = beside(figures, results | {"machine": {"cores": 64, "cpu": "another"}}, 0.25, *PHASES)
    assert worse
    assert "another machine (2 x A <fast> one): ratios only" in lines[0]
    assert not any(line.startswith(("unloaded p50:", "knee:")) for line in lines)


def test_a_server_that_collapses_is_worse() -> None:
    results = made_up_results()
    for name in ("knee", "at_80", "echo_at_80", "overload", "capacity_per_s", "overload_times"):
        del results[name]
    lines, worse = beside(figures_of(results), results, 10.0, *PHASES)
    assert worse
    assert "knee: not found, baseline 400: WORSE" in lines
    assert sum(line.endswith("WORSE") for line in lines) == sum(
        figure["phase"] == "rates" for figure in made_up_results()["figures"]
    )


def test_phases_that_were_not_asked_for_are_not_compared() -> None:
    results = made_up_results()
    unloaded = [figure for figure in figures_of(results) if figure.phase == "unloaded"]
    lines, worse = beside(unloaded, results, 0.25, "unloaded")
    assert not worse
    assert len(lines) == len(unloaded) > 0


def test_a_figure_that_the_baseline_lacks_is_told() -> None:
    lines, worse = beside([Figure("something new", 1.0)], made_up_results(), 0.25)
    assert lines == ["something new: not in the baseline"]
    assert not worse


def test_steps_of_another_length_are_told() -> None:
    results = made_up_results()
    results["options"]["duration_s"] = 1.0
    lines, _ = beside([], results, 0.25)
    assert lines == ["the baseline's steps took 6.0 s, these 1.0 s: the shorter are the rougher"]


def test_runs_without_answers_or_with_faulty_ones_are_failures() -> None:
    results = made_up_results()
    assert failures_of(results) == []
    results["overload"]["reply_faults"] = {"the same clip twice": 2}
    silent = made_up_step(100, shed_share=1.0).to_json() | {"reply_faults": {}}
    assert failures_of(results | {"steps": [silent]}) == [
        "at 100/s: no call was answered",
        "at 1200/s: faulty replies: {'the same clip twice': 2}",
    ]
    assert failures_of({"steps": [made_up_step(100, shed_share=1.0).to_json()]}) == []  # of a sweep


OPTIONS = made_up_results()["options"]


def test_a_baseline_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(made_up_results()))
    baseline = read_baseline(path, OPTIONS)
    assert baseline == Baseline.model_validate(made_up_results())
    baseline.require_same_work(made_up_results())


@pytest.mark.parametrize(
    ("option", "now", "then"),
    [("k", 7, 10), ("p99_limit_ms", 50.0, 100.0), ("deadline_s", 9.0, 2.0), ("tls", True, False)],
)
def test_a_baseline_that_was_taken_otherwise_is_refused(
    option: str, now: object, then: object, tmp_path: Path
) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(made_up_results()))
    with pytest.raises(
        LoadError, match=f"baseline {path}: was taken with {option} {then}, this is {now}: not comparable"
    ):
        read_baseline(path, OPTIONS | {option: now})


@pytest.mark.parametrize(("name", "now"), [("texts", "comments"), ("one_process", True)])
def test_a_baseline_of_other_work_is_refused(name: str, now: object) -> None:
    baseline = Baseline.model_validate(made_up_results())
    with pytest.raises(LoadError, match=f"taken with {name} .*, this is {now}: not comparable"):
        baseline.require_same_work(made_up_results() | {name: now})


@pytest.mark.parametrize(
    "content",
    [
        None,
        "not JSON",
        "[]",
        '{"format": 2, "figures": []}',
        '{"format": 2}',
        json.dumps(made_up_results() | {"format": 1}),
        json.dumps(made_up_results() | {"figures": [{"name": "knee"}]}),
    ],
)
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
