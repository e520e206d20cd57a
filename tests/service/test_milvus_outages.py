"""Milvus away, killed and back: told in one sentence, and nothing that was acknowledged is lost."""
# ruff: noqa: E402

from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from milvus_servers import LocalMilvus, require_milvus

require_milvus()

from ambiance.errors import UnavailableError
from milvus_clips import answers, found, model, own_clip
from music_index_service.milvus.index import MilvusIndex
from music_index_service.milvus.indexes import MilvusIndexes
from music_index_service.milvus.server import Server

CLIPS = 400  # that writers take turns with
RECOVERY_S = 60.0


def test_a_milvus_that_is_not_there_is_named_in_one_sentence() -> None:
    indexes = MilvusIndexes(Server("http://user:secret@127.0.0.1:1"), model())
    with pytest.raises(
        UnavailableError, match=r"Milvus at http://127\.0\.0\.1:1 doesn't answer: [^\n]+$"
    ) as told:
        indexes.names()
    assert "secret" not in str(told.value)


class Writer(Thread):
    """Writes and deletes clips of its own until Milvus goes."""

    def __init__(self, index: MilvusIndex, number: int) -> None:
        super().__init__(daemon=True)
        self._index, self._number = index, number
        # clip -> the seed that it was written from; None if it was deleted
        self.acknowledged: dict[str, int | None] = {}
        self.in_doubt: dict[str, int | None] = {}

    def run(self) -> None:
        for turn in range(1_000_000):
            names = [f"{self._number}-{(turn * 7 + i) % CLIPS}" for i in range(5)]
            seed = None if turn % 3 == 2 else turn
            self.in_doubt = dict.fromkeys(names, seed)
            try:
                if seed is None:
                    self._index.delete(names)
                else:
                    self._index.upsert([own_clip(name, seed) for name in names])
            except UnavailableError:
                return
            self.acknowledged |= self.in_doubt
            self.in_doubt = {}


@pytest.mark.timeout(300)
def test_what_was_acknowledged_is_there_after_milvus_was_killed_amid_writes(tmp_path: Path) -> None:
    with LocalMilvus(tmp_path, lease_s=10) as milvus:
        index, _ = MilvusIndexes(Server(milvus.uri), model()).create("own")
        writers = [Writer(index, number) for number in range(3)]
        for writer in writers:
            writer.start()
        sleep(3.0)
        milvus.kill()
        for writer in writers:
            writer.join(60)
            assert not writer.is_alive()
            assert len(writer.acknowledged) > 10
        with pytest.raises(UnavailableError, match="Milvus at http"):
            index.get(["any"])
        milvus.start()
        fresh = _opened(milvus)
        for writer in writers:
            _check(fresh, writer)
        _await(index)
        for writer in writers:
            _check(index, writer)


def _opened(milvus: LocalMilvus) -> MilvusIndex:
    """The index as a process finds it that hasn't written to it: pymilvus tells them apart by the address."""
    indexes, until = MilvusIndexes(Server(milvus.uri.replace("127.0.0.1", "localhost")), model()), monotonic()
    while True:
        try:
            return indexes.open("own")
        except UnavailableError:
            assert monotonic() < until + RECOVERY_S, "Milvus doesn't serve what it held"
            sleep(0.05)


def _await(index: MilvusIndex) -> None:
    """Wait until the same index answers again, without anything being done to it."""
    until = monotonic() + RECOVERY_S
    while True:
        try:
            found(index, answers(index), model().place([own_clip("any")])["mood"], 1)
            return
        except UnavailableError:
            assert monotonic() < until, "Milvus doesn't serve what it held"
            sleep(0.2)


def _check(index: MilvusIndex, writer: Writer) -> None:
    """Compare what is there with what was acknowledged."""
    names = [f"{writer._number}-{i}" for i in range(CLIPS)]
    held = {clip.id: clip for clip in index.get(names) if clip is not None}
    for name in names:
        document = held[name].document if name in held else None
        accepted = [writer.acknowledged.get(name)]
        if name in writer.in_doubt:
            accepted.append(writer.in_doubt[name])
        documents = [None if seed is None else _document(name, seed) for seed in accepted]
        assert document in documents, f"{name}: {accepted}"
    space = model().place([own_clip("any")])
    for name, query in space.items():
        ((_, near),) = found(index, answers(index, name), query, 3 * CLIPS)
        of_it = [clip_id for clip_id in near if clip_id.startswith(f"{writer._number}-")]
        assert sorted(of_it) == sorted(held), name


def _document(name: str, seed: int) -> bytes:
    return own_clip(name, seed).SerializeToString(deterministic=True)
