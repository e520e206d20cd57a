"""music_index_service.store: what is committed is what is read, in the order of commits."""

import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ambiance.errors import InvalidInputError, StorageError
from music_index_service.store.store import Change, Kept, State, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "clips.sqlite") as opened:
        yield opened


def written(clip_id: str, document: bytes = b"document") -> Change:
    return Change(clip_id, State.WRITTEN, document)


def test_reads_what_it_wrote(store: Store) -> None:
    assert (store.sequence, store.commit([]), list(store.since(0))) == (0, 0, [])
    assert store.commit([written("a", b"1"), written("b", b"2")]) == 1
    assert store.commit([Change("a", State.DELETED), Change("r", State.UNAVAILABLE)]) == 2
    assert store.get(["a", "b", "nobody"]) == {
        "a": Kept("a", 2, State.DELETED, b""),
        "b": Kept("b", 1, State.WRITTEN, b"2"),
    }
    assert [kept.clip_id for kept in store.since(0)] == ["b", "a", "r"]
    assert [kept.clip_id for kept in store.since(1)] == ["a", "r"]
    assert list(store.since(2)) == []
    assert [store.count(state) for state in State] == [1, 1, 1, 0]
    assert (store.sequence, store.commit([])) == (2, 2)
    store.check()


def test_of_several_changes_of_one_id_the_last_counts(store: Store) -> None:
    store.commit([written("a", b"1"), Change("a", State.DELETED), written("a", b"3")])
    store.commit([written("b"), Change("b", State.DELETED)])
    assert store.get(["a"])["a"].document == b"3"
    assert store.get(["b"])["b"].state is State.DELETED
    assert store.count(State.WRITTEN) == store.count(State.DELETED) == 1


def test_everything_is_there_after_it_was_closed(tmp_path: Path) -> None:
    path = tmp_path / "data" / "default" / "clips.sqlite"
    with Store.open(path) as store:
        store.commit([written("a"), written("b")], {"types": "{}"})
        store.commit([Change("b", State.DELETED)])
        kept = list(store.since(0))
    with Store.open(path) as store:
        assert (list(store.since(0)), store.sequence, store.setting("types")) == (kept, 2, "{}")
        assert store.commit([written("b")]) == 3


def test_keeps_settings(store: Store) -> None:
    assert store.setting("base") is None
    store.set_setting("base", "7")
    store.set_setting("base", "8")
    assert (store.setting("base"), store.sequence) == ("8", 0)


def test_batches_larger_than_a_statement(store: Store) -> None:
    names = [f"clip {i}" for i in range(2_345)]
    store.commit([written(name, name.encode()) for name in names])
    found = store.get(names)
    assert {name: found[name].document for name in names} == {name: name.encode() for name in names}
    assert store.count(State.WRITTEN) == 2_345


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (written(""), r"changes\[1\].clip_id: must be Unicode text that isn't empty, got ''"),
        (written("\ud800"), r"changes\[1\].clip_id: must be Unicode text that isn't empty, got '\\ud800'"),
        (Change("b", State.WRITTEN), r"changes\[1\].document: is empty"),
        (Change("b", State.DELETED, b"x"), r"changes\[1\].document: must be empty for DELETED, has 1 bytes"),
    ],
)
def test_refuses_a_change_that_means_nothing_and_writes_none_of_its_call(
    store: Store, change: Change, message: str
) -> None:
    with pytest.raises(InvalidInputError, match=f"^{message}$"):
        store.commit([written("a"), change])
    assert (store.sequence, store.get(["a"])) == (0, {})


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "clips.sqlite")
    store.close()
    store.close()
    for use in (lambda: store.commit([written("a")]), lambda: store.get(["a"]), lambda: list(store.since(0))):
        with pytest.raises(StorageError, match=r"clips\.sqlite: is closed$"):
            use()


def test_concurrent_writers_of_one_id_the_larger_number_wins(store: Store) -> None:
    def write(writer: int) -> list[tuple[int, bytes]]:
        documents = [f"{writer} {i}".encode() for i in range(25)]
        return [(store.commit([written("a", document)]), document) for document in documents]

    with ThreadPoolExecutor(16) as pool:
        acknowledged = [one for many in pool.map(write, range(16)) for one in many]
    numbers = [number for number, _ in acknowledged]
    assert sorted(numbers) == list(range(1, 401))
    assert store.get(["a"])["a"] == Kept("a", 400, State.WRITTEN, dict(acknowledged)[400])


