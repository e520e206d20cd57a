"""Versions of one service on real artifacts: listed, changed, followed, refused, let go."""

import gc
import logging
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from ambiance import Client, ClipInput
from ambiance.affect import FACETS
from ambiance.artifact.v1 import artifact_service_pb2 as messages
from ambiance.artifact.v1.artifact_service_pb2_grpc import ArtifactServiceStub
from ambiance.artifacts import MANIFEST_FILE, MUSIC_INDEX, TEXT_ENCODER
from ambiance.index_format.catalog import CATALOG_FILE
from ambiance.server.artifact_choice import Choice
from ambiance.text.v1.text_service_pb2 import EncodeTextsRequest
from ambiance.text.v1.text_service_pb2_grpc import TextServiceStub
from ambiance.write_results import WriteOutcome
from artifact_copies import FIRST, copy_releases, publish_copy
from clusters import wait_until
from music_index_service.application import load, load_alone
from music_index_service.settings import MusicIndexSettings
from support import Serve
from text_encoders import refusal
from text_service.application import load_alone as load_text_alone
from text_service.settings import TextServiceSettings

NEXT = FIRST + 1
LOOK_S = 0.05

Started = Callable[..., "Index"]


class Index:
    """The music index service on a folder of artifacts."""

    def __init__(self, root: Path, channel: grpc.Channel) -> None:
        self.root, self.stub = root, ArtifactServiceStub(channel)
        target = channel.target  # type: ignore[attr-defined]
        self.client = Client(music_target=target, text_target=target)

    def serving(self) -> int:
        [index] = self.client.list_indexes()
        return index.version.version

    def listed(self) -> list[messages.VersionStatus]:
        return list(self.stub.ListVersions(messages.ListVersionsRequest()).versions)

    def reload(self, version: int = 0, kind: str = MUSIC_INDEX) -> int:
        request = messages.ReloadArtifactsRequest(kind=kind, version=version)
        [serving] = self.stub.ReloadArtifacts(request, timeout=20).serving
        assert serving.kind == MUSIC_INDEX
        return serving.version


@pytest.fixture
def started(serve: Serve, tmp_path: Path) -> Iterator[Started]:
    clients = []

    def start(**settings: Any) -> Index:
        root = tmp_path / "artifacts"
        if not root.exists():
            copy_releases(root, MUSIC_INDEX)
        values = MusicIndexSettings(**{"artifacts": root, "watch_seconds": 0, **settings})
        index = Index(root, serve(load(values)))
        clients.append(index.client)
        return index

    yield start
    for client in clients:
        client.close()


def test_versions_are_listed_with_their_spaces_and_troubles(started: Started) -> None:
    index = started()
    publish_copy(index.root, MUSIC_INDEX, NEXT, "mood-new")
    (publish_copy(index.root, MUSIC_INDEX, NEXT + 1) / CATALOG_FILE).unlink()
    [first, other, damaged] = index.listed()
    assert (first.version.kind, first.version.version, first.serving, first.trouble) == (
        MUSIC_INDEX,
        5,
        True,
        "",
    )
    assert {space.name: space.lineage for space in other.spaces}["mood"] == "mood-new"
    assert (other.serving, other.trouble, damaged.serving, list(damaged.spaces)) == (False, "", False, [])
    assert damaged.trouble.endswith(f"{CATALOG_FILE}: No such file or directory, the manifest lists it")
    statuses = index.client.list_versions()
    assert [status.version.version for status in statuses] == [5, 6, 7]
    assert statuses[2].trouble == damaged.trouble


def test_a_reload_serves_a_version_and_stays_until_it_is_told_to_follow(started: Started) -> None:
    index = started(watch_seconds=LOOK_S)
    publish_copy(index.root, MUSIC_INDEX, NEXT)
    wait_until(lambda: index.serving() == NEXT)
    assert index.reload(FIRST) == FIRST == index.serving()  # the rollback
    publish_copy(index.root, MUSIC_INDEX, NEXT + 1)
    wait_until(lambda: len(index.listed()) == 3)
    assert not _changes(index, seconds=10 * LOOK_S)
    assert index.reload() == NEXT + 1 == index.serving()
    publish_copy(index.root, MUSIC_INDEX, NEXT + 2)
    wait_until(lambda: index.serving() == NEXT + 2)


