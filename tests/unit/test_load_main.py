"""What a load test's exit status says, and that nothing outlives it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench_command
from bench.ending import TERMINATED
from clusters import ROOT, wait_until
from load import __main__ as command
from load.errors import NobodyAnswersError
from load.figures import figures_of
from load_results import made_up_results, made_up_step
from support import has_ended

Results = dict[str, Any]
RATES = ("steps", "knee", "capacity_per_s", "overload_times", "at_80", "echo_at_80", "overload")


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Returns a function that runs the command, on a session that finds given results."""

    def run(results: Results, *flags: str) -> int:
        def run_session(_options: object, _say: object, check: Callable[[Results], None]) -> Results:
            check(results)
            return results

        monkeypatch.setattr(command, "run_session", run_session)
        monkeypatch.setattr(command, "write_report", lambda _results, folder: folder / "report.html")
        return command.main(["--out", str(tmp_path / "out"), *flags])

    return run


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(made_up_results()))
    return path


def without(results: Results, *names: str) -> Results:
    left = {name: value for name, value in results.items() if name not in names}
    return left | {"figures": [figure.to_json() for figure in figures_of(left)]}


def test_a_test_as_good_as_its_baseline_succeeds(run: Callable[..., int], baseline: Path) -> None:
    assert run(made_up_results()) == 0
    assert run(made_up_results(), "--baseline", str(baseline)) == 0


def test_a_server_that_holds_no_rate_any_more_fails_beside_its_baseline(
    run: Callable[..., int], baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(without(made_up_results(), *RATES), "--baseline", str(baseline)) == 1
    assert "knee: not found, baseline 400: WORSE" in capsys.readouterr().out


def test_only_what_was_asked_for_is_compared(run: Callable[..., int], baseline: Path) -> None:
    results = without(made_up_results(), *RATES, "throughput")
    assert run(results, "--only", "unloaded", "--baseline", str(baseline)) == 0


def test_a_sweep_that_its_ceiling_ended_is_not_compared(
    run: Callable[..., int], baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = without(made_up_results(), *RATES) | {"held_per_s": 300.0}
    assert run(results, "--baseline", str(baseline)) == 0
    assert "no knee was found, as --max-rate ended the sweep" in capsys.readouterr().out


def test_a_baseline_of_other_work_is_refused_before_anything_is_measured(
    run: Callable[..., int], baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(made_up_results() | {"texts": "comments"}, "--baseline", str(baseline)) == 1
    said = "load: the baseline was taken with texts 3 made-up sentences, this is comments: not comparable\n"
    assert capsys.readouterr().err == said
    assert not list((tmp_path / "out").iterdir())


def test_one_rate_that_nobody_answers_or_with_faulty_replies_fails(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    found = without(made_up_results(), *RATES)
    shed = made_up_step(70, shed_share=1.0).to_json() | {"reply_faults": {}}
    assert run(found | {"steps": [shed]}, "--rate", "70") == 1
    assert capsys.readouterr().err == "load: at 70/s: no call was answered\n"
    faulty = made_up_step(70).to_json() | {"reply_faults": {"the same clip twice": 1}}
    assert run(found | {"steps": [faulty]}, "--rate", "70") == 1
    assert "faulty replies: {'the same clip twice': 1}" in capsys.readouterr().err
    assert run(found | {"steps": [faulty | {"reply_faults": {}}]}, "--rate", "70") == 0


def test_an_interruption_and_nobody_have_a_status_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, status in ((KeyboardInterrupt(), 130), (NobodyAnswersError("nobody"), 69)):
        monkeypatch.setattr(command, "_run", lambda _options, error=error: (_ for _ in ()).throw(error))
        assert command.main([]) == status


def test_sigterm_leaves_through_the_blocks_that_end_what_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = list[str]()

    def told_to_end(*_arguments: object) -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            closed.append("a block")
        return 0

    monkeypatch.setattr(command, "_run", told_to_end)
    monkeypatch.setattr(bench_command, "measure", told_to_end)
    for main in (command.main, bench_command.main):
        with pytest.raises(SystemExit) as ended:
            main([])
        assert ended.value.code == TERMINATED
    assert len(closed) == 2


SCRIPT = """
import time
import numpy as np
from bench.echo import PATH
from bench.processes import serving
from load.fleet import Fleet
from load.jobs import OpenLoop, Work
from load.target import Target
if __name__ == "__main__":
    with serving("bench.echo") as running, Fleet(1, 1) as fleet:
        target = Target(running.target)
        fleet.connect(target)
        in_an_hour = OpenLoop(Work(target, PATH, (b"",)), time.monotonic() + 3600, np.zeros(1), 0)
        fleet._pipes[0].send(in_an_hour)
        print(running.process.pid, fleet._processes[0].pid, flush=True)
        time.sleep(3600)
"""


def test_senders_at_work_and_the_echo_end_with_a_test_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}"}
    command = [sys.executable, tmp_path / "script.py"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        started = list(map(int, parent.stdout.readline().split()))
        parent.kill()
    assert len(started) == 2
    wait_until(lambda: all(map(has_ended, started)))
