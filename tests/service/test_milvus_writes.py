"""Writes to an index in Milvus: seen at once, each said what became of it, whatever its texts hold."""
# ruff: noqa: E402

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from uuid import uuid4

import numpy as np
import pytest

from milvus_servers import LocalMilvus, require_milvus

require_milvus()

from ambiance.attribute_conditions import AttributeCondition, Value
from ambiance.clip_filter import ClipFilter
from ambiance.errors import InvalidInputError, NotFoundError, PreconditionError, UnavailableError
from milvus_clips import answers, found, metadata, model, own_clip
from music_index_service.live.write_outcome import Outcome
from music_index_service.milvus.index import MilvusIndex
from music_index_service.milvus.indexes import MilvusIndexes
from music_index_service.milvus.server import Server

AHEAD = 4  # indexes

# What a text may do to an expression that it is pasted into.
TRYING = (
    'a"quote',
    "it's",
    "back\\slash",
    '\\"',
    '" or 1 == 1 or "',
    "x') or (listenable == true",
    "日本語",
    "e\u0301",
    "😀",
    "%_",
    "{clip}",
    "[1]",
    "line\u2028separator",
    "nbsp\u00a0",
    "true",
    "null",
)


@pytest.fixture(scope="module", params=["server", "lite"])
def indexes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MilvusIndexes]:
    """Indexes of a real server, and of milvus-lite."""
    if request.param == "lite":
        pytest.importorskip("milvus_lite", reason="needs milvus_lite, of the extra dev")
        server = Server(str(tmp_path_factory.mktemp("milvus-lite") / "lite.db"))
    else:
        milvus: LocalMilvus = request.getfixturevalue("milvus")
        server = Server(milvus.uri)
    yield MilvusIndexes(server, model())
    server.close()


@pytest.fixture(scope="module")
def made_ahead(indexes: MilvusIndexes) -> Iterator[Callable[[], MilvusIndex]]:
    """Returns an empty index. Making one takes Milvus seconds of waiting, so some are made ahead."""

    def make_one() -> MilvusIndex:
        made, created = indexes.create(f"own-{uuid4().hex[:12]}")
        assert created
        return made

    if "://" not in indexes.server.name:  # milvus-lite is quick, and a second thread takes its files from it
        yield make_one
        return
    with ThreadPoolExecutor(AHEAD) as pool:
        make = partial(pool.submit, make_one)
        ahead = deque(make() for _ in range(AHEAD))

        def take() -> MilvusIndex:
            ahead.append(make())
            return ahead.popleft().result()

        yield take


@pytest.fixture
def index(indexes: MilvusIndexes, made_ahead: Callable[[], MilvusIndex]) -> Iterator[MilvusIndex]:
    made = made_ahead()
    yield made
    indexes.delete(made.name)


def nearest(
    index: MilvusIndex, k: int = 100, conditions: ClipFilter | None = None, **include: bool
) -> list[str]:
    """The clips nearest to the first that was written, as ids."""
    query = model().place([own_clip("any", 0)])["mood"]
    return found(index, answers(index, "mood", conditions, **include), query, k)[0][1]


def test_what_was_written_is_found_in_every_space(index: MilvusIndex) -> None:
    clips = [own_clip(f"clip-{seed}", seed) for seed in range(30)]
    outcomes, sequence = index.upsert(clips)
    assert outcomes == [Outcome.CREATED] * 30
    assert (len(index), index.sequence) == (30, sequence)
    for space in ("mood", "vad"):
        placed = model().place(clips)[space]
        distances = np.square(placed - placed[3]).sum(axis=1)
        ((_, names),) = found(index, answers(index, space), placed[3][None], 10)
        assert names == [f"clip-{row}" for row in distances.argsort()[:10]]


def test_each_write_says_what_became_of_the_clip(index: MilvusIndex) -> None:
    _, first = index.upsert([own_clip("a", 1), own_clip("b", 2)])
    outcomes, second = index.upsert([own_clip("a", 1), own_clip("b", 3), own_clip("c", 4)])
    assert outcomes == [Outcome.UNCHANGED, Outcome.UPDATED, Outcome.CREATED]
    assert second > first
    assert index.upsert([own_clip("a", 1)]) == ([Outcome.UNCHANGED], second)
    outcomes, third = index.delete(["b", "nobody"])
    assert outcomes == [Outcome.DELETED, Outcome.NOT_FOUND]
    assert third > second
    assert index.delete(["b"]) == ([Outcome.NOT_FOUND], third)
    assert index.get(["a", "b", "c"])[1] is None
    assert sorted(nearest(index)) == ["a", "c"]
    assert index.upsert([own_clip("b", 2)])[0] == [Outcome.CREATED]
    assert len(index) == 3


