"""docs/CATALOGUE.md as a newcomer follows it: every command, in order, on a cluster of local processes."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clusters import ROOT, ClusterUnderTest, Completed

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

NewCluster = Callable[[str], ClusterUnderTest]

PAGE = (ROOT / "docs" / "CATALOGUE.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"(?:.*\\\n)*.*\n")  # one line, or several that end in a backslash
GAP = " …\n"  # what the page leaves out of an output
MOVING = re.compile(r"(distance\\ |match\\ )\d+(?:\\\.\d+)?")
# An environment of its own, downloads, recordings, and a server on the internet.
NOT_RUN = ("source ", "npx ", "make vggish", "ambiance import-audio ", "ambiance check-media ")

# The page's words for programs that are to ask this cluster: of this checkout, on ports of its own.
PREAMBLE = """
python() {{ {python} "$@"; }}
make() {{ command make -s -C {root} -o .venv/.serving BIN={bin} ENGINE=local "${{@/my-data/$PWD/my-data}}"; }}
ambiance() {{
  case $1 in
    match) python -m ambiance.cli "$@" --target {gateway} ;;
    path) python -m ambiance.cli "$@" --target {music} --text-target {text} ;;
    *) python -m ambiance.cli "$@" --target {music} ;;
  esac
}}
"""


@dataclass(frozen=True)
class Step:
    """A command of the page, or a program in Python, and what the page says that it prints."""

    code: str
    output: str | None
    in_python: bool = False


@dataclass(frozen=True)
class Newcomer:
    """Follows the page in a folder that holds its example files."""

    folder: Path
    cluster: ClusterUnderTest

    def does(self, step: Step) -> Completed:
        gateway, text, music = (
            f"127.0.0.1:{self.cluster.port(name)}" for name in ("GATEWAY", "TEXT", "MUSIC")
        )
        if step.in_python:
            client = f'Client("{gateway}", music_target="{music}")'
            code = re.sub(r'Client\((?:"localhost:50051")?\)', client, step.code)
            return self._runs([sys.executable, "-c", code])
        python = Path(sys.executable)
        preamble = PREAMBLE.format(
            python=shlex.quote(str(python)),
            bin=shlex.quote(str(python.parent)),
            root=shlex.quote(str(ROOT)),
            gateway=gateway,
            text=text,
            music=music,
        )
        return self._runs(["bash", "-c", preamble + step.code])

    def _runs(self, command: list[str]) -> Completed:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        variables = {**inherited, **self.cluster.variables, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command,
            cwd=self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def steps() -> Iterator[Step]:
    """Everything that the page has its reader do, in order."""
    blocks: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.M | re.S)
    for (language, block), (next_language, following) in zip(blocks, [*blocks[1:], ("csv", "")], strict=True):
        if language == "python":
            yield Step(block, None if next_language else following, in_python=True)
        elif language == "console":
            for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
                command = COMMAND.match(part)
                assert command, part
                yield Step(command[0], part[command.end() :] or None)


def printed(shown: str) -> re.Pattern[str]:
    """What fits an output as the page shows it: distances and what follows from them may be others.

    They move by a little once the service has compacted what was written, whenever that is.
    """
    parts = [MOVING.sub(r"\1[\\d.]+", re.escape(part)) for part in shown.split(GAP)]
    return re.compile("(?:.*\n)*".join(parts))


@pytest.fixture
def newcomer(new_cluster: NewCluster, tmp_path: Path) -> Newcomer:
    examples = tmp_path / "docs" / "examples"
    examples.mkdir(parents=True)
    for table in (ROOT / "docs" / "examples").glob("*.csv"):
        shutil.copy(table, examples)
    return Newcomer(tmp_path, new_cluster("local"))


def test_the_page_does_what_it_says(newcomer: Newcomer) -> None:
    done = []
    for step in steps():
        if step.code.startswith(NOT_RUN):
            continue
        ran = newcomer.does(step)
        assert ran.returncode == 0, f"{step.code}\n{ran.stdout}{ran.stderr}"
        if step.output is not None:
            # a dry run tells what it finds on standard error, and the page shows both
            outputs = (ran.stdout, ran.stderr + ran.stdout)
            assert any(map(printed(step.output).fullmatch, outputs)), f"{step.code}\n{ran.stdout}{ran.stderr}"
        done.append(step)
    programs = {step.code.split()[1] for step in done if step.code.startswith(("ambiance ", "make "))}
    assert programs >= {
        "up",
        "import",
        "match",
        "similar",
        "path",
        "delete",
        "clips",
        "indexes",
        "index",
        "down",
    }
    assert sum(step.in_python for step in done) >= 3
    assert sum(step.output is not None for step in done) >= 12
    left = {
        path.relative_to(newcomer.folder).as_posix() for path in newcomer.folder.rglob("*") if path.is_file()
    }
    assert left == {"docs/examples/classics.csv", "docs/examples/classics-update.csv"}