def test_a_version_that_the_settings_name_is_stayed_at(started: Started) -> None:
    index = started(watch_seconds=LOOK_S, artifact_version=FIRST)
    publish_copy(index.root, MUSIC_INDEX, NEXT)
    assert not _changes(index, seconds=10 * LOOK_S)
    assert index.reload(kind="") == NEXT


def test_without_a_watch_a_version_is_served_once_it_is_asked_for(started: Started) -> None:
    index = started()
    publish_copy(index.root, MUSIC_INDEX, NEXT)
    assert not _changes(index, seconds=0.5)
    assert index.reload() == NEXT == index.serving()


def test_a_damaged_version_is_refused_with_the_reason_and_what_was_served_stays(started: Started) -> None:
    index = started(watch_seconds=LOOK_S)
    catalog = publish_copy(index.root, MUSIC_INDEX, NEXT) / CATALOG_FILE
    wait_until(lambda: index.serving() == NEXT)
    assert index.reload(FIRST) == FIRST
    spoiled = bytearray(catalog.read_bytes())
    spoiled[-100] ^= 1  # of the size that the manifest says
    catalog.write_bytes(spoiled)
    with pytest.raises(grpc.RpcError) as refused:
        index.reload(NEXT)
    code, message = refusal(refused)
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert f"{CATALOG_FILE}: SHA-256" in message
    assert index.serving() == FIRST
    [_, status] = index.listed()
    assert status.trouble == message
    assert index.reload() == FIRST  # the newest that is whole


@pytest.mark.parametrize(
    ("kind", "version", "code", "message"),
    [
        (MUSIC_INDEX, 9, "NOT_FOUND", "version: no music_index 9; the folder holds 5"),
        (TEXT_ENCODER, 1, "NOT_FOUND", "kind: no 'text_encoder' is served here; served: music_index"),
        ("", 5, "INVALID_ARGUMENT", "version: needs a kind, got 5 without one"),
        (MUSIC_INDEX, -1, "INVALID_ARGUMENT", "version: at least 1, or 0 for the newest, got -1"),
    ],
)
def test_what_cannot_be_served_is_told(
    started: Started, kind: str, version: int, code: str, message: str
) -> None:
    index = started()
    with pytest.raises(grpc.RpcError) as refused:
        index.reload(version, kind)
    assert refusal(refused) == (grpc.StatusCode[code], message)
    assert index.serving() == FIRST