def test_every_write_is_seen_by_the_search_that_follows(index: MilvusIndex) -> None:
    for turn in range(12):
        index.upsert([own_clip("a", turn), own_clip(f"clip-{turn % 5}", turn)])
        assert index.get(["a"])[0].document == own_clip("a", turn).SerializeToString(deterministic=True)  # type: ignore[union-attr]
        index.delete([f"clip-{(turn + 1) % 5}"])
        names = nearest(index)
        assert len(names) == len(set(names)) == len(index)
        assert f"clip-{turn % 5}" in names
        assert f"clip-{(turn + 1) % 5}" not in names


def test_a_clip_that_cannot_be_played_is_found_only_if_asked_for(index: MilvusIndex) -> None:
    index.upsert([own_clip("a", 1), own_clip("b", 2)])
    outcomes, _ = index.set_available(["a", "b", "nobody"], False)
    assert outcomes == [Outcome.UPDATED, Outcome.UPDATED, Outcome.NOT_FOUND]
    assert index.set_available(["b"], True)[0] == [Outcome.UPDATED]
    assert index.set_available(["b"], True)[0] == [Outcome.UNCHANGED]
    assert nearest(index) == ["b"]
    assert sorted(nearest(index, include_unavailable=True)) == ["a", "b"]
    assert (answers(index).count, answers(index).left_out) == (2, 0)
    assert [index.is_available(handle) for handle in index.handles_of(["a", "b"])] == [False, True]


def test_text_reaches_milvus_as_it_is(index: MilvusIndex) -> None:
    known = {text: metadata({"tag": text}, artist=text, title="any") for text in TRYING}
    index.upsert([own_clip(f"clip{text}", 1, metadata=of_it) for text, of_it in known.items()])
    for text in TRYING:
        assert [clip and clip.id for clip in index.get([f"clip{text}", text])] == [f"clip{text}", None]
        for name in ("artist", "tag"):
            of_text = ClipFilter(attributes=[AttributeCondition(name, [text])])
            assert nearest(index, conditions=of_text) == [f"clip{text}"]
            other = ClipFilter(attributes=[AttributeCondition(name, [f"{text}x"])])
            assert nearest(index, conditions=other) == []
    index.delete([f"clip{text}" for text in TRYING[1:]])
    assert nearest(index) == [f"clip{TRYING[0]}"]


def test_attributes_are_compared_exactly(index: MilvusIndex) -> None:
    large = 2**53
    numbers = {"a": 0.1, "b": -3.0, "c": float(large), "d": float(large - 1), "e": 1e-300, "f": 0.0}
    known = [
        metadata({"n": number, "even": seed % 2 == 0}, duration_seconds=seed / 10)
        for seed, number in enumerate(numbers.values())
    ]
    clips = [own_clip(name, metadata=of_it) for name, of_it in zip(numbers, known, strict=True)]
    index.upsert([*clips, own_clip("none", 9)])

    def met(name: str, *values: Value, **bounds: float) -> str:
        condition = AttributeCondition(name, values, **bounds)
        return "".join(sorted(nearest(index, conditions=ClipFilter(attributes=[condition]))))

    assert met("n", 0.1) == "a"
    assert met("n", -3, 0) == "bf"
    assert met("n", large) == "c"
    assert met("n", large - 1) == "d"
    assert met("n", least=0.1) == "acd"
    assert met("n", most=1e-300) == "bef"
    assert met("n", least=-3, most=0) == "bf"
    assert met("even", True) == "ace"
    assert met("even", True, False) == "abcdef"
    assert met("duration_seconds", 0.3) == "d"
    assert met("duration_seconds", least=0.3, most=0.4) == "de"
    assert met("duration_seconds", most=1e300) == "bcdef"


def test_an_unknown_attribute_or_another_type_is_refused(index: MilvusIndex) -> None:
    index.upsert([own_clip("a", 1, metadata=metadata({"year": 1964.0}))])
    assert dict(index.attribute_types) == {"year": "number"}
    with pytest.raises(InvalidInputError, match="year is a number, got a text"):
        nearest(index, conditions=ClipFilter(attributes=[AttributeCondition("year", ["1964"])]))
    with pytest.raises(InvalidInputError, match="bears 'yeer'; the closest: year"):
        nearest(index, conditions=ClipFilter(attributes=[AttributeCondition("yeer", [1964])]))


