"""Results on disk, what is read off load tests and profiles, and the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as command
from bench import groups
from bench.flame import shares_by_file
from bench.machine import describe_machine
from bench.options import Options
from bench.results import ResultError, keep, read_results, write_result
from bench.throughput import measure as read_load_tests


def result(group: str = "handlers", *, quick: bool = False) -> dict[str, Any]:
    return {"group": group, "quick": quick, "seconds": 1.0, "machine": {}, "figures": {"p": 1}}


def test_results_are_read_as_written(tmp_path: Path) -> None:
    write_result(result("handlers"), tmp_path / "new")
    write_result(result("seed"), tmp_path / "new")
    assert read_results(tmp_path / "new") == {"handlers": result("handlers"), "seed": result("seed")}


def test_a_figure_that_is_no_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_result(result() | {"figures": {"p": float("nan")}}, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"group": "handlers"}'])
def test_another_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(ResultError, match=r"odd\.json: not"):
        read_results(tmp_path)


def test_figures_are_kept_with_their_pictures(tmp_path: Path) -> None:
    write_result(result(), tmp_path / "run")
    (tmp_path / "run" / "gateway.svg").write_text("<svg/>")
    (tmp_path / "run" / "notes.txt").write_text("not for keeping")
    kept = keep(tmp_path / "run", tmp_path / "kept")
    assert {path.name for path in kept} == {"handlers.json", "gateway.svg"}
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"handlers.json", "gateway.svg"}


def test_a_quick_run_is_not_kept(tmp_path: Path) -> None:
    write_result(result(quick=True), tmp_path / "run")
    with pytest.raises(ResultError, match="handlers: of a quick run"):
        keep(tmp_path / "run", tmp_path / "kept")
    with pytest.raises(ResultError, match="no results"):
        keep(tmp_path / "empty", tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def step(rate: float) -> dict[str, Any]:
    latency = {"p50": 1.0, "p90": 2.0, "p99": 3.0, "p99.9": 4.0, "max": 5.0}
    return {
        "offered_per_s": rate,
        "achieved_per_s": rate,
        "error_rate": 0.0,
        "latency_ms": latency,
        "latency_histogram": "long",
    }


def load_test(folder: Path, started: str, *, one_process: bool = False, **options: object) -> None:
    folder.mkdir(parents=True)
    found = {
        "started": started,
        "one_process": one_process,
        "options": {
            "target": "127.0.0.1:50051",
            "phases": ["unloaded", "throughput", "rates"],
            "quick": False,
            "rate": 0.0,
            **options,
        },
        "machine": {"revision": "abc"},
        "texts": "made up",
        "figures": [{"name": "knee", "value": 900.0}],
        "throughput": {"echo": {"calls_per_s": 4_000.0, "rounds": []}},
        "steps": [step(100)],
        "overload": step(2_700),
    }
    (folder / "result.json").write_text(json.dumps(found))
    (folder / "rates.png").write_bytes(started.encode())


def test_the_latest_load_test_of_each_kind_is_read(tmp_path: Path) -> None:
    for hour in ("03", "04"):
        load_test(tmp_path / "load" / hour, f"2026-01-01T{hour}:00:00+00:00")
    load_test(tmp_path / "load" / "05", "2026-01-01T05:00:00+00:00", one_process=True)
    figures = read_load_tests(Options(loads=tmp_path / "load", out=tmp_path / "out"))
    assert figures["cluster"]["started"].startswith("2026-01-01T04")
    assert figures["one process"]["started"].startswith("2026-01-01T05")
    assert figures["cluster"]["figures"] == {"knee": 900.0}
    assert figures["cluster"]["calls_per_s"] == {"echo": 4_000.0}
    assert figures["cluster"]["overload"]["latency_ms"] == {"p50": 1.0, "p90": 2.0, "p99": 3.0, "p99.9": 4.0}
    assert (tmp_path / "out" / "rates.png").read_bytes().startswith(b"2026-01-01T04")


@pytest.mark.parametrize(
    "option",
    [{"quick": True}, {"rate": 9.0}, {"phases": ["rates"]}, {"target": "10.0.0.1:443"}],
)
def test_a_load_test_that_was_not_whole_or_not_of_this_machine_is_passed_by(
    option: dict[str, object], tmp_path: Path
) -> None:
    load_test(tmp_path / "03", "2026-01-01T03:00:00+00:00")
    load_test(tmp_path / "04", "2026-01-01T04:00:00+00:00", **option)
    figures = read_load_tests(Options(loads=tmp_path, out=tmp_path / "out"))
    assert figures["cluster"]["started"].startswith("2026-01-01T03")


def test_without_a_load_test_the_figures_say_so(tmp_path: Path) -> None:
    assert read_load_tests(Options(loads=tmp_path))["skipped"].endswith("`make load` runs one")


def test_samples_are_shared_out_by_the_innermost_file() -> None:
    stacks = [
        "main (a.py:1);work (b/c.py:20) 6",
        "main (a.py:1) 3",
        "thread (x.py:1);<native> 1",
    ]
    assert shares_by_file(stacks) == {"b/c.py": 0.6, "a.py": 0.3, "other": 0.1}


def test_the_machine_is_described_in_plain_values() -> None:
    machine = describe_machine()
    assert json.loads(json.dumps(machine)) == machine
    assert machine["cores"] >= 1
    assert machine["memory_mb"] > 0
    assert machine["libraries"]["grpcio"]


def test_a_group_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    found = groups.run_group(groups.GROUPS["throughput"], Options(quick=True, loads=tmp_path))
    assert found["group"] == "throughput"
    assert found["quick"]
    assert "skipped" in found["figures"]
    assert found["machine"]["cpu"]


def test_every_group_can_be_measured_or_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_group(group: groups.Group, options: Options) -> dict[str, Any]:
        if group.name == "milvus":
            raise ModuleNotFoundError("No module named 'elsewhere'")
        return result(group.name, quick=options.quick) | {"figures": {"skipped": "it is a holiday"}}

    monkeypatch.setattr(command, "run_group", run_group)
    status = command.main(["--only", "milvus", "--only", "handlers", "--quick", "--out", str(tmp_path)])
    said = capsys.readouterr()
    assert status == 1
    assert "bench: milvus: ModuleNotFoundError: No module named 'elsewhere'" in said.err
    assert set(read_results(tmp_path)) == {"handlers"}
    assert "Not measured: it is a holiday." in said.out


def test_what_takes_long_is_run_if_it_is_named() -> None:
    quick, whole = ([group.name for group in command.chosen(None, quick=quick)] for quick in (True, False))
    assert ("handlers" in quick, "handlers" in whole) == (True, True)
    assert ("milvus" in quick, "milvus" in whole) == (False, True)
    assert "training" not in whole
    assert [group.name for group in command.chosen(["training", "training"], quick=True)] == ["training"]


def test_an_unknown_group_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--only", "everything"])
    assert ended.value.code == 2
    assert "invalid choice: 'everything'" in capsys.readouterr().err


def test_keeping_nothing_fails_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--keep", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"bench: {tmp_path}: no results; `python -m bench` measures them\n"
