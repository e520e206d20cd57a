"""`make match` itself, with a stand-in for the program that it runs: the text, the status, the output."""

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from clusters import ODD_NAME, ROOT

# Both programs of .venv/bin that `make match` runs. Each appends what it was given to `calls`, and
# `ambiance` ends with the first of the statuses that are left.
STAND_IN = """#!{python}
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
program = pathlib.Path(__file__).name
text = sys.stdin.buffer.read().decode() if program == "ambiance" else None
with (folder / "calls").open("a") as file:
    file.write(json.dumps([program, sys.argv[1:], text]) + "\\n")
if program == "python":
    print("SERVICE GRPC METRICS HEALTH")
    sys.exit(0)
statuses = json.loads((folder / "statuses").read_text())
(folder / "statuses").write_text(json.dumps(statuses[1:]))
if statuses[0]:
    print("ambiance: it went wrong", file=sys.stderr)
else:
    print('{{"clips": []}}')
sys.exit(statuses[0])
"""


@dataclass(frozen=True)
class Bench:
    """A folder with the stand-ins, and what `make match` did with them."""

    folder: Path

    def make(self, *variables: str, statuses: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        (self.folder / "statuses").write_text(json.dumps(statuses))
        # -o: take the environment of the programs for installed, whether or not it is
        return make("-o", ".venv/.serving", "match", f"BIN={self.folder}", *variables)

    def calls(self) -> list[tuple[str, list[str], str | None]]:
        file = self.folder / "calls"
        return [tuple(json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


def make(
    *arguments: str, folder: Path = ROOT, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run make in a folder, with these variables in its environment."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")
    }
    return subprocess.run(
        ["make", "-s", *arguments],
        cwd=folder,
        env={**environment, **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def place_stand_ins(folder: Path) -> Bench:
    for program in ("ambiance", "python"):
        file = folder / program
        file.write_text(STAND_IN.format(python=sys.executable))
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return Bench(folder)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return place_stand_ins(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "I can't believe she is gone",
        "He said \"no\" and 'left'",
        "$HOME costs $5, $$ and ${PATH}",
        "`touch {folder}/executed` $(touch {folder}/executed)",
        "$(shell touch {folder}/executed)",
        "a; touch {folder}/executed & b | c > d # e \\ f",
        "--help",
        "-",
        "= : % * ? [a] ~ !",
        "two\nlines",
        "größe 😢",
    ],
)
def test_a_text_reaches_the_program_untouched(bench: Bench, text: str) -> None:
    text = text.replace("{folder}", str(bench.folder))
    done = bench.make(f"TEXT={text}")
    assert done.returncode == 0, done.stderr
    assert [given for _, _, given in bench.calls()] == [text + "\n"]
    assert not (bench.folder / "executed").exists()


def test_only_the_answer_is_on_standard_output(bench: Bench) -> None:
    done = bench.make("TEXT=hello", "FORMAT=json", "K=3")
    assert (done.stdout, done.stderr) == ('{"clips": []}\n', "")
    [(_, flags, _)] = bench.calls()
    assert {"--json", "-k=3"} <= set(flags)


def test_a_seed_and_an_explanation_are_asked_for(bench: Bench) -> None:
    for variables in (("SEED=7", "EXPLAIN=1"), ("SEED=", "EXPLAIN=0"), ()):
        assert bench.make("TEXT=hello", *variables).returncode == 0
    first, *others = [set(flags) for _, flags, _ in bench.calls()]
    assert {"--seed=7", "--explain"} <= first
    assert not any(flag.startswith(("--seed", "--explain")) for flags in others for flag in flags)


def test_a_label_and_a_mood_are_asked_for_as_they_were_typed(bench: Bench) -> None:
    assert bench.make("TEXT=hello", "LABEL=Music of $Asia's", "MOOD=sad").returncode == 0
    assert bench.make("TEXT=hello", "LABEL=", "MOOD=").returncode == 0
    (_, asked, _), (_, unasked, _) = bench.calls()
    assert {"--label=Music of $Asia's", "--mood=sad"} <= set(asked)
    assert not any(flag.startswith(("--label", "--mood")) for flag in unasked)


def test_a_checkout_and_a_run_directory_may_have_any_name(tmp_path: Path) -> None:
    checkout, run_dir = tmp_path / ODD_NAME, tmp_path / f"run {ODD_NAME} $HOME"
    (checkout / ".venv" / "bin").mkdir(parents=True)
    run_dir.mkdir()
    shutil.copy(ROOT / "Makefile", checkout)
    (run_dir / "gateway").write_text("127.0.0.1:1234\n")
    bench = place_stand_ins(checkout / ".venv" / "bin")
    (bench.folder / "statuses").write_text("[0]")
    variables = {"AMBIANCE_RUN_DIR": str(run_dir)}
    done = make("-o", ".venv/.serving", "match", "TEXT=hello", folder=checkout, variables=variables)
    assert done.returncode == 0, done.stderr
    [(_, flags, _)] = bench.calls()
    assert "127.0.0.1:1234" in flags


@pytest.mark.parametrize("name", ["a:b", 'say "hello"', "it costs $5", "`a`", "a\\b"])
def test_a_checkout_where_nothing_could_be_installed_is_named(tmp_path: Path, name: str) -> None:
    checkout = tmp_path / name
    checkout.mkdir()
    shutil.copy(ROOT / "Makefile", checkout)
    done = make(".venv/.made", folder=checkout)
    assert done.returncode == 2
    assert f"do not take: {checkout}\n" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_cluster_that_is_down_is_started_and_asked_again(bench: Bench) -> None:
    done = bench.make("TEXT=hello", "ENGINE=local", statuses=(69, 0))
    assert (done.returncode, done.stdout) == (0, '{"clips": []}\n')
    assert "it went wrong" not in done.stderr
    calls = [(program, flags[-4:]) for program, flags, _ in bench.calls()]
    assert [program for program, _ in calls] == ["ambiance", "python", "ambiance"]
    assert calls[1][1] == ["deploy/cluster.py", "up", "--engine", "local"]


def test_any_other_failure_is_told_once(bench: Bench) -> None:
    done = bench.make("TEXT=hello", "K=-1", statuses=(2,))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("ambiance: it went wrong") == 1
    assert len(bench.calls()) == 1


@pytest.mark.parametrize("variables", [(), ("TEXT=",), ("TEXT=hello", "FORMAT=xml")])
def test_wrong_usage_ends_with_2_and_says_how(bench: Bench, variables: tuple[str, ...]) -> None:
    done = bench.make(*variables)
    assert done.returncode == 2
    assert "usage: make match TEXT=" in done.stderr
    assert bench.calls() == []
