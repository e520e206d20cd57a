"""Versions that are swapped while a gateway is under load: no call fails, no answer mixes two versions."""

import asyncio
import gc
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ambiance import Client, aio, cli
from ambiance.artifacts import MUSIC_INDEX, TEXT_ENCODER
from ambiance.errors import AmbianceError, InvalidInputError, PreconditionError
from artifact_copies import FIRST, GIBBERISH, LINEAGE, copy_releases, publish_copy, version_of_clip
from clusters import wait_until
from gateway.application import build
from gateway.settings import GatewaySettings
from music_index_service.application import load as load_music
from music_index_service.settings import MusicIndexSettings
from standalone.application import load as load_standalone
from standalone.settings import StandaloneSettings
from support import Serve
from text_service.application import load as load_text
from text_service.settings import TextServiceSettings

CALLERS = 4
SWAPS = 20
# What the last swaps may leave behind beyond what the first did. If each kept the model and the index that it
# replaced, 30 MB and more, it would be 300 MB; the process is all tests', whose memory comes and goes.
MAX_GROWTH_MB = 100.0


@dataclass(frozen=True)
class Cluster:
    """Both services on one folder of artifacts, and a gateway in front."""

    root: Path
    target: str
    text_target: str
    music_target: str

    def client(self) -> Client:
        return Client(self.target, text_target=self.text_target, music_target=self.music_target)

    def command(self, *words: str) -> int:
        """Run `ambiance` with the addresses of both services."""
        flags = ["--text-target", self.text_target, "--music-target", self.music_target]
        return cli.main([words[0], *flags, *words[1:]])


@pytest.fixture
def cluster(serve: Serve, tmp_path: Path) -> Cluster:
    root = copy_releases(tmp_path)
    text = serve(load_text(TextServiceSettings(artifacts=root, watch_seconds=0.1))).target  # type: ignore[attr-defined]
    music = serve(load_music(MusicIndexSettings(artifacts=root, watch_seconds=0.1))).target  # type: ignore[attr-defined]
    settings = GatewaySettings(text_target=text, music_target=music, health_seconds=0.05)
    gateway = serve(build(settings)).target  # type: ignore[attr-defined]
    cluster = Cluster(root, gateway, text, music)
    with cluster.client() as client:
        client.encode([GIBBERISH], deadline_s=60)  # loads what tells languages apart
        wait_until(lambda: bool(client.match(GIBBERISH).neighbors))
    return cluster


@dataclass
class Load:
    """What callers were answered while they went on asking."""

    failures: list[str] = field(default_factory=list)
    versions: Counter[tuple[int, int]] = field(default_factory=Counter)  # of model and index


