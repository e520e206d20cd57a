"""`ambiance search`, `status` and `completion`: what they print, and how they end."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ambiance import cli
from ambiance.artifact.v1 import artifact_service_pb2 as artifact_pb
from ambiance.artifact.v1 import artifact_service_pb2_grpc as artifact_grpc
from ambiance.music.v1 import music_index_service_pb2 as music_pb
from ambiance.music.v1 import music_index_service_pb2_grpc as music_grpc
from ambiance.server.lifecycle import Application, HealthReporter, Servicer
from ambiance.text.v1 import text_service_pb2 as text_pb
from ambiance.text.v1 import text_service_pb2_grpc as text_grpc

NOBODY = "127.0.0.1:1"


class Fake(
    text_grpc.TextServiceServicer, music_grpc.MusicIndexServiceServicer, artifact_grpc.ArtifactServiceServicer
):
    """Both services; every text is the same vector."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def EncodeTexts(self, request: Any, context: Any) -> text_pb.EncodeTextsResponse:  # noqa: N802
        vector = {"space": "mood", "lineage": "mood-1", "values": [0.5, -0.25]}
        return text_pb.EncodeTextsResponse(results=[{"token_count": 1, "vectors": [vector]}])

    def FindNeighbors(self, request: Any, context: Any) -> music_pb.FindNeighborsResponse:  # noqa: N802
        self.requests.append(request)
        clip = {"id": "ndjLkbP6Y9Y@30", "youtube_id": "ndjLkbP6Y9Y", "start_seconds": 30, "available": True}
        neighbors = music_pb.Neighbors(neighbors=[{"clip": clip, "distance": 0.5}])
        return music_pb.FindNeighborsResponse(results=[neighbors])

    def ListVersions(self, request: Any, context: Any) -> artifact_pb.ListVersionsResponse:  # noqa: N802
        kinds = (("text_encoder", 5), ("music_index", 6), ("music_index", 7))
        versions = [{"version": {"kind": k, "version": v}, "serving": v != 6} for k, v in kinds]
        return artifact_pb.ListVersionsResponse(versions=versions)


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def reporters() -> list[HealthReporter]:
    return []


@pytest.fixture
def target(fake: Fake, reporters: list[HealthReporter], serve: Callable[..., Any]) -> str:
    servicers = [
        Servicer("text", lambda s: text_grpc.add_TextServiceServicer_to_server(fake, s)),
        Servicer("music", lambda s: music_grpc.add_MusicIndexServiceServicer_to_server(fake, s)),
        Servicer("artifact", lambda s: artifact_grpc.add_ArtifactServiceServicer_to_server(fake, s)),
    ]
    address: str = serve(Application(servicers, watch_health=reporters.append)).target
    reporters[0].report(serving=True)
    return address


def test_a_text_is_searched_by_its_vector(
    fake: Fake, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--target", target, "--text-target", target, "-k", "3", "--seed", "7"]
    assert cli.main(["search", "joy", *flags]) == 0
    assert "https://youtu.be/ndjLkbP6Y9Y?t=30" in capsys.readouterr().out
    [request] = fake.requests
    assert (request.options.k, request.options.seed) == (3, 7)
    assert request.queries[0].lineage == "mood-1"
    assert list(request.queries[0].values) == [0.5, -0.25]


def test_a_vector_is_given_in_numbers_or_as_encode_prints_it(
    fake: Fake, target: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["search", "--vector=-0.5,1e-1", "--space", "vad", "--target", target, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["query"] == {"space": "vad", "values": [-0.5, 0.1], "lineage": ""}
    assert told["clips"][0]["distance"] == 0.5
    written = b'{"space": "mood", "values": [1, 2.5], "lineage": "mood-1"}'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(written)))
    assert cli.main(["search", "--vector", "-", "--target", target]) == 0
    query = fake.requests[1].queries[0]
    assert (query.space, query.lineage, list(query.values)) == ("mood", "mood-1", [1, 2.5])


@pytest.mark.parametrize(
    ("flags", "written", "complaint"),
    [
        (["--vector", "1,x"], "", "--vector: numbers with commas between, such as 0.9,0.8,0.7"),
        (["--vector", "-"], "{", "--vector: standard input isn't JSON: Expecting property name"),
        (["--vector", "-"], "[1]", "--vector: standard input isn't a JSON object with values"),
        (["joy", "--space", "colour"], "", "--space: the text service writes mood, got 'colour'"),
    ],
)
def test_what_is_no_vector_is_bad_input(
    fake: Fake,
    target: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
    written: str,
    complaint: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(written.encode())))
    assert cli.main(["search", *flags, "--target", target, "--text-target", target]) == 2
    assert capsys.readouterr().err.startswith(f"ambiance: {complaint}")
    assert not fake.requests


@pytest.mark.parametrize("given", [[], ["joy", "--vector", "1"]])
def test_either_a_text_or_a_vector_is_needed(given: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["search", *given])
    assert caught.value.code == 2


def test_the_status_of_all_services(
    target: str, reporters: list[HealthReporter], capsys: pytest.CaptureFixture[str]
) -> None:
    targets = ["--target", target, "--text-target", target, "--music-target"]
    assert cli.main(["status", *targets, target]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["gateway", target, "serving"],
        ["text", "service", target, "serving", "text_encoder", "5"],
        ["music", "index", "service", target, "serving", "music_index", "7"],
    ]
    assert cli.main(["status", *targets, NOBODY, "--json"]) == 1
    services = json.loads(capsys.readouterr().out)["services"]
    assert [service["serving"] for service in services] == [True, True, False]
    assert services[2]["health"].startswith("UNAVAILABLE: ")
    reporters[0].report(serving=False)
    assert cli.main(["status", *targets, target]) == 1
    assert capsys.readouterr().out.count("NOT_SERVING") == 3


def test_a_target_that_cant_be_called_is_told_by_its_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--music-target", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("ambiance: --music-target: ")


@pytest.mark.parametrize(("shell", "check"), [("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])])
def test_a_shell_takes_its_completion(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, shell: str, check: list[str]
) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(word in script for word in ("soundtrack", "import-audio", "without-label"))
    path = tmp_path / "script"
    path.write_text(script)
    if shutil.which(shell):
        subprocess.run([shell, *check, str(path)], check=True)


def test_bash_completes_commands_and_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["completion", "bash"]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "novel.epub").touch()
    ask = 'source ./script; COMP_WORDS=(ambiance $@); COMP_CWORD=$#; _shtab_ambiance; echo "${COMPREPLY[@]}"'

    def completed(*words: str) -> str:
        done = subprocess.run(
            ["bash", "-c", ask, "bash", *words], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert completed("soundt") == "soundtrack"
    assert completed("soundtrack", "nov") == "novel.epub"
    assert "--words" not in completed("soundtrack", "--w")
    assert "--wpm" in completed("soundtrack", "--w")
