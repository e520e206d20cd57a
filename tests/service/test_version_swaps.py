"""Versions that are swapped while a gateway is under load: no call fails, no answer mixes two versions."""

import gc
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ambiance import Client, cli
from ambiance.artifacts import MUSIC_INDEX, TEXT_ENCODER
from ambiance.errors import AmbianceError
from artifact_copies import FIRST, GIBBERISH, copy_releases, publish_copy, version_of_clip
from clusters import wait_until
from gateway.application import build
from gateway.settings import GatewaySettings
from music_index_service.application import load as load_music
from music_index_service.settings import MusicIndexSettings
from support import Serve
from text_service.application import load as load_text
from text_service.settings import TextServiceSettings

CALLERS = 4
SWAPS = 20
# What 20 swaps may leave behind beyond what the first few did: a model and an index take 30 MB and more.
MAX_GROWTH_MB = 25.0


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
