"""docs/examples: each program calls one running Ambiance, and all of them are told the same."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clusters import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

EXAMPLES = ROOT / "docs" / "examples"
SERVE = [sys.executable, "-m", "standalone", "--port", "0", "--metrics-port", "0", "--http-port", "0"]
HEADINGS = ("match", "soundtrack", "labels", "a wrong request")
CLIP = re.compile(r"\S+@\d+")
OFFENCE = "1 to 1,000, or 0 for 10, got 5,000"


@dataclass(frozen=True)
class Served:
    """Where a process answers."""

    grpc: str
    url: str


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """`make serve`, on ports of the system's choice."""
    with subprocess.Popen(
        SERVE, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as ran:
        assert ran.stderr
        try:
            told = next(json.loads(line) for line in ran.stderr if '"listening"' in line)
            yield Served(f"127.0.0.1:{told['port']}", f"http://127.0.0.1:{told['http_port']}")
        finally:
            ran.terminate()
            ran.communicate()


def run(*command: str, cwd: Path = EXAMPLES) -> str:
    """What a program prints; it must succeed."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(
        command, cwd=cwd, env=variables, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def need(*programs: str) -> None:
    """Skip the test where a program isn't installed."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} isn't installed")


def parts(output: str) -> dict[str, list[str]]:
    """The lines below each heading."""
    found: dict[str, list[str]] = {}
    for line in output.splitlines():
        if line.startswith(" "):
            found[heading].append(line)  # noqa: F821  # a heading comes first
        else:
            heading = line
            found.setdefault(heading, [])
    return found


def clips(lines: list[str]) -> list[str]:
    return [found for line in lines for found in CLIP.findall(line)]


@pytest.fixture(scope="module")
def in_python(served: Served) -> dict[str, list[str]]:
    return parts(run(sys.executable, "call_sync.py", served.grpc, served.grpc))


def check(output: str, in_python: dict[str, list[str]]) -> dict[str, list[str]]:
    """Require that a program was told what the one in Python was told."""
    found = parts(output)
    assert clips(found["match"]) == clips(in_python["match"])
    assert clips(found["soundtrack"]) == clips(in_python["soundtrack"])
    assert found["labels"] == in_python["labels"]
    assert OFFENCE in output
    return found


def test_the_page_shows_what_the_example_prints(in_python: dict[str, list[str]]) -> None:
    shown = parts((EXAMPLES / "output.txt").read_text(encoding="utf-8"))
    assert tuple(in_python) == tuple(shown) == HEADINGS
    assert in_python["labels"] == shown["labels"]
    assert in_python["a wrong request"] == shown["a wrong request"] == [f"  k: {OFFENCE}"]
    # another model or another search may choose other clips; the chapter's four scenes are told apart
    assert len(clips(in_python["match"])) == len(clips(shown["match"])) == 3
    opening = re.compile(r"@\d+  (.*) …")
    assert [opening.findall(line) for line in in_python["soundtrack"]] == [
        opening.findall(line) for line in shown["soundtrack"]
    ]


def test_from_asyncio(served: Served, in_python: dict[str, list[str]]) -> None:
    assert check(run(sys.executable, "call_aio.py", served.grpc, served.grpc), in_python) == in_python


def test_from_node(served: Served, in_python: dict[str, list[str]], tmp_path: Path) -> None:
    need("node", "npm")
    folder = tmp_path / "docs" / "examples" / "node"
    shutil.copytree(EXAMPLES / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copy(EXAMPLES / "chapter.txt", folder.parent)
    (tmp_path / "protos").symlink_to(ROOT / "protos")
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", cwd=folder)
    found = check(run("node", "call.js", served.grpc, served.grpc, cwd=folder), in_python)
    assert {**found, "a wrong request": []} == {**in_python, "a wrong request": []}
    assert found["a wrong request"] == [f"  INVALID_ARGUMENT options.k: {OFFENCE}"]


def test_over_http(served: Served, in_python: dict[str, list[str]]) -> None:
    need("bash", "curl", "jq")
    output = run("./call_http.sh", served.url)
    found = check(output, in_python)
    assert found["match"] == in_python["match"]
    assert found["a wrong request"] == ["  400 INVALID_ARGUMENT", f"  options.k: {OFFENCE}"]
    events = re.findall(r"^event: (\w+)$", output, re.M)
    assert events == ["start", *["cue"] * len(found["soundtrack"]), "end"]


def test_by_reflection(served: Served, in_python: dict[str, list[str]]) -> None:
    need("bash", "npx", "jq")
    buf = re.search(r"^BUF := (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert buf
    assert buf[1] in (EXAMPLES / "call_buf.sh").read_text(encoding="utf-8")
    output = run("./call_buf.sh", served.grpc, served.grpc)
    check(output, in_python)
    assert json.loads(output.partition("a wrong request\n")[2])["message"] == f"options.k: {OFFENCE}"
