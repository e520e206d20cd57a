"""The release changes below what is written, under writes and searches: no call fails, none is mixed."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ambiance import Client, ClipInput
from ambiance.affect import FACETS
from ambiance.artifacts import MUSIC_INDEX
from ambiance.errors import AmbianceError
from ambiance.results import Vector
from artifact_copies import FIRST, copy_releases, publish_copy, version_of_clip
from music_index_service.application import load
from music_index_service.loading import load_release
from music_index_service.settings import MusicIndexSettings
from support import Serve

SWAPS = 20
CORNER = (1.0, 1.0, 0.0)  # which no released clip comes near
CENTRE = (0.5, 0.5, 0.5)


@dataclass
class Seen:
    """What callers were answered."""

    failures: list[str] = field(default_factory=list)
    versions: set[int] = field(default_factory=set)
    searches: int = 0
    writes: int = 0


def song(clip_id: str) -> ClipInput:
    return ClipInput(clip_id, facets=dict.fromkeys(FACETS, 0.5), vad=CORNER, end_seconds=1.0)


def search(client: Client, seen: Seen) -> None:
    """Released clips are all of the version that the answer names; what was written before is there."""
    [released, written] = client.search([Vector("vad", CENTRE), Vector("vad", CORNER)], 20)
    seen.versions.add(released.index.version)
    seen.searches += 1
    found = {version_of_clip(near.clip.end_seconds) for near in released.neighbors}
    if found != {released.index.version}:
        seen.failures.append(f"{released.index.version} found clips of {found}")
    if "always" not in {near.clip.id for near in written.neighbors[:2]}:
        seen.failures.append(f"'always' isn't among {[near.clip.id for near in written.neighbors]}")


def write(client: Client, seen: Seen, clip_id: str) -> None:
    """Its own write is found at once, and its own deletion isn't."""
    seen.writes += 1
    client.upsert_clips([song(clip_id)])
    if clip_id not in near_corner(client):
        seen.failures.append(f"{clip_id} was written, and isn't found")
    client.delete_clips([clip_id])
    if clip_id in near_corner(client):
        seen.failures.append(f"{clip_id} was deleted, and is found")


def test_queries_of_the_lineage_before_find_nothing_that_was_deleted_since(
    serve: Serve, tmp_path: Path
) -> None:
    root = copy_releases(tmp_path / "artifacts", MUSIC_INDEX)
    publish_copy(root, MUSIC_INDEX, FIRST + 1, "mood-new")
    settings = MusicIndexSettings(artifacts=root, data=tmp_path / "data", artifact_version=FIRST)
    index = load_release("default", root, FIRST).index
    query = Vector("mood", tuple(index.expected_queries()["mood"].tolist()), index.spaces["mood"].lineage)
    target = serve(load(settings)).target  # type: ignore[attr-defined]
    with Client(music_target=target) as client:

        def found() -> list[str]:
            [result] = client.search([query], 20)
            versions.add(result.index.version)
            return [near.clip.id for near in result.neighbors]

        versions: set[int] = set()
        client.upsert_clips([song("own")])
        before = found()
        client.reload_artifacts(MUSIC_INDEX, FIRST + 1, deadline_s=60)
        assert found() == before
        client.delete_clips(before[:2])
        client.upsert_clips([song(before[2])])
        client.report_unavailable([before[3]])
        assert found()[:16] == before[4:]
        assert versions == {FIRST}  # as long as nobody's queries are of the other


def near_corner(client: Client) -> set[str]:
    [result] = client.search([Vector("vad", CORNER)], 20)
    return {near.clip.id for near in result.neighbors}


@pytest.mark.parametrize("lineage", [None, "mood-new"])
def test_no_call_fails_and_no_answer_is_mixed(serve: Serve, tmp_path: Path, lineage: str | None) -> None:
    root = copy_releases(tmp_path / "artifacts", MUSIC_INDEX)
    publish_copy(root, MUSIC_INDEX, FIRST + 1, lineage)
    settings = MusicIndexSettings(
        artifacts=root, data=tmp_path / "data", artifact_version=FIRST, compaction_clips=1
    )
    target = serve(load(settings)).target  # type: ignore[attr-defined]
    seen, done = Seen(), threading.Event()

    def repeat(step: Callable[[Client], None]) -> None:
        with Client(music_target=target) as client:
            while not done.is_set():
                try:
                    step(client)
                except AmbianceError as error:
                    seen.failures.append(repr(error))

    steps: list[Callable[[Client], None]] = [lambda client: search(client, seen)] * 2
    steps += [lambda client, number=number: write(client, seen, f"own-{number}") for number in range(2)]
    with Client(music_target=target) as client:
        gone = next(iter(client.list_clips())).id
        client.upsert_clips([song("always")])
        client.delete_clips([gone])
        callers = [threading.Thread(target=repeat, args=[step]) for step in steps]
        for caller in callers:
            caller.start()
        try:
            for swap in range(SWAPS):
                client.reload_artifacts(MUSIC_INDEX, FIRST + (swap + 1) % 2, deadline_s=60)
                time.sleep(0.05)
                assert next(iter(client.list_clips(page_size=1))).id != gone
        finally:
            done.set()
            for caller in callers:
                caller.join()
    assert seen.failures == []
    assert seen.versions == {FIRST, FIRST + 1}
    print(f"{seen.searches} searches, {seen.writes} writes")
    assert min(seen.searches, seen.writes) > SWAPS
