"""docs/PERFORMANCE.md from made-up figures, and the committed one from the figures that were kept."""

import re
from pathlib import Path
from typing import Any

import pytest

from bench.page import PAGE, performance_page, write_page
from bench.results import KEPT, ResultError, read_results, write_result
from bench.target_list import TARGETS
from bench.targets import judge

MACHINE = {
    "cores": 2,
    "cpu": "Example 3000",
    "memory_mb": 24_064,
    "kernel": "6.1",
    "python": "3.11.9",
    "libraries": {},
    "revision": "abcdef123456",
    "load_average": 0.25,
}


def spread(median: float) -> dict[str, float]:
    return {"median": median, "low": 0.9 * median, "high": 1.1 * median}


def timing(p50_ms: float) -> dict[str, float]:
    return {"p50_ms": p50_ms, "p99_ms": 3 * p50_ms, "p50_low_ms": p50_ms, "p50_high_ms": p50_ms}


def ratio(p50: float) -> dict[str, Any]:
    return {"p50": spread(p50), "p99": spread(p50)}


def result(group: str, figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "group": group,
        "taken": "2026-01-01T00:00:00+00:00",
        "quick": False,
        "seconds": 12.0,
        "machine": MACHINE,
        "figures": figures,
    }


def engines_compared() -> dict[str, Any]:
    """By k, what ways to search take and find; the cheapest but for the graph that finds enough is "two"."""
    ways = {
        "ambiance": (0.2, 1),
        "faiss flat": (9, 1),
        "faiss two": (0.5, 0.9991),
        "faiss hnsw, ef 64": (0.01, 1),
    }
    found = {way: {"p50_ms": ms, "p99_ms": 3 * ms, "recall": recall} for way, (ms, recall) in ways.items()}
    one = {"p50_ms": 0.1, "p99_ms": 0.3}
    return {
        "k 10": found | {"faiss one": one | {"recall": 0.9995}},
        "k 100": found | {"faiss one": one | {"recall": 0.998}},
    }


@pytest.fixture
def results() -> dict[str, Any]:
    """Every group of ours, at figures that are easy to find again."""
    paces = {"hot": {"gateway": spread(0.1), "text: model": spread(0.2)}}
    wire = {
        "hot": {"three echoes": timing(1.0), "echo that asks two": timing(1.25), "match": timing(1.7)},
    }
    step = {"offered_per_s": 700.0, "achieved_per_s": 699.0, "error_rate": 0.0, "latency_ms": {"p50": 2.5}}
    start = {
        name: spread(value)
        for name, value in {
            "start_s": 0.75,
            "first_call_ms": 3,
            "steady_call_ms": 2,
            "first_call_ratio": 1.5,
            "resident_mb": 111,
            "anonymous_mb": 55,
        }.items()
    }
    load_test = {
        "started": "2026-01-01T00:00:00+00:00",
        "revision": "abc",
        "texts": "made up",
        "figures": {"match rate / third of echo rate": 0.7},
        "calls_per_s": {"echo": 4_321.0},
        "h2load": {name: {"calls_per_s": 303.0, "mean_ms": 49.3} for name in ("load", "h2load")},
        "knee": step,
    }
    stage = {"seconds": 60.0, "cpu_seconds": 110.0, "clips_per_s": 34_739}
    compared = {
        "timings": {"ambiance": timing(0.12), "faiss flat": timing(9.0)},
        "ratio": ratio(75),
        "recall_at_10": 1.0,
        "queries": 10_000,
    }
    searched = {
        "every clip": compared,
        "5.00% by mood": compared | {"recall_at_10": 0.9},
        "batches": {"batch of 64": timing(6.4)},
    }
    of_space = {
        part: {
            "timings": {"ours": timing(0.1), "FLAT": timing(20.0)},
            "recall_at_10": {"FLAT": 1.0},
            "ratios": {"FLAT / ours": ratio(200)},
        }
        for part in ("all", "filtered")
    }
    matching_ratios = {
        "match / three echoes": ratio(1.2),
        "64 x match / match of 64 texts": ratio(9),
    }
    figures: dict[str, dict[str, Any]] = {
        "steadiness": {
            "seconds": 20.0,
            "piece_ms": 2.5,
            "slow_share": 0.071,
            "slowest": 9.5,
            "spells_per_s": 0.67,
            "spell_ms": 110.0,
        },
        "matching": {"timings": {"echo": timing(0.3), "match": timing(1.1)}, "ratios": matching_ratios},
        "stages": {"stages_ms": paces, "wire": wire},
        "handlers": {"hot": {"MatchText": timing(0.4)}},
        "flame": {"picture": "gateway.svg", "callers": 8, "share_of_samples": {"grpc/_server.py": 0.31}},
        "throughput": {"cluster": load_test},
        "seed": {"timings": {"ours": timing(0.4)}, "ratios": {"seed / ours": ratio(300)}},
        "encode": {"timings": {"1 text": timing(0.25)}, "ratios": {"tf.function / 1 text": ratio(6)}},
        "training": {
            "clips": 2_084_320,
            "cores": 2,
            "stages": {"hear": stage},
            "whole": stage,
            "peak_resident_mb": {"job": 512.0},
            "heard_again": {"all": stage, "half": stage},
        },
        "filters": {"12642 clips": {"a mood": {"clips": 345, "first_ms": 1.5, "again_ms": 0.01}}},
        "engines": {"clips": 2_084_320, "spaces": {"mood": {"50.00%": engines_compared()}}},
        "search": {f"{clips} clips": {"mood": searched} for clips in (10_000, 2_084_320)},
        "milvus": {"mood": {"clips": 12_642, "dimension": 14, "build_s": {}} | of_space},
        "cold_start": {"processes": {"text_service": start}},
    }
    return {group: result(group, each) for group, each in figures.items()}


