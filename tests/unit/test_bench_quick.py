"""The cheap groups of benchmarks, run once as `python -m bench --quick` runs them."""

from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as command
from bench.results import Result, read_results


def quick(folder: Path, *names: str) -> dict[str, Result]:
    """Run groups; returns their results, all of which must be there."""
    only = [flag for name in names for flag in ("--only", name)]
    assert command.main([*only, "--quick", "--out", str(folder), "--loads", str(folder)]) == 0
    results = read_results(folder)
    assert set(results) == set(names)
    return results


def require_timings(timings: dict[str, Any], names: set[str]) -> None:
    assert set(timings) == names
    assert all(0 < each["p50_ms"] <= each["p99_ms"] for each in timings.values())


def test_handlers_answer_within_one_process(tmp_path: Path) -> None:
    results = quick(tmp_path, "handlers", "throughput", "steadiness")
    figures = results["handlers"]["figures"]
    for pace in ("hot", "sparse"):
        require_timings(figures[pace], {"EncodeTexts", "FindNeighbors", "MatchText"})
    assert 0 <= results["steadiness"]["figures"]["slow_share"] < 1


@pytest.mark.cluster
def test_matches_and_their_stages_are_timed_beside_echoes(tmp_path: Path) -> None:
    results = quick(tmp_path, "matching", "stages")
    matching, stages = results["matching"]["figures"], results["stages"]["figures"]
    echoes = {"echo", "three echoes", "echo that asks two"}
    matches = {"match", "match in one process", "match of 64 texts"}
    require_timings(matching["timings"], echoes | matches)
    assert matching["reply_bytes"] > 1_000
    for pace, timed in stages["stages_ms"].items():
        assert all(stage["median"] > 0 for stage in timed.values())
        require_timings(stages["wire"][pace], {"three echoes", "echo that asks two", "match"})
