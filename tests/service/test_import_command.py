"""`ambiance import`, `delete`, `indexes` and `index` against a service that keeps the contract's promises."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from ambiance import cli
from ambiance.affect import FACETS
from ambiance.errors import PreconditionError
from ambiance.limits import MAX_WRITTEN_CLIPS
from fake_catalogue import FakeCatalogue
from support import Serve

NOBODY = "127.0.0.1:1"
HEADER = ",".join(["id", "title", *FACETS])

Run = Callable[..., int]


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return FakeCatalogue()


@pytest.fixture
def run(catalogue: FakeCatalogue, serve: Serve) -> Run:
    """Run the command line against the catalogue; returns the exit status."""
    target = serve(catalogue.application()).target  # type: ignore[attr-defined]
    return lambda *arguments, to=target: cli.main([*map(str, arguments), "--target", to])


def row(clip_id: str, title: str = "") -> str:
    return ",".join([clip_id, title, *["0.5"] * len(FACETS)])


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def rejects(path: Path) -> list[Any]:
    lines = Path(f"{path}.rejects.jsonl").read_text().splitlines()
    return [tuple(json.loads(line).values()) for line in lines]


def test_a_catalogue_is_written_and_nothing_is_left_beside_it(
    run: Run, catalogue: FakeCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "songs.csv", *(row(f"{i}", f"Title {i}") for i in range(2_500)))
    assert run("import", path, "--index", "songs", "--create") == cli.EXIT_OK
    held = catalogue.clips["songs"]
    assert [held[f"{i}"].metadata.title for i in range(2_500)] == [f"Title {i}" for i in range(2_500)]
    assert {score.facet: score.score for score in held["7"].facets} == dict.fromkeys(FACETS, 0.5)
    out, told = capsys.readouterr()
    assert out == "2,500 rows: 2,500 created, 0 rejected\n"
    assert "title -> title\n" in told
    assert [entry.name for entry in tmp_path.iterdir()] == ["songs.csv"]
    assert run("import", path, "--index", "songs") == cli.EXIT_OK
    assert capsys.readouterr().out == "2,500 rows: 2,500 unchanged, 0 rejected\n"


@pytest.mark.parametrize("name", ["songs.jsonl", "songs.parquet"])
def test_other_formats_say_the_same(run: Run, catalogue: FakeCatalogue, tmp_path: Path, name: str) -> None:
    facets = dict.fromkeys(FACETS, 0.25)
    rows = [{"id": f"{i}", "year": 1990 + i, "facets": facets} for i in range(3)]
    if name == "songs.jsonl":
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
    else:
        parquet.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    assert run("import", tmp_path / name, "--index", "default", "--attribute", "year") == cli.EXIT_OK
    held = catalogue.clips["default"]
    assert [held[f"{i}"].metadata.attributes["year"].number for i in range(3)] == [1990, 1991, 1992]


def test_rows_that_cannot_be_written_go_to_a_file_and_the_rest_goes_through(
    run: Run, catalogue: FakeCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = ["short,row", row("a b"), row("long", "x" * 1_001), row("twice", "1"), row("twice", "2")]
    path = write(tmp_path / "songs.csv", row("good"), *bad, row("good2").replace("0.5", "half", 1))
    assert run("import", path, "--index", "default") == 65
    assert rejects(path) == [
        (3, "", "", "14 columns, as in the header, got 2"),
        (4, "a b", "id", "1 to 128 characters, none of them white space"),
        (5, "long", "title", "at most 1,000 characters, got 1,001"),
        (6, "twice", "id", "a later clip of the request has the same id"),
        (8, "good2", "calm", "a number, got 'half'"),
    ]
    assert catalogue.clips["default"].keys() == {"good", "twice"}
    assert catalogue.clips["default"]["twice"].metadata.title == "2"
    out, told = capsys.readouterr()
    assert out == f"7 rows: 2 created, 5 rejected, see {path}.rejects.jsonl\n"
    assert told.endswith("row 5: title: at most 1,000 characters, got 1,001\n")
    write(path, row("good"))
    assert run("import", path, "--index", "default") == cli.EXIT_OK
    assert not Path(f"{path}.rejects.jsonl").exists()


def test_an_import_that_was_interrupted_goes_on_where_it_stopped(
    run: Run, catalogue: FakeCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row("bad id") if i % 500 == 0 else row(f"{i}") for i in range(5_500)]
    path = write(tmp_path / "songs.csv", *rows)

    def fail(request: Any) -> None:
        if any(clip.id == "3001" for clip in request.clips):
            raise PreconditionError("the index is gone")

    catalogue.before = fail
    assert run("import", path, "--index", "default") == cli.EXIT_FAILURE
    assert "ambiance: the index is gone" in capsys.readouterr().err
    assert len(rejects(path)) == 6
    with Path(f"{path}.rejects.jsonl").open("a") as file:
        file.write('{"row": 3502, "left by a process that was killed before it could keep')
    before = len(catalogue.requests)
    catalogue.before = lambda _: None
    assert run("import", path, "--index", "default") == 65
    out, told = capsys.readouterr()
    assert "goes on after 3,000 rows" in told
    assert out.startswith("5,500 rows: ")
    assert [reject[0] for reject in rejects(path)] == [i + 2 for i in range(0, 5_500, 500)]
    assert len(catalogue.requests) - before == 3
    assert catalogue.clips["default"].keys() == {f"{i}" for i in range(5_500) if i % 500}
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["songs.csv", "songs.csv.rejects.jsonl"]


def test_an_import_that_was_killed_goes_on_and_tells_each_reject_once(
    catalogue: FakeCatalogue, serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "songs.csv", *(row("bad id" if i % 700 == 0 else f"{i}") for i in range(8_000)))
    target = serve(catalogue.application()).target  # type: ignore[attr-defined]
    reached = threading.Event()

    def slow(request: Any) -> None:
        time.sleep(0.05)
        if len(catalogue.requests) >= 4:
            reached.set()

    catalogue.before = slow
    command = [sys.executable, "-m", "ambiance.cli", "import", str(path), "--index", "default"]
    root = Path(__file__).parents[2]
    with subprocess.Popen([*command, "--target", target], cwd=root, stderr=subprocess.DEVNULL) as process:
        assert reached.wait(60)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert 0 < len(catalogue.clips["default"]) < 7_900
    catalogue.before = lambda _: None
    assert cli.main([*command[3:], "--target", target]) == 65
    assert "goes on after " in capsys.readouterr().err
    assert catalogue.clips["default"].keys() == {f"{i}" for i in range(8_000) if i % 700}
    assert [reject[0] for reject in rejects(path)] == [i + 2 for i in range(0, 8_000, 700)]


def test_somebody_who_looks_sees_how_far_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "songs.csv", *(row(f"{i}") for i in range(3_000)))
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    command = ["-m", "ambiance.cli", "import", str(path), "--index", "songs", "--dry-run"]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, *command], stderr=end, stdout=subprocess.PIPE, cwd=root, check=True
    )
    os.close(end)
    shown = os.read(terminal, 65_536).decode()
    os.close(terminal)
    assert "100%|" in shown
    assert done.stdout == b"3,000 rows: 3,000 readable, 0 rejected\n"


def test_an_import_of_another_file_or_index_does_not_go_on_unless_it_begins_anew(
    run: Run, catalogue: FakeCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "songs.csv", *(row(f"{i}") for i in range(2_000)))
    state = tmp_path / "state"
    imported = ("import", path, "--state", state, "--in-flight", "1", "--index")

    def fail(request: Any) -> None:
        if request.clips[0].id == "1000":
            raise PreconditionError("no")

    catalogue.before = fail
    assert run(*imported, "default") == cli.EXIT_FAILURE
    assert json.loads(state.read_text())["progress"]["row_count"] == 1_000
    capsys.readouterr()
    assert run(*imported, "other") == cli.EXIT_BAD_INPUT
    assert "of an import that differs in index; --restart begins anew" in capsys.readouterr().err
    write(path, row("new"))
    assert run(*imported, "default") == cli.EXIT_BAD_INPUT
    assert "differs in sha256 of the file" in capsys.readouterr().err
    assert run(*imported, "default", "--restart") == cli.EXIT_OK
    assert "new" in catalogue.clips["default"]
    state.write_text("{")
    assert run(*imported, "default") == cli.EXIT_BAD_INPUT
    assert "not the state of an import" in capsys.readouterr().err


def test_a_dry_run_checks_the_file_and_asks_and_writes_nothing(
    run: Run, catalogue: FakeCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "songs.csv", row("good"), "short,row")
    assert run("import", path, "--index", "nowhere", "--dry-run", to=NOBODY) == 65
    assert capsys.readouterr().out == "2 rows: 1 readable, 1 rejected\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["songs.csv"]
    assert not catalogue.requests


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--attribute", "nope"], "--attribute: the file has no column 'nope'"),
        (["--attribute", "title:date"], "a column, : and text, number, flag, got 'title:date'"),
        (["--map", "title"], "a column, = and a field, got 'title'"),
        (["--map", "title=id"], "column 'title': id is what column 'id' is, too"),
        (["--skip", "calm"], "all 12 facets or none; missing: facet_calm"),
        (["--in-flight", "0"], "--in-flight: 1 to 64, got 0"),
        (["--format", "parquet"], "not a Parquet file"),
    ],
)
def test_what_cannot_be_imported_is_told_before_anything_is_sent(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    path = write(tmp_path / "songs.csv", row("good"))
    try:
        status = run("import", path, "--index", "songs", *arguments, to=NOBODY)
    except SystemExit as exited:  # argparse's way
        status = int(str(exited.code))
    assert status == cli.EXIT_BAD_INPUT
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--rejects", "--state"])
def test_a_file_beside_the_catalogue_that_cannot_be_written_is_named(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    path, nowhere = write(tmp_path / "songs.csv", row("bad id")), tmp_path / "nowhere" / "file"
    assert run("import", path, "--index", "default", flag, nowhere) == cli.EXIT_FAILURE
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith(f"ambiance: {nowhere}")
    assert told.endswith(": No such file or directory")


def test_an_index_that_is_not_there_can_be_made(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "songs.csv", row("good"))
    assert run("import", path, "--index", "songs") == cli.EXIT_BAD_INPUT
    assert capsys.readouterr().err.endswith("; --create makes an index\n")


def test_a_service_that_is_not_there(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "songs.csv", row("good"))
    assert run("import", path, "--index", "songs", to=NOBODY) == cli.EXIT_UNAVAILABLE
    assert "music index service at 127.0.0.1:1" in capsys.readouterr().err
    assert run("delete", "a", "--index", "songs", to=NOBODY) == cli.EXIT_UNAVAILABLE


def test_an_index_that_is_not_there_is_not_made_unasked(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "songs.csv", row("good"))
    assert run("import", path, "--index", "songs") == cli.EXIT_BAD_INPUT
    assert "no index 'songs'" in capsys.readouterr().err


def test_of_clips_with_one_id_the_last_of_the_file_is_written_last(
    run: Run, catalogue: FakeCatalogue, tmp_path: Path
) -> None:
    versions = [[row("same", f"{i}"), *(row(f"{i}-{j}") for j in range(999))] for i in range(6)]
    path = write(tmp_path / "songs.csv", *(line for version in versions for line in version))

    def later_the_earlier(request: Any) -> None:
        time.sleep(0.05 * (5 - int(request.clips[0].metadata.title)))

    catalogue.before = later_the_earlier
    assert run("import", path, "--index", "default") == cli.EXIT_OK
    assert catalogue.clips["default"]["same"].metadata.title == "5"
    assert [request.clips[0].metadata.title for request in catalogue.requests] == list("012345")


def test_clips_are_deleted_by_their_ids_and_those_of_a_file(
    run: Run, catalogue: FakeCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "songs.csv", *(row(f"{i}") for i in range(2_500)))
    run("import", path, "--index", "default")
    capsys.readouterr()
    assert run("delete", "--index", "default", "0", "1") == cli.EXIT_OK
    assert capsys.readouterr().out == "2 ids: 2 deleted, 0 not deleted\n"
    ids = tmp_path / "ids"
    ids.write_text("\ufeff" + "\r\n".join(f" {i} " for i in range(2_500)) + "\n\n")
    assert run("delete", "--index", "default", "--from", ids) == 65
    out, told = capsys.readouterr()
    assert (out, told) == ("2,500 ids: 2,498 deleted, 2 not deleted\n", "0: not found\n1: not found\n")
    assert not catalogue.clips["default"]
    assert max(len(request.clip_ids) for request in catalogue.requests[-3:]) == MAX_WRITTEN_CLIPS


def test_clips_are_reported_unavailable_and_available_again(
    run: Run, catalogue: FakeCatalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", write(tmp_path / "songs.csv", row("a"), row("b")), "--index", "default")
    capsys.readouterr()
    assert run("report", "--index", "default", "a") == cli.EXIT_OK
    assert capsys.readouterr().out == "1 id: 1 unavailable, 0 not unavailable\n"
    assert not catalogue.clips["default"]["a"].available
    assert run("report", "--index", "default", "a", "b", "c") == 65
    told = ("3 ids: 2 unavailable, 1 not unavailable\n", "c: not found\n")
    assert capsys.readouterr() == told
    assert run("report", "--index", "default", "--available", "a") == cli.EXIT_OK
    assert capsys.readouterr().out == "1 id: 1 available, 0 not available\n"
    assert catalogue.clips["default"]["a"].available


@pytest.mark.parametrize("arguments", [[], ["a", "--from", "b"]])
def test_ids_come_from_one_place(run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run("delete", "--index", "default", *arguments) == cli.EXIT_BAD_INPUT
    assert "ids: ids or --from FILE, one of both" in capsys.readouterr().err


def test_a_file_of_ids_that_cannot_be_read(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("delete", "--index", "default", "--from", tmp_path / "none") == cli.EXIT_BAD_INPUT
    assert "No such file or directory" in capsys.readouterr().err
    (tmp_path / "latin").write_bytes(b"\xff\n")
    assert run("delete", "--index", "default", "--from", tmp_path / "latin") == cli.EXIT_BAD_INPUT
    assert "not UTF-8" in capsys.readouterr().err


def test_indexes_are_made_listed_and_dropped(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("index", "create", "songs") == cli.EXIT_OK
    assert run("index", "create", "songs") == cli.EXIT_OK
    assert capsys.readouterr().out == "songs: made, 0 clips\nsongs: is there, 0 clips\n"
    assert run("indexes") == cli.EXIT_OK
    default, songs = capsys.readouterr().out.splitlines()
    assert "default" in default
    assert "writable" in songs
    assert run("indexes", "--json") == cli.EXIT_OK
    listed = json.loads(capsys.readouterr().out)["indexes"]
    assert [(index["name"], index["writable"]) for index in listed] == [("default", False), ("songs", True)]
    assert run("index", "drop", "songs") == cli.EXIT_OK
    assert capsys.readouterr().out == "songs: dropped, with 0 clips\n"
    assert run("index", "drop", "songs") == cli.EXIT_BAD_INPUT
    assert run("index", "drop", "default") == cli.EXIT_FAILURE


def test_what_is_known_of_a_clip_is_printed(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", write(tmp_path / "songs.csv", row("a", "Tide")), "--index", "default")
    capsys.readouterr()
    assert run("clips", "a", "--json") == cli.EXIT_OK
    [clip] = json.loads(capsys.readouterr().out)["clips"]
    assert (clip["metadata"]["title"], clip["available"]) == ("Tide", True)
