"""How a service follows the indexes of a Milvus server, which a fake stands for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import cast

import pytest

pytest.importorskip("pymilvus", reason="needs pymilvus, of the extra dev")

from ambiance.errors import NotFoundError
from music_index_service.milvus.following import FollowedIndexes
from music_index_service.milvus.index import MilvusIndex
from music_index_service.milvus.indexes import MilvusIndexes

NEVER_S = 3_600.0
MEETING_S = 30.0  # that nobody waits for unless callers go one after the other


@dataclass(frozen=True)
class Opened:
    """An index, by the collection that it is served from."""

    collection: str


@dataclass
class FakeIndexes:
    """Indexes by name, as `MilvusIndexes` knows them; its own server, which is only closed."""

    collections: dict[str, str]
    meeting: Barrier | None = None  # of those who ask at once

    @property
    def server(self) -> "FakeIndexes":
        return self

    def names(self) -> list[str]:
        return sorted(self.collections)

    def current(self, name: str) -> str | None:
        if self.meeting is not None:
            self.meeting.wait(MEETING_S)
        return self.collections.get(name)

    def open(self, name: str) -> Opened:
        return Opened(self.collections[name])

    def close(self) -> None:
        pass


@dataclass
class Followed:
    """What is followed, and what was told of it."""

    indexes: FakeIndexes
    published: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.following = FollowedIndexes(
            cast(MilvusIndexes, self.indexes), self._publish, self.withdrawn.append, every_s=NEVER_S
        )

    def _publish(self, index: MilvusIndex) -> None:
        self.published.append(index.collection)


@pytest.fixture
def followed() -> Iterator[Followed]:
    """One index that is followed."""
    one = Followed(FakeIndexes({"default": "default_v1"}))
    yield one
    one.following.close()


def test_a_write_goes_to_what_took_the_place_of_an_index(followed: Followed) -> None:
    assert followed.following.index("").collection == "default_v1"
    followed.indexes.collections["default"] = "default_v2"
    assert followed.following.index("default").collection == "default_v2"
    assert followed.published == ["default_v1", "default_v2"]


def test_an_index_that_is_gone_is_not_written_to(followed: Followed) -> None:
    followed.indexes.collections["own"] = "own_v1"
    assert followed.following.index("own").collection == "own_v1"
    del followed.indexes.collections["own"]
    with pytest.raises(NotFoundError, match="index: no 'own'; loaded: default"):
        followed.following.index("own")
    assert followed.withdrawn == ["own"]


def test_writers_ask_at_once_rather_than_one_after_the_other(followed: Followed) -> None:
    followed.indexes.meeting = Barrier(3)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(followed.following.index, ["default"] * 3))
    assert {index.collection for index in found} == {"default_v1"}