def test_a_version_that_is_being_copied_is_waited_for_and_told_of_once(
    started: Started, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "ambiance.server.artifact_versions")
    index = started(watch_seconds=LOOK_S)
    source = _copy_aside(index.root)
    target = index.root / MUSIC_INDEX / str(NEXT)
    target.mkdir()
    files = sorted(source.iterdir(), key=lambda path: path.name != MANIFEST_FILE)  # the manifest first
    for file in files:  # as `cp -r` goes: a file grows, then the next
        half = file.read_bytes()[: file.stat().st_size // 2]
        (target / file.name).write_bytes(half)
        assert not _changes(index, seconds=2 * LOOK_S)
        shutil.copy(file, target)
        if file is not files[-1]:
            assert not _changes(index, seconds=2 * LOOK_S)
    wait_until(lambda: index.serving() == NEXT)
    told = [record for record in caplog.records if "waiting" in record.getMessage()]
    assert [(record.__dict__["kind"], record.__dict__["version"]) for record in told] == [(MUSIC_INDEX, NEXT)]


def test_another_lineage_is_not_followed_but_served_when_it_is_asked_for(
    started: Started, caplog: pytest.LogCaptureFixture
) -> None:
    index = started(watch_seconds=LOOK_S)
    publish_copy(index.root, MUSIC_INDEX, NEXT, "mood-new")
    assert not _changes(index, seconds=10 * LOOK_S)
    [told] = [record for record in caplog.records if "waiting" in record.getMessage()]
    assert "'mood': 'mood-new'" in told.__dict__["reason"]
    assert index.reload() == NEXT == index.serving()


def test_a_version_that_is_taken_away_gives_way_to_the_one_before(started: Started) -> None:
    publish_copy(started().root, MUSIC_INDEX, NEXT)
    index = started(watch_seconds=LOOK_S)
    assert index.serving() == NEXT
    shutil.rmtree(index.root / MUSIC_INDEX / str(NEXT))
    wait_until(lambda: index.serving() == FIRST)
    shutil.rmtree(index.root / MUSIC_INDEX)  # a folder that isn't mounted, say
    assert not _changes(index, seconds=10 * LOOK_S)
    assert "isn't in the folder any more" in index.listed()[0].trouble


def test_a_choice_that_is_kept_outlasts_the_process(started: Started, tmp_path: Path) -> None:
    index = started(chosen_versions=tmp_path / "chosen")
    publish_copy(index.root, MUSIC_INDEX, NEXT)
    publish_copy(index.root, MUSIC_INDEX, NEXT + 1, "mood-new")
    again = started(chosen_versions=tmp_path / "chosen", watch_seconds=LOOK_S)
    wait_until(lambda: again.serving() == NEXT)  # within the lineages of what was served first
    again.reload(FIRST)
    assert started(chosen_versions=tmp_path / "chosen", watch_seconds=LOOK_S).serving() == FIRST


def test_a_snapshot_is_let_go_with_the_last_call_that_reads_with_it(serve: Serve, tmp_path: Path) -> None:
    root = copy_releases(tmp_path, TEXT_ENCODER)
    application, versioned = load_text_alone(TextServiceSettings(artifacts=root), Choice())
    stub = TextServiceStub(serve(application))
    snapshot = versioned.load(FIRST)
    versioned.swap(snapshot, versioned.serving)
    refs = [weakref.ref(part) for part in (snapshot, snapshot.reader, snapshot.encoder)]
    gc.disable()
    try:
        long = EncodeTextsRequest(texts=["so happy today and so sad tomorrow " * 500], explain=True)
        late = stub.EncodeTexts.future(long, timeout=60)
        wait_until(lambda: not late.done() and _reads(refs[2]()))
        del snapshot
        versioned.swap(versioned.load(FIRST), versioned.serving)
        assert all(ref() is not None for ref in refs)
        assert late.result().results
        wait_until(lambda: not any(ref() is not None for ref in refs), 5)
    finally:
        gc.enable()


def test_an_index_is_let_go_and_none_of_its_files_stays_mapped(tmp_path: Path) -> None:
    root = copy_releases(tmp_path, MUSIC_INDEX)
    publish_copy(root, MUSIC_INDEX, NEXT)
    _, versioned = load_alone(MusicIndexSettings(artifacts=root), Choice())
    first = weakref.ref(versioned.load(FIRST))
    gc.disable()
    try:
        versioned.swap(versioned.load(NEXT), versioned.manifest(NEXT))
        assert first() is None
        maps = Path("/proc/self/maps").read_text()
        assert f"{MUSIC_INDEX}/{NEXT}/" in maps
        assert f"{root}/{MUSIC_INDEX}/{FIRST}/" not in maps
    finally:
        gc.enable()


def _reads(encoder: Any) -> bool:
    """Whether one of its interpreters is taken."""
    return encoder._idle.qsize() < 2


def _copy_aside(root: Path) -> Path:
    aside = root.parent / "aside"
    (aside / MUSIC_INDEX).mkdir(parents=True)
    return publish_copy(aside, MUSIC_INDEX, NEXT)


def _changes(index: Index, seconds: float) -> bool:
    """Whether another version is served before so many seconds have passed."""
    before = index.serving()
    try:
        wait_until(lambda: index.serving() != before, seconds)
    except AssertionError:
        return False
    return True


def test_what_was_written_lies_over_every_version_and_under_every_lineage(
    started: Started, tmp_path: Path
) -> None:
    index = started(data=tmp_path / "data")
    publish_copy(index.root, MUSIC_INDEX, NEXT, "mood-new")
    index.client.create_index("mine")
    done, written, failures = threading.Event(), [], []

    def write() -> None:
        while not done.is_set():
            clips = [ClipInput(f"clip{len(written):04}", title="Mine", facets=dict.fromkeys(FACETS, 0.5))]
            for name in ("", "mine"):
                [result] = index.client.upsert_clips(clips, index=name)
                if result.outcome not in (WriteOutcome.CREATED, WriteOutcome.UPDATED):
                    failures.append(result)
            written.append(clips[0].id)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for version in (NEXT, FIRST, NEXT):
            before = len(written)
            assert index.reload(version) == version
            wait_until(lambda before=before: len(written) > before + 2, 10)  # type: ignore[misc]
    finally:
        done.set()
        writer.join()
    assert failures == []
    for name in ("", "mine"):
        found = [index.client.get_clip(clip_id, index=name).id for clip_id in written]
        assert found == written
    lineages = [space.lineage for each in index.client.list_indexes() for space in each.spaces]
    assert sorted(set(lineages)) == ["mood-new", "vad-readers-1"]
