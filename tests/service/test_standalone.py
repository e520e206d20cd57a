"""The standalone process on the released artifacts: the API of the cluster at its ports, without a hop."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
import requests
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ambiance import Client, ShortfallReason, cli
from ambiance.errors import (
    ArtifactError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    PreconditionError,
)
from ambiance.match.v1 import match_service_pb2 as match_pb
from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.music.v1 import music_index_service_pb2 as music_pb
from ambiance.music.v1 import music_index_service_pb2_grpc
from ambiance.server.direct_calls import DirectContext
from ambiance.server.lifecycle import Application, Servicer
from ambiance.server.settings import load_settings
from ambiance.text.v1 import text_service_pb2 as text_pb
from ambiance.text.v1 import text_service_pb2_grpc
from standalone.application import _next_step, load
from standalone.backends import MusicPeer, TextPeer
from standalone.settings import StandaloneSettings
from support import Serve
from text_encoders import RELEASED

GRIEF = "I miss her so much, I am so sad"

# Starts a process for `ambiance serve` without the entry point, which only an installation has.
RUN = [sys.executable, "-m", "standalone", "--port", "0", "--metrics-port", "0", "--http-port", "0"]


def settings(**values: Any) -> StandaloneSettings:
    return StandaloneSettings(artifacts=values.pop("artifacts", RELEASED), **values)


@pytest.fixture
def channel(serve: Serve) -> grpc.Channel:
    return serve(load(settings()))


@pytest.fixture
def client(channel: grpc.Channel) -> Client:
    target = channel.target  # type: ignore[attr-defined]
    return Client(target, text_target=target)


def test_a_match_is_what_both_services_say_in_turn(client: Client, channel: grpc.Channel) -> None:
    result = client.match(GRIEF, 5, space="mood")
    [text] = client.encode([GRIEF])
    assert result.text == text
    vector = text.vectors["mood"]
    request = music_pb.FindNeighborsRequest(options={"k": 5})
    request.queries.add(space="mood", lineage=vector.lineage, values=vector.values)
    found = music_index_service_pb2_grpc.MusicIndexServiceStub(channel).FindNeighbors(request, timeout=5)
    expected = [(near.clip.id, near.distance) for near in found.results[0].neighbors]
    assert [(near.clip.id, near.distance) for near in result.neighbors] == expected
    assert len(expected) == 5


def test_the_larger_release_is_served_like_the_default(serve: Serve) -> None:
    channel = serve(load(settings(artifacts=RELEASED / "large")))
    with Client(channel.target) as client:  # type: ignore[attr-defined]
        texts = ["My father died yesterday", "He slipped on a banana peel and everyone burst out laughing"]
        told = [result.text.scenes[0].scene for result in client.match_batch([*texts, " ".join(texts * 40)])]
    assert told[:2] == ["grief", "comedy"]


def test_the_catalogue_is_looked_up_as_a_search_answers(channel: grpc.Channel) -> None:
    target = channel.target  # type: ignore[attr-defined]
    with Client(target, music_target=target) as client:
        [index] = client.list_indexes()
        near = [neighbor.clip for neighbor in client.match(GRIEF, 3).neighbors]
        assert client.get_clips([clip.id for clip in near]) == near
        assert client.get_clip(near[0].id) == near[0]
        ids = [clip.id for clip in client.list_clips(page_size=1_000)]
    assert len(ids) == index.clip_count
    assert ids == sorted(set(ids))


def test_the_command_looks_clips_up(channel: grpc.Channel, capsys: pytest.CaptureFixture[str]) -> None:
    target = channel.target  # type: ignore[attr-defined]
    with Client(target, music_target=target) as client:
        first, second = (neighbor.clip for neighbor in client.match(GRIEF, 2).neighbors)
    asked = ["clips", "--target", target, "--", second.id, first.id]
    assert cli.main([*asked[:1], "--json", *asked[1:]]) == cli.EXIT_OK
    told = json.loads(capsys.readouterr().out)["clips"]
    assert [(clip["id"], clip["labels"]) for clip in told] == [
        (clip.id, list(clip.labels)) for clip in (second, first)
    ]
    assert cli.main(asked) == cli.EXIT_OK
    for clip, lines in zip((second, first), capsys.readouterr().out.split("\n\n"), strict=True):
        assert lines.startswith(clip.url)
        assert ", ".join(clip.labels) in " ".join(lines.split())
    assert cli.main([*asked, "x@1"]) == cli.EXIT_BAD_INPUT
    assert "has no clip 'x@1'" in capsys.readouterr().err.replace('"', "'")


def test_a_batch_is_matched_in_order(client: Client) -> None:
    texts = [GRIEF, "What a lovely day!"]
    assert [each.neighbors for each in client.match_batch(texts)] == [
        client.match(text).neighbors for text in texts
    ]


@pytest.mark.parametrize(
    ("ask", "error", "field"),
    [
        (lambda client: client.match("\N{ZERO WIDTH SPACE}"), InvalidInputError, "text"),
        (lambda client: client.match(GRIEF, space="colour"), InvalidInputError, "space"),
        (lambda client: client.match(GRIEF, index="nowhere"), NotFoundError, "index"),
        (lambda client: client.match_batch([GRIEF] * 257), InvalidInputError, "texts"),
    ],
)
def test_what_a_service_refuses_is_refused(
    client: Client, ask: Callable[[Client], object], error: type[Exception], field: str
) -> None:
    with pytest.raises(error, match=f"^{field}: "):
        ask(client)


def test_every_service_is_healthy(channel: grpc.Channel) -> None:
    for name in ("match.v1.MatchService", "text.v1.TextService", "music.v1.MusicIndexService"):
        request = health_pb2.HealthCheckRequest(service=f"ambiance.{name}")
        status = health_pb2_grpc.HealthStub(channel).Check(request, timeout=5).status
        assert status == health_pb2.HealthCheckResponse.SERVING


def test_the_services_answer_for_themselves(channel: grpc.Channel) -> None:
    model = (
        text_service_pb2_grpc.TextServiceStub(channel).GetModel(text_pb.GetModelRequest(), timeout=5).model
    )
    assert [space.name for space in model.spaces] == ["vad", "mood"]


def test_a_search_is_passed_on_whole() -> None:
    class Index(music_index_service_pb2_grpc.MusicIndexServiceServicer):
        asked: music_pb.FindNeighborsRequest

        def FindNeighbors(self, request: Any, context: Any) -> music_pb.FindNeighborsResponse:  # noqa: N802
            self.asked = request
            return music_pb.FindNeighborsResponse(left_out_clip_count=7)

    index = Index()
    add = partial(music_index_service_pb2_grpc.add_MusicIndexServiceServicer_to_server, index)
    peer = MusicPeer(Application([Servicer("ambiance.music.v1.MusicIndexService", add)]))
    request = music_pb.FindNeighborsRequest(queries=[{"space": "mood"}], options={"k": 3, "index": "small"})
    assert peer.find_neighbors(request, 5).left_out_clip_count == 7
    assert index.asked == request


def test_what_is_not_worth_hearing_is_left_out_unless_it_is_asked_for(channel: grpc.Channel) -> None:
    stub = match_service_pb2_grpc.MatchServiceStub(channel)
    default, whole = (
        stub.MatchText(
            match_pb.MatchTextRequest(text=GRIEF, options={"k": 50, "include_unlistenable": included}),
            timeout=5,
        )
        for included in (False, True)
    )
    assert default.left_out_clip_count > whole.left_out_clip_count == 0
    assert all(neighbor.clip.listenable for neighbor in default.match.neighbors)
    assert all(1 <= len(neighbor.why) <= 3 for neighbor in default.match.neighbors)


def test_the_deadline_reaches_the_model() -> None:
    text = TextPeer(load(settings()))
    with pytest.raises(DeadlineError):
        text.encode(text_pb.EncodeTextsRequest(texts=[GRIEF]), 0.0)


def test_a_context_tells_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("ambiance.server.direct_calls.monotonic", lambda: now[0])
    context = DirectContext(2.0)
    now[0] += 1.5
    assert (context.time_remaining(), context.is_active()) == (0.5, True)
    now[0] += 1.0
    assert (context.time_remaining(), context.is_active()) == (0.0, False)


def test_artifacts_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=str(tmp_path)):
        load(settings(artifacts=tmp_path))


def test_a_space_that_the_services_do_not_share_is_refused() -> None:
    with pytest.raises(PreconditionError, match=r"text service holds .*, not 'colour'"):
        load(settings(default_space="colour"))


def test_settings_of_other_processes_stay_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBIANCE_TEXT_BACKEND", "tf-serving")
    monkeypatch.setenv("AMBIANCE_MUSIC_ARTIFACTS", "/nowhere")
    monkeypatch.setenv("AMBIANCE_SERVE_INTERPRETERS", "1")
    flags = ["--artifacts", str(RELEASED)]
    assert len(load(load_settings(StandaloneSettings, "ambiance serve", flags)).servicers) >= 3


@pytest.fixture
def _hangup_heeded() -> Iterator[None]:
    """What starts meanwhile heeds SIGHUP, even if whoever runs the tests has it ignored, as nohup does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_hangup_heeded")