def test_who_writes_at_once_shares_a_transaction(tmp_path: Path, store: Store) -> None:
    """Seen in the log: one transaction writes each page once, however many changes are on it."""
    log = tmp_path / "clips.sqlite-wal"
    store.commit([written("first")])
    before = log.stat().st_size
    barrier = threading.Barrier(64)

    def write(i: int) -> int:
        barrier.wait()
        return store.commit([written(f"clip {i}")])

    with ThreadPoolExecutor(64) as pool:
        assert sorted(pool.map(write, range(64))) == list(range(2, 66))
    alone = 64 * 3 * 4096  # a page of each index and one of the table for each commit
    assert log.stat().st_size - before < alone / 2


def test_a_call_that_fails_spoils_no_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails within a shared transaction: its document is one that SQLite can't hold."""
    writer = store._writer
    began, go_on = threading.Event(), threading.Event()
    take = writer._take

    def slowly() -> object:
        began.set()
        go_on.wait()
        return take()

    store.commit([written("first")])
    monkeypatch.setattr(writer, "_take", slowly)
    store.commit([written("second")])  # taken before; the next waits for us
    began.wait()
    faulty = Change("faulty", State.WRITTEN, [1])  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as pool:
        good = [pool.submit(store.commit, [written(f"good {i}")]) for i in range(4)]
        bad = pool.submit(store.commit, [written("with it"), faulty])
        good += [pool.submit(store.commit, [written(f"good {i}")]) for i in range(4, 7)]
        while writer._waiting.qsize() < 8:
            pass
        go_on.set()
        assert sorted(future.result() for future in good) == [3, 4, 5, 6, 7, 8, 9]
        assert bad.exception() is not None
    assert store.get(["with it", "faulty"]) == {}
    assert len(store.get([f"good {i}" for i in range(7)])) == 7
    assert store.commit([written("last")]) == 10


def test_one_read_sees_one_moment_while_commits_go_on(store: Store) -> None:
    store.commit([written(f"clip {i}", b"old") for i in range(1_000)])
    reading = store.since(0)
    first = next(reading)
    store.commit([written(f"clip {i}", b"new") for i in range(1_000)])
    store.commit([written("another")])
    seen = [first, *reading]
    assert {(kept.sequence, kept.document) for kept in seen} == {(1, b"old")}
    assert len({kept.clip_id for kept in seen}) == 1_000
    assert sum(1 for _ in store.since(0)) == 1_001


def test_a_read_holds_few_clips_in_memory(store: Store) -> None:
    for i in range(8):
        store.commit([written(f"clip {i} {j}", bytes(1_000)) for j in range(1_000)])
    tracemalloc.start()
    try:
        assert sum(len(kept.document) for kept in store.since(0)) == 8_000_000
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


IDS = st.text(min_size=1, max_size=4)
CHANGES = st.one_of(
    st.builds(Change, IDS, st.just(State.WRITTEN), st.binary(min_size=1, max_size=3_000)),
    st.builds(Change, IDS, st.sampled_from([State.DELETED, State.UNAVAILABLE, State.AVAILABLE])),
)


@settings(max_examples=40)
@given(st.lists(st.one_of(st.lists(CHANGES, max_size=8), st.just("reopen")), max_size=12))
def test_equals_a_dictionary(steps: list[list[Change] | str]) -> None:
    model: dict[str, Kept] = {}
    with TemporaryDirectory() as folder:
        path = Path(folder, "clips.sqlite")
        store = Store.open(path)
        for step in steps:
            if isinstance(step, str):
                store.close()
                store = Store.open(path)
                continue
            number = store.commit(step)
            model |= {c.clip_id: Kept(c.clip_id, number, c.state, c.document) for c in step}
            assert store.get([change.clip_id for change in step]) == {
                c.clip_id: model[c.clip_id] for c in step
            }
        everything = list(store.since(0))
        assert {kept.clip_id: kept for kept in everything} == model
        assert [kept.sequence for kept in everything] == sorted(kept.sequence for kept in model.values())
        assert store.sequence == max((kept.sequence for kept in model.values()), default=0)
        for state in State:
            assert store.count(state) == sum(kept.state is state for kept in model.values())
        store.check()
        store.close()