def test_the_largest_clip_that_may_be_written_comes_back_whole(index: MilvusIndex) -> None:
    long = "\U0001f3b5" * 1_000
    attributes = {f"attribute_{number}": f"{long[:-1]}{number % 10}" for number in range(32)}
    known = metadata(attributes, title=long, artist=long, album=long, track_id=long, uri="https://x.example/")
    clip = own_clip("x" * 128, 1, labels=["Music"] * 100, metadata=known)
    assert index.upsert([clip])[0] == [Outcome.CREATED]
    (held,) = index.get([clip.id])
    assert held is not None
    assert held.document == clip.SerializeToString(deterministic=True)
    condition = AttributeCondition("attribute_31", [attributes["attribute_31"]])
    assert nearest(index, conditions=ClipFilter(attributes=[condition])) == [clip.id]


def test_ties_stand_in_the_order_of_their_ids_however_many_there_are(index: MilvusIndex) -> None:
    names = [f"clip-{number:04}" for number in np.random.default_rng(1).permutation(400).tolist()]
    index.upsert([own_clip(name, 7) for name in names])
    assert nearest(index, 10) == sorted(names)[:10]
    assert nearest(index, 300) == sorted(names)[:300]


def test_writers_of_one_clip_leave_the_last_that_was_acknowledged(index: MilvusIndex) -> None:
    turns, last = count(), {}

    def write(_: int) -> None:
        seed = next(turns)
        _, sequence = index.upsert([own_clip("one", seed)])
        last[sequence] = seed

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(20)))
    (held,) = index.get(["one"])
    assert held is not None
    assert held.sequence == max(last)
    assert held.document == own_clip("one", last[max(last)]).SerializeToString(deterministic=True)
    assert len(index) == 1


def test_indexes_are_made_listed_and_deleted_by_name(indexes: MilvusIndexes) -> None:
    made, created = indexes.create("my_own-music")
    again, created_again = indexes.create("my_own-music")
    assert (created, created_again) == (True, False)
    assert again.collection == made.collection
    made.upsert([own_clip("a"), own_clip("b")])
    assert "my_own-music" in indexes.names()
    assert indexes.delete("my_own-music") == 2
    assert "my_own-music" not in indexes.names()
    with pytest.raises(NotFoundError, match="no 'my_own-music' in Milvus at"):
        indexes.open("my_own-music")
    with pytest.raises(PreconditionError, match="can't be deleted"):
        indexes.delete("default")


def test_an_index_whose_deletion_was_cut_short_is_made_anew_without_its_clips(
    indexes: MilvusIndexes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise UnavailableError("away")

    index, _ = indexes.create("passing")
    index.upsert([own_clip("a", 1)])
    with monkeypatch.context() as patched:
        patched.setattr(indexes.server, "drop", away)
        with pytest.raises(UnavailableError):
            indexes.delete("passing")
    with pytest.raises(NotFoundError):
        indexes.open("passing")
    again, created = indexes.create("passing")
    assert created
    assert (len(again), again.get(["a"])) == (0, [None])
    assert indexes.create("passing")[1] is False
    indexes.delete("passing")
    assert "passing" not in indexes.names()


def test_a_replica_writes_on_top_of_what_another_one_was_acknowledged(milvus: LocalMilvus) -> None:
    """However soon: pymilvus knows the writes of a process by the address, so these two are as if apart."""
    addresses = (milvus.uri, milvus.uri.replace("127.0.0.1", "localhost"))
    one, other = (MilvusIndexes(Server(address), model()) for address in addresses)
    here, _ = one.create("shared")
    there = other.open("shared")
    for turn in range(12):
        clip = own_clip("a", turn)
        assert here.upsert([clip])[0] == [Outcome.CREATED]
        assert there.delete(["a"])[0] == [Outcome.DELETED]
        assert here.upsert([clip])[0] == [Outcome.CREATED]
        assert there.upsert([clip])[0] == [Outcome.UNCHANGED]
        assert there.delete(["a"])[0] == [Outcome.DELETED]
    one.delete("shared")
    for indexes in (one, other):
        indexes.server.close()
