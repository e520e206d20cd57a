"""What `make wheel` builds, installed by itself: command and client run with the base dependencies alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(300)  # seconds on an idle machine, a minute on one that trains beside it


def run(*line: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program away from the checkout, whose packages it mustn't find."""
    # nor pip the constraints that the Makefile names by a path from there
    left_out = ("PYTHONPATH", "PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    return subprocess.run(line, capture_output=True, text=True, check=False, env=environment, cwd=folder)


def needed_by(installed: Distribution) -> Iterator[Distribution]:
    """The distributions that one needs without any extra, and those that they need."""
    for requirement in map(Requirement, installed.requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed = distribution(requirement.name)
            yield needed
            yield from needed_by(needed)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def programs(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs of a fresh environment lie that holds the wheel and what it needs, but no extra."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    [wheel] = built.glob("*.whl")
    python = folder / "bin" / "python"
    install = ("install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    done = run(sys.executable, "-m", "pip", "--python", python, *install, wheel, folder=folder)
    assert done.returncode == 0, done.stderr
    [site] = folder.glob("lib/python*/site-packages")
    [installed] = site.glob("ambiance_music-*.dist-info")
    for needed in needed_by(PathDistribution(installed)):  # linked: a download would take a minute
        for name in {file.parts[0] for file in needed.files or ()} - {"..", "__pycache__"}:
            if not (site / name).exists():
                (site / name).symlink_to(Path(str(needed.locate_file(name))))
    return folder / "bin"


def test_the_command_tells_its_version(programs: Path, built: Path) -> None:
    [wheel] = built.glob("*.whl")
    done = run(programs / "ambiance", "--version", folder=built)
    assert (done.stdout, done.stderr) == (f"ambiance {wheel.name.split('-')[1]}\n", "")


def test_the_clients_can_be_imported_and_made(programs: Path, built: Path) -> None:
    code = "import ambiance.aio; from ambiance import Client; Client().close(); print(ambiance.__file__)"
    done = run(programs / "python", "-c", code, folder=built)
    assert done.stderr == ""
    assert Path(done.stdout.strip()).is_relative_to(programs.parent)


def test_what_serves_asks_for_its_extra(programs: Path, built: Path) -> None:
    done = run(programs / "ambiance-gateway", "--help", folder=built)
    assert done.returncode == 1
    assert "which the extra gateway brings" in done.stderr