@contextmanager
def under_load(cluster: Cluster) -> Iterator[Load]:
    """Match from several threads until the block ends; every answer is checked for being of one version."""
    seen, done = Load(), threading.Event()

    def ask() -> None:
        with cluster.client() as client:
            while not done.is_set():
                try:
                    result = client.match(GIBBERISH, 3)
                except AmbianceError as error:
                    seen.failures.append(repr(error))
                    continue
                model, index = result.text.model.version, result.index.version
                seen.versions[model, index] += 1
                clips = {version_of_clip(near.clip.end_seconds) for near in result.neighbors}
                read = {vector.values[0] for space, vector in result.text.vectors.items() if space == "mood"}
                if (clips, read) != ({index}, {float(model)}):
                    seen.failures.append(f"{model} read {read}, {index} found clips of {clips}")

    callers = [threading.Thread(target=ask) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield seen
    finally:
        done.set()
        for caller in callers:
            caller.join()


def rss_mb() -> float:
    [kilobytes] = re.findall(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) / 1024


def mapped(root: Path) -> set[str]:
    """The versions of which some file is mapped into this process, as kind/version."""
    found = re.findall(rf"{re.escape(str(root))}/(\w+/\d+)/", Path("/proc/self/maps").read_text())
    return set(found)


def test_swaps_under_load_fail_no_call_mix_no_versions_and_keep_no_memory(cluster: Cluster) -> None:
    for kind in (MUSIC_INDEX, TEXT_ENCODER):
        publish_copy(cluster.root, kind, FIRST + 1)
    sizes = []
    with cluster.client() as client, under_load(cluster) as seen:
        for swap in range(SWAPS):
            for kind in (MUSIC_INDEX, TEXT_ENCODER):
                client.reload_artifacts(kind, FIRST + swap % 2)
            time.sleep(0.05)
            gc.collect()
            sizes.append(rss_mb())
    assert seen.failures == []
    assert (
        {FIRST, FIRST + 1} == {model for model, _ in seen.versions} == {index for _, index in seen.versions}
    )
    assert seen.versions.total() > SWAPS
    print(f"{seen.versions.total()} matches; RSS after each swap, MB:", *map(round, sizes))
    assert min(sizes[-8:]) - min(sizes[:8]) < MAX_GROWTH_MB, sizes
    assert mapped(cluster.root) <= {f"{kind}/{FIRST + 1}" for kind in (MUSIC_INDEX, TEXT_ENCODER)}


def test_lineages_change_under_load_by_one_command_and_back(cluster: Cluster) -> None:
    with cluster.client() as client, under_load(cluster) as seen:
        publish_copy(cluster.root, TEXT_ENCODER, FIRST + 1, "mood-new")
        publish_copy(cluster.root, MUSIC_INDEX, FIRST + 1, "mood-new")
        time.sleep(0.5)  # the watch has looked several times: another lineage takes a command
        assert {status.version.version for status in client.list_versions() if status.serving} == {FIRST}
        for _ in range(5):
            assert cluster.command("reload") == 0
            time.sleep(0.1)
            back = str(FIRST)
            assert cluster.command("reload", MUSIC_INDEX, back, TEXT_ENCODER, back) == 0
            time.sleep(0.1)
    assert seen.failures == []
    assert seen.versions.keys() >= {(FIRST, FIRST), (FIRST + 1, FIRST + 1)}
    assert seen.versions.keys() <= {(FIRST, FIRST), (FIRST + 1, FIRST + 1)}


@pytest.fixture
def standalone(serve: Serve, tmp_path: Path) -> Cluster:
    root = copy_releases(tmp_path)
    target = serve(load_standalone(StandaloneSettings(artifacts=root, watch_seconds=0.1))).target  # type: ignore[attr-defined]
    cluster = Cluster(root, target, target, target)
    with cluster.client() as client:
        client.encode([GIBBERISH], deadline_s=60)
    return cluster


def served(cluster: Cluster) -> tuple[int, int]:
    """The versions of model and index that a match is made by."""
    with cluster.client() as client:
        result = client.match(GIBBERISH, 1)
    return result.text.model.version, result.index.version


def test_in_one_process_a_pair_of_another_lineage_is_followed_together(standalone: Cluster) -> None:
    with under_load(standalone) as seen:
        publish_copy(standalone.root, TEXT_ENCODER, FIRST + 1, "mood-new")
        time.sleep(0.5)
        assert served(standalone) == (FIRST, FIRST)  # without an index that it goes with it waits
        publish_copy(standalone.root, MUSIC_INDEX, FIRST + 1, "mood-new")
        wait_until(lambda: served(standalone) == (FIRST + 1, FIRST + 1))
        back = str(FIRST)
        assert standalone.command("reload", MUSIC_INDEX, back, TEXT_ENCODER, back) == 0
        assert served(standalone) == (FIRST, FIRST)
    assert seen.failures == []
    assert seen.versions.keys() <= {(FIRST, FIRST), (FIRST + 1, FIRST + 1)}


def test_in_one_process_nothing_is_served_that_does_not_go_together(
    standalone: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    with standalone.client() as client:
        client.reload_artifacts(TEXT_ENCODER, FIRST)  # it is to stay there
        publish_copy(standalone.root, MUSIC_INDEX, FIRST + 1, "mood-new")
        lineages = f"{LINEAGE} in the {TEXT_ENCODER} 5, mood-new in the {MUSIC_INDEX} 6"
        with pytest.raises(PreconditionError, match=f"^lineages of space 'mood' differ: {lineages}$"):
            client.reload_artifacts(MUSIC_INDEX, FIRST + 1)
    assert standalone.command("reload", MUSIC_INDEX, "6") == cli.EXIT_FAILURE
    assert capsys.readouterr().err == (
        "ambiance: music_index 6 and text_encoder 5 don't go together: the lineages of mood are mood-new and "
        f"{LINEAGE}; name versions of both kinds that share them: ambiance versions lists them\n"
    )
    assert served(standalone) == (FIRST, FIRST)


def test_one_process_starts_with_the_newest_that_go_together(serve: Serve, tmp_path: Path) -> None:
    root = copy_releases(tmp_path)
    publish_copy(root, TEXT_ENCODER, FIRST + 1, "mood-new")
    target = serve(load_standalone(StandaloneSettings(artifacts=root))).target  # type: ignore[attr-defined]
    assert served(Cluster(root, target, target, target)) == (FIRST, FIRST)


def test_the_commands_list_change_and_take_back(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    publish_copy(cluster.root, MUSIC_INDEX, FIRST + 1)
    damaged = publish_copy(cluster.root, TEXT_ENCODER, FIRST + 1, "mood-new") / "model.tflite"
    wait_until(lambda: served(cluster) == (FIRST, FIRST + 1))
    with damaged.open("r+b") as file:  # of the right size: only a load finds out
        file.write(b"spoiled")
    assert cluster.command("reload", MUSIC_INDEX, "5") == cli.EXIT_OK
    spaces = f"vad vad-readers-1, mood {LINEAGE}"
    assert capsys.readouterr().out.splitlines() == [
        f"music_index      5  serving  {spaces}",
        f"music_index      6           {spaces}",
        f"text_encoder     5  serving  {spaces}",
        "text_encoder     6           vad vad-readers-1, mood mood-new",
    ]
    publish_copy(cluster.root, MUSIC_INDEX, FIRST + 2, "mood-new")
    assert cluster.command("reload") == cli.EXIT_FAILURE  # the index changes, the damaged model can't
    told = capsys.readouterr().err
    assert re.fullmatch(
        r"ambiance: text_encoder: .*model.tflite: SHA-256 .*; music_index stays at 5 again\n", told
    )
    assert served(cluster) == (FIRST, FIRST)
    assert cluster.command("versions", "--json") == cli.EXIT_OK
    versions = json.loads(capsys.readouterr().out)["versions"]
    assert [(each["kind"], each["version"]) for each in versions if each["serving"]] == [
        (MUSIC_INDEX, FIRST),
        (TEXT_ENCODER, FIRST),
    ]
    assert "SHA-256" in versions[-1]["trouble"]
    assert cluster.command("reload", TEXT_ENCODER) == cli.EXIT_OK  # to the newest that is whole


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["index"], "KIND [VERSION]: music_index or text_encoder, got 'index'"),
        (
            [MUSIC_INDEX, "0"],
            "KIND [VERSION]: the number of a version, or music_index or text_encoder, got '0'",
        ),
        (["5"], "KIND [VERSION]: music_index or text_encoder, got '5'"),
        ([MUSIC_INDEX, "9"], "version: no music_index 9; the folder holds 5"),
    ],
)
def test_a_reload_of_what_is_not_there_is_bad_input(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert cluster.command("reload", *words) == cli.EXIT_BAD_INPUT
    assert capsys.readouterr().err == f"ambiance: {told}\n"


def test_the_asyncio_client_lists_and_changes_versions(cluster: Cluster) -> None:
    publish_copy(cluster.root, MUSIC_INDEX, FIRST + 1)

    async def changed() -> list[int]:
        async with aio.Client(text_target=cluster.text_target, music_target=cluster.music_target) as client:
            serving = await client.reload_artifacts()
            listed = await client.list_versions()
        assert serving == [each.version for each in listed if each.serving]
        return [version.version for version in serving]

    assert asyncio.run(changed()) == [FIRST + 1, FIRST]


@pytest.mark.parametrize(
    ("kind", "version", "message"),
    [
        ("music_encoder", 0, "kind: music_index or text_encoder, got 'music_encoder'"),
        ("", 5, "version: needs a kind, got 5 without one"),
        (MUSIC_INDEX, -1, "version: 0 to 9,223,372,036,854,775,807, got a negative one"),
        (MUSIC_INDEX, 10**500, "version: 0 to 9,223,372,036,854,775,807, got a larger one"),
        (MUSIC_INDEX, "5", "version: an integer, got str"),
    ],
)
def test_arguments_that_cannot_be_sent_are_named(kind: str, version: Any, message: str) -> None:
    with Client() as client, pytest.raises(InvalidInputError) as refused:
        client.reload_artifacts(kind, version)
    assert str(refused.value) == message
