"""The cluster as local processes: started as `make up` does it, asked from processes of its callers."""

import os
import re
import shutil
import signal
import socket
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import sleep

import grpc
import pytest
import requests

from ambiance import Client, UnavailableError, artifacts
from ambiance.match.v1 import match_service_pb2_grpc, soundtrack_pb2
from clusters import ODD_NAME, ClusterUnderTest, listens, move_checkout, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

NewCluster = Callable[[str], ClusterUnderTest]

GRIEF = "I miss her so much, I am so sad"


@pytest.fixture(scope="module")
def cluster(new_cluster: NewCluster) -> ClusterUnderTest:
    """One that is up."""
    cluster = new_cluster("local")
    started = cluster.manage("up")
    assert started.returncode == 0, started.stderr
    return cluster


def spawned(cluster: ClusterUnderTest) -> dict[str, int]:
    """The process id of each service, as supervisord last noted it."""
    log = (cluster.run_dir / "supervisord.log").read_text()
    return {name: int(pid) for name, pid in re.findall(r"spawned: '(\w+)' with pid (\d+)", log)}


def supervisor(cluster: ClusterUnderTest) -> int:
    return int((cluster.run_dir / "supervisord.pid").read_text())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_match_for_people(cluster: ClusterUnderTest) -> None:
    done = cluster.match(GRIEF, "-k", "3")
    assert done.returncode == 0, done.stderr
    assert re.search(r"valence 0\.\d\d, arousal 0\.\d\d, dominance 0\.\d\d", done.stdout)
    ranks = re.findall(
        r"^ +(\d+) +https://youtu\.be/[\w-]{11}\?t=\d+ +[\d.]+–[\d.]+ s +distance \S+$", done.stdout, re.M
    )
    assert ranks == ["1", "2", "3"]
    assert len(re.findall(r"^ +match \d+%: ", done.stdout, re.M)) == 3


def test_a_match_for_machines_holds_true_distances_nearest_first(cluster: ClusterUnderTest) -> None:
    answer = cluster.match_json(GRIEF, "-k", "20", "--space", "vad")
    text = answer["text"]["vad"]
    distances = [clip["distance"] for clip in answer["clips"]]
    assert len(distances) == 20
    assert distances == sorted(distances)
    for clip, distance in zip(answer["clips"], distances, strict=True):
        squared = sum((clip["vad"][axis] - text[axis]) ** 2 for axis in ("valence", "arousal", "dominance"))
        assert distance == pytest.approx(squared, abs=1e-5)
        for axis, difference in clip["vad_difference"].items():
            assert difference == pytest.approx(clip["vad"][axis] - text[axis], abs=1e-6)


def test_texts_are_matched_by_mood_unless_told_otherwise(cluster: ClusterUnderTest) -> None:
    answer = cluster.match_json(GRIEF)
    assert answer["space"]["name"] == "mood"
    assert all(0 <= clip["match_probability"] <= 1 for clip in answer["clips"])


def test_a_seed_gives_variety_that_can_be_had_again(cluster: ClusterUnderTest) -> None:
    def ids(*flags: str) -> list[str]:
        return [clip["id"] for clip in cluster.match_json(GRIEF, *flags)["clips"]]

    assert ids("--seed", "7") == ids("--seed", "7")
    assert len({tuple(ids("--seed", str(seed))) for seed in range(4)}) > 1
    assert ids("--seed", "0") == ids()


def test_words_are_explained_on_request(cluster: ClusterUnderTest) -> None:
    words = cluster.match_json(GRIEF, "--explain")["text"]["word_influences"]
    assert len(words) == 5
    assert all(GRIEF[word["start"] :].startswith(word["word"]) for word in words)
    shifts = [word["shift"] for word in words]
    assert shifts == sorted(shifts, reverse=True)
    assert shifts[0] > 0.01
    assert not cluster.match_json(GRIEF)["text"]["word_influences"]


def test_the_client_gives_what_the_command_line_prints(cluster: ClusterUnderTest) -> None:
    with Client(cluster.target) as client:
        result = client.match(GRIEF, 5)
    printed = [clip["id"] for clip in cluster.match_json(GRIEF, "-k", "5")["clips"]]
    assert [neighbor.clip.id for neighbor in result.neighbors] == printed


