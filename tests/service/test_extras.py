"""Programs of an install that lacks their extra: one sentence that names it, and status 1."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ambiance.extras import Extra

ROOT = Path(__file__).parents[2]
SERVER = ["pydantic", "pydantic_settings", "prometheus_client", "pythonjsonlogger", "grpc_reflection"]
TEXT, MUSIC = ["ai_edge_litert", "tokenizers", "py3langid"], ["faiss", "pyarrow"]
TRAINING = [
    "tensorflow",
    "keras",
    "google_crc32c",
    "matplotlib",
    "requests",
    "sklearn",
    "threadpoolctl",
    "tqdm",
]
TEACHER = ["torch", "transformers", "safetensors", "tqdm"]
READING = ["chardet", "defusedxml", "justhtml"]
EVERYTHING = [*SERVER, *TEXT, *MUSIC, *TRAINING, *TEACHER, *READING, "shtab"]

# Runs before any program: a finder that knows none of the packages in MISSING.
SITE = """
import os, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ["MISSING"].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(SITE)
    return folder


def said(site: Path, missing: list[str], *command: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of `python -m` where packages are missing."""
    line = [sys.executable, "-m", *command]
    environment = {**os.environ, "MISSING": ",".join(missing), "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"}
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("command", "program", "extra"),
    [
        ("gateway --help", "ambiance-gateway", "gateway"),
        ("text_service --help", "ambiance-text-service", "text"),
        ("music_index_service --help", "ambiance-music-index-service", "music"),
        ("standalone --help", "ambiance serve", "standalone"),
        ("ambiance.cli serve", "ambiance serve", "standalone"),
        ("ambiance.cli serve --help", "ambiance serve", "standalone"),
        *(
            (f"training.{job} --help", f"python -m training.{job}", "training")
            for job in ("data", "text", "music", "index", "evaluate", "release", "reproduce")
        ),
        *(
            (f"training.{job} --help", f"python -m training.{job}", "training")
            for job in ("text.latency", "release.seeds", "index.scaled")
        ),
        ("training.teacher --help", "python -m training.teacher", "teacher"),
        ("ambiance.cli completion bash", "ambiance completion", "completion"),
        ("ambiance.cli soundtrack gateway/page/index.html", "ambiance soundtrack", "reading"),
        ("ambiance.cli soundtrack README.md --curve curve.png", "ambiance soundtrack", "curve"),
    ],
)
def test_a_program_without_its_extra_names_it(site: Path, command: str, program: str, extra: str) -> None:
    status, output, error = said(site, EVERYTHING, *command.split())
    assert (status, output) == (1, "")
    [sentence] = error.splitlines()
    assert sentence.startswith(f"{program}: needs ")
    how = f"pip install -e '.[{extra}]' in a checkout of the repository"
    assert sentence.endswith(f", which the extra {extra} brings: {how}")


@pytest.mark.parametrize("missing", [*SERVER, *TEXT])
def test_the_package_that_is_missing_is_named(site: Path, missing: str) -> None:
    status, _, error = said(site, [missing], "text_service", "--help")
    assert status == 1
    assert error.startswith(f"ambiance-text-service: needs {missing}, which the extra text brings: ")


def test_a_package_that_is_imported_only_later_is_named_as_well() -> None:
    @Extra("teacher", "teach")
    def main() -> None:
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")

    with pytest.raises(SystemExit) as caught:
        main()
    how = "pip install -e '.[teacher]' in a checkout of the repository"
    assert caught.value.code == f"teach: needs torch, which the extra teacher brings: {how}"


def test_a_module_of_ours_that_is_missing_is_no_missing_extra() -> None:
    with pytest.raises(ModuleNotFoundError), Extra("gateway", "ambiance-gateway"):
        raise ModuleNotFoundError("No module named 'gateway.gone'", name="gateway.gone")


def test_a_client_needs_no_extra(site: Path) -> None:
    assert said(site, EVERYTHING, "ambiance.cli", "match", "--help")[0] == 0
    status, _, error = said(site, EVERYTHING, "ambiance.cli", "match", "joy", "--target", "127.0.0.1:1")
    assert (status, error.startswith("ambiance: gateway at 127.0.0.1:1: ")) == (69, True)


@pytest.mark.parametrize(
    ("name", "content", "missing"),
    [("a.parquet", b"", "pyarrow"), ("a.tfrecord", b"", "google_crc32c")],
)
def test_an_import_of_a_format_that_needs_the_extra_names_it(
    site: Path, tmp_path: Path, name: str, content: bytes, missing: str
) -> None:
    (tmp_path / name).write_bytes(content)
    imported = ("import", str(tmp_path / name), "--index", "songs")
    status, _, error = said(site, EVERYTHING, "ambiance.cli", *imported)
    how = "pip install -e '.[import]' in a checkout of the repository"
    assert (status, error) == (
        1,
        f"ambiance import: needs {missing}, which the extra import brings: {how}\n",
    )


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_other_imports_need_no_extra(site: Path, tmp_path: Path, name: str) -> None:
    content = "id,frames\na,AAAA\n" if name == "a.csv" else '{"id": "a", "frames": "AAAA"}\n'
    (tmp_path / name).write_text(content)
    imported = ("import", str(tmp_path / name), "--index", "songs", "--dry-run")
    status, output, _ = said(site, EVERYTHING, "ambiance.cli", *imported)
    assert (status, output) == (0, "1 rows: 1 readable, 0 rejected\n")


def test_no_text_sends_anybody_to_the_public_index() -> None:
    folders = ("ambiance", "gateway", "text_service", "music_index_service", "standalone", "training")
    for folder in folders:
        for source in (ROOT / folder).rglob("*.py"):
            assert "pip install 'ambiance" not in source.read_text(encoding="utf-8"), source