def rows(page: str) -> dict[str, list[str]]:
    """The cells of every row of a table, by the first."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"
    ]
    return {cells[0]: cells[1:] for cells in lines}


def test_targets_stand_beside_their_figures(results: dict[str, Any]) -> None:
    found = rows(performance_page(results))
    assert found["a match, p50 beside that of three echoes"] == ["≤ 1.25 x", "1.2 x", "1.08 to 1.32", "yes"]
    assert found["text_service, to SERVING"] == ["≤ 1.5 s", "0.75 s", "0.675 to 0.825", "yes"]
    assert found["gateway, to SERVING"] == ["≤ 1.5 s", "-", "-", "not measured"]
    assert found["filtered search among 2,084,320 clips, by the worst filter, recall@10"] == [
        "≥ 1",
        "0.9",
        "-",
        "no",
    ]
    assert all(target.title in found for target in TARGETS)


def test_what_is_missed_says_what_stands_between(results: dict[str, Any]) -> None:
    page = performance_page(results)
    assert "What stands between:\n" in page
    assert "\n- a text in a batch of 64 beside one alone, one call" in page
    assert "\n- a match, p50" not in page


def test_stages_add_up_to_a_match(results: dict[str, Any]) -> None:
    found = rows(performance_page(results))
    parts = {name: cells[0] for name, cells in found.items() if len(cells) == 1 and cells[0][:1].isdigit()}
    assert {name: int(cell.replace(",", "")) for name, cell in parts.items()} == {
        "three echoes": 1_000,
        "two of them from within a server": 250,
        "gateway": 100,
        "text: model": 200,
        "left over": 150,
        "a match over the wire": 1_700,
    }


def test_every_section_has_its_figures(results: dict[str, Any]) -> None:
    page = performance_page(results)
    for figure in (
        "Example 3000",
        "gateway.svg",
        "`grpc/_server.py` 31 %",
        "4,321",
        "111",
        "34,739",
        "303 calls/s",
        "abcdef123456",
    ):
        assert figure in page
    assert rows(page)["2,084,320, mood"] == ["0.12", "0.36", "9", "75 (67.5 to 82.5)", "1", "10,000"]
    replaced = ["0.2", "0.6", "9", "two", "0.5", "1.5", "0.999", "2.5", "0.01", "1"]
    assert "| " + " | ".join(replaced) in re.sub(" +", " ", page)
    assert rows(page)["mood, batch of 64"] == ["6.4", "0.1"]
    assert rows(page)["mood, all: FLAT"] == ["20 ms", "1", "200 (180 to 220)"]
    assert "$" not in page
    assert "nan" not in page.split()


def test_what_is_missing_is_said(results: dict[str, Any]) -> None:
    skipped = {"skipped": "py-spy isn't installed; --py-spy names it"}
    page = performance_page(results | {"flame": result("flame", skipped)})
    assert "Not measured: py-spy isn't installed; --py-spy names it." in page
    del results["stages"]
    assert "Not measured in the figures kept." in performance_page(results)


def test_a_page_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="no figures are kept"):
        write_page(tmp_path, tmp_path / "PERFORMANCE.md")
    assert not (tmp_path / "PERFORMANCE.md").exists()


def test_the_page_is_written_from_what_was_kept(results: dict[str, Any], tmp_path: Path) -> None:
    for each in results.values():
        write_result(each, tmp_path)
    page, *plots = write_page(tmp_path, tmp_path / "PERFORMANCE.md")
    assert page.read_text(encoding="utf-8") == performance_page(read_results(tmp_path))
    assert [plot.name for plot in plots] == ["growth.png"]
    assert 5_000 < plots[0].stat().st_size < 150_000


def test_the_committed_page_is_what_its_figures_give() -> None:
    if not list(KEPT.glob("*.json")):
        pytest.skip("no figures are kept yet")
    results = read_results(KEPT)
    assert PAGE.read_text(encoding="utf-8") == performance_page(results)
    assert not any(each["quick"] for each in results.values())
    verdicts = judge(TARGETS, results)
    assert not [each.target.title for each in verdicts if each.met is False and not each.target.obstacle]
    measured = {name for name, each in results.items() if "skipped" not in each["figures"]}
    assert not [
        each.target.title for each in verdicts if each.figure is None and each.target.group in measured
    ]