def test_a_soundtrack_is_composed_cue_by_cue(cluster: ClusterUnderTest) -> None:
    text = f"{GRIEF}. " * 40 + "\n\n" + "We won! What a wonderful night, everybody is dancing. " * 40
    with grpc.insecure_channel(cluster.target) as channel:
        stub = match_service_pb2_grpc.MatchServiceStub(channel)
        parts = list(stub.ComposeSoundtrack(soundtrack_pb2.ComposeSoundtrackRequest(text=text), timeout=60))
    assert [parts[0].WhichOneof("part"), parts[-1].WhichOneof("part")] == ["start", "end"]
    cues = [part.cue for part in parts[1:-1]]
    assert len(cues) == parts[-1].end.cue_count >= 2
    assert cues[-1].passage.end == len(text)
    assert text.index("We won!") in [cue.passage.start for cue in cues]
    assert cues[0].clip.clip.vad.valence < cues[-1].clip.clip.vad.valence


def test_opposite_texts_get_different_music(cluster: ClusterUnderTest) -> None:
    sad, glad = (cluster.match_json(text) for text in (GRIEF, "This is wonderful, I love it, thank you!"))
    assert sad["text"]["vad"]["valence"] < glad["text"]["vad"]["valence"]
    assert not {clip["id"] for clip in sad["clips"]} & {clip["id"] for clip in glad["clips"]}


@pytest.mark.parametrize(
    ("text", "flags", "complaint"),
    [
        ("", [], "text: "),
        (GRIEF, ["-k", "10000"], "k: "),
        (GRIEF, ["--seed=-1"], "seed: "),
        (GRIEF, ["--space", "colour"], "colour"),
    ],
)
def test_bad_input_is_named_and_ends_with_2(
    cluster: ClusterUnderTest, text: str, flags: list[str], complaint: str
) -> None:
    done = cluster.match(text, *flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_status_says_where_each_service_listens(cluster: ClusterUnderTest) -> None:
    done = cluster.manage("status")
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    http = cluster.variables["AMBIANCE_GATEWAY_HTTP_PORT"]
    assert [row[3] for row in rows] == [f"http://127.0.0.1:{http}/", "-", "-"]
    assert requests.get(f"{rows[0][3]}readyz", timeout=20).text == "serving\n"
    assert [(name, address, health) for name, address, _, _, health in rows] == [
        ("gateway", f"127.0.0.1:{cluster.port('GATEWAY')}", "SERVING"),
        ("text_service", f"127.0.0.1:{cluster.port('TEXT')}", "SERVING"),
        ("music_index_service", f"127.0.0.1:{cluster.port('MUSIC')}", "SERVING"),
    ]


def test_starting_it_again_changes_nothing(cluster: ClusterUnderTest) -> None:
    before = spawned(cluster)
    assert cluster.manage("up").returncode == 0
    assert spawned(cluster) == before


def test_another_engine_is_refused_while_it_is_up(cluster: ClusterUnderTest) -> None:
    done = cluster.manage("status", "--engine", "docker")
    assert done.returncode == 1
    assert "ENGINE=local, not docker" in done.stderr


def test_logs_hold_no_text_of_a_user(cluster: ClusterUnderTest) -> None:
    cluster.match_json("zanzibarian quokkas")
    done = cluster.manage("logs")
    assert done.returncode == 0
    assert '"listening"' in done.stdout
    assert "quokkas" not in done.stdout


def test_a_killed_service_comes_back(cluster: ClusterUnderTest) -> None:
    before = spawned(cluster)["text_service"]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: spawned(cluster)["text_service"] != before)
    wait_until(lambda: cluster.manage("status").returncode == 0)
    assert cluster.match_json(GRIEF)["clips"]


def test_a_service_that_stays_away_is_named_until_it_is_back(cluster: ClusterUnderTest) -> None:
    hidden = cluster.artifacts / "hidden"
    (cluster.artifacts / "text_encoder").rename(hidden)  # so that it can't come back yet
    os.kill(spawned(cluster)["text_service"], signal.SIGKILL)
    try:
        wait_until(lambda: "NOT_SERVING" in cluster.manage("status").stdout)
        assert cluster.manage("status").returncode == 1
        done = cluster.match(GRIEF)
        assert (done.returncode, done.stdout) == (69, "")
        assert "text service" in done.stderr
    finally:
        hidden.rename(cluster.artifacts / "text_encoder")
    wait_until(lambda: cluster.manage("status").returncode == 0)
    assert cluster.match_json(GRIEF)["clips"]