@pytest.mark.parametrize(("at_a_terminal", "logged"), [(True, "text"), (False, "json")])
def test_the_log_is_text_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, at_a_terminal: bool, logged: str
) -> None:
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: at_a_terminal))
    assert load_settings(StandaloneSettings, "ambiance serve", []).log_format == logged
    assert load_settings(StandaloneSettings, "ambiance serve", ["--log-format", "json"]).log_format == "json"


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_process_serves_until_it_is_told_to_stop(told: signal.Signals) -> None:
    command = [*RUN, "--artifacts", str(RELEASED), "--log-format", "text"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("listening" in line for line in process.stderr)
        process.send_signal(told)
        assert "draining" in process.stderr.read()
        assert process.wait(30) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_process_says_what_to_do_next(workers: str) -> None:
    command = [*RUN, "--artifacts", str(RELEASED), "--workers", workers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        found = re.fullmatch(
            r"Ambiance is up\. Read with music at (http://\S+/)\. "
            r'Ask it: (\S*ambiance) match --target (\S+) "I am so happy"\. .*\n',
            told,
        )
        assert found is not None, told
        assert requests.get(f"{found[1]}readyz", timeout=20).status_code == 200
        with Client(found[3]) as client:
            assert client.match("I am so happy", 1).neighbors
        process.terminate()
        assert process.stdout.read() == ""  # it is said once
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("flags", "further"),
    [
        ([], {"text_port": 50052, "music_port": 50053}),
        (["--port", "50051"], {"text_port": 50052, "music_port": 50053}),
        (["--port", "50061"], {}),
        (["--port", "50061", "--music-port", "50063"], {"music_port": 50063}),
        (["--text-port", "none"], {"music_port": 50053}),
        (["--text-port", "none", "--music-port", "None"], {}),
    ],
)
def test_it_has_a_clusters_ports_unless_its_own_is_moved(flags: list[str], further: dict[str, int]) -> None:
    loaded = load_settings(StandaloneSettings, "ambiance serve", flags)
    assert loaded.further_ports() == further
    assert loaded.shared_ports() == {"port": loaded.port, **further, "http_port": 8080}


def test_what_kubernetes_tells_of_a_service_is_no_further_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBIANCE_SERVE_TEXT_PORT", "tcp://10.0.0.1:50052")
    loaded = load_settings(StandaloneSettings, "ambiance serve", [])
    assert loaded.further_ports()["text_port"] == 50052
    [warning] = loaded.warnings()
    assert warning.startswith("AMBIANCE_SERVE_TEXT_PORT=tcp://10.0.0.1:50052 is what Kubernetes tells")


def test_the_help_tells_of_further_ports_what_is_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load_settings(StandaloneSettings, "ambiance serve", ["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "50052 unless --port is another than 50051; none for none [AMBIANCE_SERVE_TEXT_PORT]" in told
    assert "50053 unless --port is another than 50051; none for none [AMBIANCE_SERVE_MUSIC_PORT]" in told


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_port_answers_everything(workers: str, capsys: pytest.CaptureFixture[str]) -> None:
    further = ["--text-port", "0", "--music-port", "0"]
    command = [*RUN, *further, "--artifacts", str(RELEASED), "--workers", workers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        records = (json.loads(line) for line in process.stderr)
        ports = next(each for each in records if "text_port" in each and "music_port" in each)
        process.stdout.readline()  # it listens now
        gateway, text, music = (f"127.0.0.1:{ports[name]}" for name in ("port", "text_port", "music_port"))
        assert len({gateway, text, music}) == 3
        with Client(text, text_target=music, music_target=gateway) as client:
            assert client.match(GRIEF, 1).neighbors
            assert client.encode([GRIEF])
            assert client.list_labels()
        assert cli.main(["versions", "--text-target", text, "--music-target", music]) == cli.EXIT_OK
        assert capsys.readouterr().out.count("serving") == 2
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.parametrize(("flag", "workers"), [("--text-port", "1"), ("--music-port", "2")])
def test_a_further_port_that_is_taken_is_named_with_what_does_without_it(flag: str, workers: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        command = [*RUN, "--artifacts", str(RELEASED), "--workers", workers, flag, str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        f"ambiance serve: can't listen on 127.0.0.1:{port} for gRPC ({flag}; none does without): "
        "Address already in use\n" in done.stderr
    )


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("0.0.0.0", "127.0.0.1:7"),
        ("::", "localhost:7"),
        ("::1", "[::1]:7"),
        ("music.example", "music.example:7"),
    ],
)
def test_the_next_step_dials_where_the_process_listens(host: str, target: str) -> None:
    assert f"--target {target} " in _next_step(host, 7)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have `ambiance serve` find these programs, or none for ""."""

    def install(*values: str) -> None:
        points = [EntryPoint("serve", value, "ambiance.programs") for value in values if value]
        monkeypatch.setattr(metadata, "entry_points", lambda **_: points)

    return install


def test_a_program_that_two_distributions_bring_is_one(
    installed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = SimpleNamespace(main=lambda flags: 3)
    monkeypatch.setitem(sys.modules, "standalone.pretended", program)  # type: ignore[arg-type]
    installed("standalone.pretended:main", "standalone.pretended:main")
    assert cli.main(["serve"]) == 3


def test_the_command_line_hands_on_its_flags(
    installed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    program = SimpleNamespace(main=lambda flags: given.extend(flags) or 3)
    monkeypatch.setitem(sys.modules, "standalone.pretended", program)  # type: ignore[arg-type]
    installed("standalone.pretended:main")
    assert cli.main(["serve", "--port", "7", "--help"]) == 3
    assert given == ["--port", "7", "--help"]


@pytest.mark.parametrize("program", ["", "not_installed_here.main:main"])
def test_without_the_services_the_command_line_says_what_to_install(
    installed: Callable[..., None], program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    installed(program)
    assert cli.main(["serve"]) == 1
    assert (
        "serve needs what the services need: pip install -e '.[standalone]' in a checkout"
        in capsys.readouterr().err
    )


def test_a_match_keeps_to_limits(client: Client) -> None:
    found = client.match(GRIEF, 20, max_per_video=1, min_separation=0.2)
    clips = [neighbor.clip for neighbor in found.neighbors]
    assert len({clip.youtube_id for clip in clips}) == 20
    facets = [dict(clip.facets) for clip in clips]
    for i, one in enumerate(facets):
        for other in facets[:i]:
            assert sum((one[facet] - other[facet]) ** 2 for facet in one) ** 0.5 >= 0.2
    near = client.match(GRIEF, 20, max_distance=found.neighbors[0].distance)
    assert near.shortfall_reason is ShortfallReason.TOO_FAR
    assert near.neighbors[-1].distance <= found.neighbors[0].distance
    with pytest.raises(InvalidInputError) as caught:
        client.match(GRIEF, max_per_artist=-1)
    assert str(caught.value) == "max_per_artist: at least 1, or 0 for any number, got -1"


def run(capsys: pytest.CaptureFixture[str], command: str, target: str, *arguments: str) -> str:
    """What a command prints that asks the process on one port."""
    flags = ["--target", target, *(["--text-target", target] if command == "path" else [])]
    assert cli.main([command, *flags, *arguments]) == 0
    return capsys.readouterr().out


def test_the_command_line_finds_similar_clips(
    channel: grpc.Channel, capsys: pytest.CaptureFixture[str]
) -> None:
    target = channel.target  # type: ignore[attr-defined]
    flags = ["--max-per", "video=1", "--label", "Lullaby", "-k", "3"]
    shown = run(capsys, "similar", target, "ySY5J3TDgag@30", "2_Vk3tmqz-0@30", *flags)
    assert re.findall("like (.*)", shown) == ["ySY5J3TDgag@30", "2_Vk3tmqz-0@30"]
    assert shown.count("Lullaby") == shown.count("https://youtu.be/") == 6
    told = json.loads(run(capsys, "similar", target, "ySY5J3TDgag@30", *flags, "--json"))
    [found] = told["results"]
    assert found["clip_id"] == "ySY5J3TDgag@30"
    assert [clip["rank"] for clip in found["clips"]] == [1, 2, 3]
    assert found["space"]["name"] == "mood"


def test_the_command_line_finds_a_path(channel: grpc.Channel, capsys: pytest.CaptureFixture[str]) -> None:
    target = channel.target  # type: ignore[attr-defined]
    texts = [GRIEF, "We won! What a wonderful night"]
    shown = run(capsys, "path", target, *texts, "--steps", "6")
    assert re.search("from longing .*grief .*\nto joy ", shown)
    assert shown.count("https://youtu.be/") == 6
    told = json.loads(run(capsys, "path", target, *texts, "--steps", "6", "--json"))
    first, *_, last = told["clips"]
    assert first["vad"]["valence"] < last["vad"]["valence"]
    assert (told["end"]["scenes"][0]["scene"], len(told["clips"])) == ("joy", 6)


def test_a_space_that_no_text_is_written_in_is_named(
    channel: grpc.Channel, capsys: pytest.CaptureFixture[str]
) -> None:
    target = channel.target  # type: ignore[attr-defined]
    flags = ["--target", target, "--text-target", target, "--space", "taste"]
    assert cli.main(["path", "joy", "grief", *flags]) == 2
    assert capsys.readouterr().err.startswith("ambiance: --space: the text service writes ")
    assert cli.main(["path", "joy", "grief", "--text-target", "http://x"]) == 2
    assert "--text-target: " in capsys.readouterr().err
