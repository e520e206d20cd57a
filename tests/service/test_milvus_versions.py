"""Another version of an index in Milvus: what was written is carried over, and what was deleted stays so."""
# ruff: noqa: E402

from collections.abc import Iterator
from dataclasses import replace
from time import time_ns
from unittest.mock import Mock

import grpc
import pytest

from milvus_servers import LocalMilvus, require_milvus

require_milvus()

from ambiance.errors import NotFoundError, PreconditionError
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.status_codes import status_code
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from milvus_clips import model, own_clip, released
from music_index_service.milvus import writer
from music_index_service.milvus.following import FollowedIndexes
from music_index_service.milvus.index import MilvusIndex
from music_index_service.milvus.indexes import MilvusIndexes
from music_index_service.milvus.publishing import publish
from music_index_service.milvus.server import CollectionMissingError, Server
from music_index_service.service import MusicIndexService


@pytest.fixture
def server(milvus: LocalMilvus) -> Iterator[Server]:
    """A server without the released index, before and afterwards: other tests have it of another version."""
    server = Server(milvus.uri)
    _forget_released(server)
    yield server
    _forget_released(server)
    server.close()


def _forget_released(server: Server) -> None:
    if server.collection("ambiance_default") is not None:
        server.drop_alias("ambiance_default")
    for collection in server.collections():
        if collection.startswith("ambiance_default_v"):
            server.drop(collection)


def test_what_was_written_lies_over_the_next_release_as_well(server: Server) -> None:
    before = MilvusIndexes(server, model())
    ids = [released().catalog.clip_id(row) for row in range(4)]
    index = publish(before, "default", released())
    index.upsert([own_clip("own-a", 1), own_clip("own-b", 2), own_clip(ids[3], 3)])
    index.delete([ids[0], "own-b"])
    index.set_available([ids[1]], False)

    after = MilvusIndexes(server, replace(model(), version=model().version + 1))
    late = iter([lambda: index.upsert([own_clip("own-late", 5)]), lambda: index.delete(["own-a"])])

    def sleep(_: float) -> None:
        """Replicas that still serve the version before write to it."""
        next(late, lambda: None)()

    following = publish(after, "default", released(), grace_s=2.0, sleep=sleep)
    assert following.collection != index.collection
    assert after.open("default").collection == following.collection
    assert [clip and clip.id for clip in following.get([*ids, "own-a", "own-b", "own-late"])] == [
        None,
        *ids[1:],
        None,
        None,
        "own-late",
    ]
    assert following.get([ids[3]])[0].document == own_clip(ids[3], 3).SerializeToString(deterministic=True)  # type: ignore[union-attr]
    assert not following.is_available(following.handle_of(ids[1]))
    assert len(following) == len(released()) - 1 + 1
    with pytest.raises(CollectionMissingError):
        index.get(ids)
    with pytest.raises(PreconditionError, match="of another release of the music index"):
        before.open("default")
    assert publish(after, "default", released()).collection == following.collection, "nothing is left to do"


def test_what_a_replica_writes_whose_clock_is_a_day_behind_is_carried_over(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writes follow those that it lies over, by their numbers, too: by these they are carried over."""
    before = MilvusIndexes(server, model())
    ahead = publish(before, "default", released())
    behind = before.open("default")

    def write_behind(*clips: StoredClip) -> int:
        with monkeypatch.context() as patched:
            patched.setattr(writer, "time_ns", lambda: time_ns() - 86_400 * 10**9)
            return behind.upsert(clips)[1]

    numbers = [write_behind(own_clip("a", 1)), ahead.upsert([own_clip("b", 1), own_clip("c", 1)])[1]]
    numbers += [write_behind(own_clip("b", 2)), ahead.delete(["b"])[1], write_behind(own_clip("b", 3))]
    assert numbers == sorted(set(numbers))

    after = MilvusIndexes(server, replace(model(), version=model().version + 1))
    late = iter([lambda: write_behind(own_clip("a", 4)), lambda: write_behind(own_clip("late", 5))])
    following = publish(
        after, "default", released(), grace_s=2.0, sleep=lambda _: next(late, lambda: None)() and None
    )
    expected = [own_clip("a", 4), own_clip("b", 3), own_clip("late", 5)]
    found = following.get([clip.id for clip in expected])
    assert [clip and clip.document for clip in found] == [
        clip.SerializeToString(deterministic=True) for clip in expected
    ]


def test_an_index_that_another_replica_deleted_is_not_found_and_spoils_no_list(server: Server) -> None:
    indexes = MilvusIndexes(server, model())
    (gone, _), (kept, _) = indexes.create("gone"), indexes.create("kept")
    service = MusicIndexService([gone, kept])
    MilvusIndexes(server, model()).delete("gone")
    listed = service.ListIndexes(messages.ListIndexesRequest(), Mock(grpc.ServicerContext))
    assert [index.name for index in listed.indexes] == ["kept"]
    with pytest.raises(NotFoundError, match="Milvus at") as error:
        gone.get(["a"])
    assert status_code(error.value) is grpc.StatusCode.NOT_FOUND
    indexes.delete("kept")


def test_a_replica_follows_what_others_make_and_delete(server: Server) -> None:
    indexes = MilvusIndexes(server, model())
    served: dict[str, MilvusIndex] = {}
    followed = FollowedIndexes(
        MilvusIndexes(server, model()), lambda one: served.update({one.name: one}), served.pop, every_s=3_600
    )
    made, _ = indexes.create("by-another")
    made.upsert([own_clip("a", 1)])
    followed.follow()
    assert served["by-another"].collection == made.collection
    assert followed.index("by-another").get(["a"])[0] is not None
    indexes.delete("by-another")
    followed.follow()
    assert "by-another" not in served