def test_a_gateway_that_ends_leaves_its_callers_no_other_error_than_unavailable(
    cluster: ClusterUnderTest,
) -> None:
    before = spawned(cluster)["gateway"]
    ended = Event()

    def call_across_the_restart() -> int:
        """Calls answered before the gateway was told to end; returns once its successor answers, too."""
        answered = 0
        with Client(cluster.target) as client:
            while True:
                try:
                    assert len(client.match(GRIEF).neighbors) == 10
                except UnavailableError:
                    continue  # between the old gateway and the new one; any other error fails the test
                if ended.is_set():
                    return answered
                answered += 1

    with ThreadPoolExecutor() as pool:
        callers = [pool.submit(call_across_the_restart) for _ in range(4)]
        sleep(0.5)
        os.kill(before, signal.SIGTERM)
        wait_until(lambda: not alive(before))
        ended.set()
        assert all(caller.result(timeout=60) for caller in callers)
    log = (cluster.run_dir / "supervisord.log").read_text()
    assert re.search(r"exited: gateway \(exit status 0; ", log)


def test_down_leaves_no_process_and_no_socket(new_cluster: NewCluster) -> None:
    cluster = new_cluster("local")
    assert cluster.manage("up").returncode == 0
    processes = [*spawned(cluster).values(), supervisor(cluster)]
    assert cluster.manage("down").returncode == 0
    assert not any(map(alive, processes))
    assert not any(listens(cluster.port(service)) for service in ("GATEWAY", "TEXT", "MUSIC"))
    assert not [path.name for path in cluster.run_dir.iterdir() if path.suffix in (".sock", ".pid", ".json")]
    assert cluster.manage("status").returncode == 1
    assert cluster.manage("down").returncode == 0


def test_a_checkout_of_any_name_runs_a_cluster(new_cluster: NewCluster, tmp_path: Path) -> None:
    cluster = move_checkout(new_cluster("local"), tmp_path / ODD_NAME)
    try:
        up = cluster.manage("up")
        assert up.returncode == 0, up.stderr
        assert len(cluster.match_json(GRIEF)["clips"]) == 10
        assert '"listening"' in cluster.manage("logs").stdout
        log = (cluster.run_dir / "gateway.log").read_text()
        assert '"listening"' in log
    finally:
        assert cluster.manage("down").returncode == 0
    assert not any(listens(cluster.port(service)) for service in ("GATEWAY", "TEXT", "MUSIC"))


def test_services_share_their_work_among_workers(new_cluster: NewCluster) -> None:
    cluster = new_cluster("local")
    cluster.variables.update({"AMBIANCE_GATEWAY_WORKERS": "2", "AMBIANCE_TEXT_WORKERS": "2"})
    up = cluster.manage("up")
    assert up.returncode == 0, up.stderr
    for _ in range(4):  # each on a connection of its own
        assert len(cluster.match_json(GRIEF)["clips"]) == 10
    url = f"http://127.0.0.1:{cluster.variables['AMBIANCE_GATEWAY_METRICS_PORT']}/metrics"
    page = urllib.request.urlopen(url, timeout=5).read().decode()
    assert re.search(r'grpc_server_handled_total{grpc_code="OK",grpc_method="MatchText".*} 4\.0', page)
    assert len(re.findall(r"^process_open_fds{", page, re.M)) == 2
    assert cluster.manage("down").returncode == 0
    assert not any(listens(cluster.port(service)) for service in ("GATEWAY", "TEXT", "MUSIC"))


def test_down_ends_services_whose_supervisor_was_killed(new_cluster: NewCluster) -> None:
    cluster = new_cluster("local")
    assert cluster.manage("up").returncode == 0
    os.kill(supervisor(cluster), signal.SIGKILL)
    assert cluster.manage("down").returncode == 0
    assert not any(map(alive, spawned(cluster).values()))


def test_a_port_that_is_taken_is_named(new_cluster: NewCluster) -> None:
    cluster = new_cluster("local")
    with socket.create_server(("127.0.0.1", cluster.port("MUSIC"))):
        done = cluster.manage("up")
    assert done.returncode == 1
    assert f"port {cluster.port('MUSIC')}" in done.stderr
    assert "AMBIANCE_MUSIC_PORT" in done.stderr


def test_missing_artifacts_are_named(new_cluster: NewCluster) -> None:
    cluster = new_cluster("local")
    shutil.rmtree(cluster.artifacts)
    done = cluster.manage("up")
    assert done.returncode == 1
    assert f"no artifacts at {cluster.artifacts}" in done.stderr


def test_a_damaged_artifact_stops_the_start_and_is_named(new_cluster: NewCluster) -> None:
    cluster = new_cluster("local")
    model = artifacts.load(cluster.artifacts, artifacts.TEXT_ENCODER).file("model.tflite")
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    done = cluster.manage("up")
    assert done.returncode == 1
    assert "text_service ended soon after its start" in done.stderr
    assert str(model) in done.stderr
    assert not any(listens(cluster.port(service)) for service in ("GATEWAY", "TEXT", "MUSIC"))
