"""music_index_service.live: whatever was written, a search finds what an index made anew would."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier, Event, Thread
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ambiance import ClipFilter
from ambiance.affect import MOOD_SPACE, VAD_SPACE
from ambiance.errors import UnavailableError
from ambiance.placement.mood_space import HIGHEST_PRICE, LARGEST_CONSTANT
from ambiance.placement.squared_l2 import prices_of
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from live_models import clips, model, vectors_of
from music_index_service.live.compacted import load_compacted
from music_index_service.live.compaction import compact
from music_index_service.live.live_index import LiveIndex
from music_index_service.live.write_outcome import Outcome
from music_index_service.snapshot import IndexSnapshot
from music_index_service.store.store import Store


@dataclass
class Vector:
    """A query as it arrives."""

    values: list[float]
    space: str = VAD_SPACE
    lineage: str = ""


class Catalogue:
    """An index on disk that can be closed and opened, and what should be in it."""

    def __init__(self, folder: Path, *, over_release: bool) -> None:
        self.folder, self.model = folder, model()
        self.released = self.model.released if over_release else None
        self.expected: dict[str, StoredClip] = {}
        if self.released is not None:
            for clip in clips([f"r-{i:03d}" for i in range(len(self.released))], 101):
                self.expected[clip.id] = clip
        self.published: list[IndexSnapshot] = []
        self.open()

    def open(self) -> None:
        store = Store.open(self.folder / "clips.sqlite")
        compacted = load_compacted(self.folder / "segments", self.model)
        self.index = LiveIndex("default", self.model, store, self.published.append, self.released, compacted)

    def reopen(self) -> None:
        self.index.close()
        self.open()

    def compact(self) -> None:
        over_release = self.released is not None
        store, segments = self.folder / "clips.sqlite", self.folder / "segments"
        compact(store, segments, self.model, over_release=over_release)
        compacted = load_compacted(self.folder / "segments", self.model)
        assert compacted is not None
        self.index.adopt(compacted, self.model)

    def upsert(self, written: list[StoredClip]) -> list[Outcome]:
        outcomes, _ = self.index.upsert(written)
        assert outcomes == [
            Outcome.UNCHANGED
            if self.expected.get(clip.id) == clip and not clip.id.startswith("r-")
            else Outcome.UPDATED
            if clip.id in self.expected
            else Outcome.CREATED
            for clip in written
        ] or any(clip.id.startswith("r-") for clip in written)
        self.expected |= {clip.id: clip for clip in written}
        return outcomes

    def delete(self, ids: list[str]) -> None:
        outcomes, _ = self.index.delete(ids)
        assert outcomes == [Outcome.DELETED if each in self.expected else Outcome.NOT_FOUND for each in ids]
        for each in ids:
            self.expected.pop(each, None)

    def mark(self, ids: list[str], available: bool) -> None:
        outcomes, _ = self.index.set_available(ids, available)
        for each, outcome in zip(ids, outcomes, strict=True):
            if each not in self.expected:
                assert outcome is Outcome.NOT_FOUND
                continue
            self.expected[each] = StoredClip.FromString(self.expected[each].SerializeToString())
            self.expected[each].available = available

    def check(self) -> None:
        """Compare with a scan over what should be there, in VAD, where no price moves a clip."""
        snapshot = self.index.current
        assert len(snapshot) == len(self.expected)
        assert snapshot is self.published[-1]
        for conditions in (None, ClipFilter(labels=["Rock music"])):
            for everything in (False, True):
                query = [0.4, 0.6, 0.5]
                hits = snapshot.search(
                    [Vector(query)],
                    25,
                    0,
                    conditions,
                    include_unlistenable=everything,
                    include_unavailable=everything,
                )
                found = [snapshot.clip_id(handle) for handle in hits.handles[0].tolist()]
                answers = [
                    clip
                    for clip in self.expected.values()
                    if (everything or (clip.listenable and clip.available))
                    and (conditions is None or "Rock music" in clip.labels)
                ]
                if not answers:
                    assert found == []
                    continue
                apart = vectors_of(answers)[VAD_SPACE] - np.array(query, np.float32)
                near = sorted(zip((apart**2).sum(axis=1).tolist(), [c.id for c in answers], strict=True))
                np.testing.assert_allclose(hits.distances[0], [d for d, _ in near[:25]], atol=1e-5)
                assert set(found) <= {clip.id for clip in answers}
                assert len(set(found)) == len(found) == min(25, len(answers))
                if conditions is not None:
                    assert hits.filtered is not None
                    held = sum("Rock music" in clip.labels for clip in self.expected.values())
                    assert hits.filtered.clip_count == held
        ids, token = [], ""
        while True:
            page = snapshot.page(7, token)
            ids += [snapshot.clip_id(handle) for handle in page.handles]
            if not (token := page.next_token):
                break
        assert ids == sorted(self.expected)
        for each in ids[:10]:
            handle = snapshot.handle_of(each)
            segment, row = snapshot.place(handle)
            assert segment.is_available(row) == self.expected[each].available


IDS = st.integers(0, 30).map(lambda i: f"own-{i:02d}") | st.integers(0, 39).map(lambda i: f"r-{i:03d}")
SOME = st.lists(IDS, min_size=1, max_size=12, unique=True)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), SOME, st.integers(0, 3)),
        st.tuples(st.just("delete"), SOME, st.just(0)),
        st.tuples(st.just("mark"), SOME, st.integers(0, 1)),
        st.tuples(st.sampled_from(["reopen", "compact"]), st.just([]), st.just(0)),
    ),
    max_size=12,
)


@given(steps=STEPS, over_release=st.booleans())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_writes_leave_what_an_index_made_anew_would_hold(
    steps: list[tuple[str, list[str], int]], over_release: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with patch("music_index_service.live.parts._SMALL", 8):  # so that segments are left apart
        catalogue = Catalogue(tmp_path_factory.mktemp("data"), over_release=over_release)
        for what, ids, number in steps:
            match what:
                case "upsert":
                    catalogue.upsert(clips(ids, number))
                case "delete":
                    catalogue.delete(ids)
                case "mark":
                    catalogue.mark(ids, bool(number))
                case "reopen":
                    catalogue.reopen()
                case "compact":
                    catalogue.compact()
            catalogue.check()
        catalogue.reopen()
        catalogue.check()
        catalogue.index.close()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    made = Catalogue(tmp_path, over_release=True)
    yield made
    made.index.close()


def test_the_same_write_again_changes_nothing(catalogue: Catalogue) -> None:
    catalogue.upsert(clips(["own-1", "own-2"], 1))
    sequence = catalogue.index.current.sequence
    assert catalogue.upsert(clips(["own-1", "own-2"], 1)) == [Outcome.UNCHANGED] * 2
    assert catalogue.index.current.sequence == sequence


def test_a_released_clip_that_was_deleted_stays_so_with_another_release(catalogue: Catalogue) -> None:
    catalogue.delete(["r-003"])
    catalogue.upsert(clips(["r-004", "own-1"], 1))
    catalogue.index.rebase(model(2), None)
    snapshot = catalogue.index.current
    assert (snapshot.version, len(snapshot)) == (2, 40)
    assert snapshot.find("r-003") is None
    assert snapshot.clip(snapshot.handle_of("r-004")).labels == tuple(clips(["r-004"], 1)[0].labels)


def test_an_older_segment_brings_nothing_back(catalogue: Catalogue) -> None:
    catalogue.upsert(clips(["own-1", "own-2"], 1))
    catalogue.compact()
    catalogue.delete(["own-1"])
    catalogue.upsert(clips(["own-2"], 2))
    catalogue.reopen()  # the segment still holds both as they were
    catalogue.check()


def test_a_damaged_segment_is_made_up_for_by_the_store(
    catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue.upsert(clips(["own-1", "own-2"], 1))
    catalogue.compact()
    (path,) = (catalogue.folder / "segments").rglob("catalog.arrow")
    path.write_bytes(path.read_bytes()[:-9] + b"\0" * 9)
    catalogue.reopen()
    catalogue.check()
    assert "no segment can be read" in caplog.text


def test_compacted_clips_learn_prices_within_their_limit(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path, over_release=False)
    catalogue.upsert(clips([f"own-{i:03d}" for i in range(60)], 1))
    catalogue.compact()
    catalogue.upsert(clips(["own-060"], 2))
    prices = []
    for segment in catalogue.index.current.segments:
        placed = segment.engines[MOOD_SPACE].vectors(np.arange(len(segment.catalog)))
        prices += prices_of(placed, LARGEST_CONSTANT).tolist()
    catalogue.index.close()
    assert len(prices) == 61
    assert len({round(price, 2) for price in prices}) > 3
    assert -1e-3 < min(prices) <= max(prices) < HIGHEST_PRICE + 1e-3


def test_concurrent_writers_lose_nothing_and_read_their_own_writes(catalogue: Catalogue) -> None:
    failures: list[str] = []

    def write(number: int) -> None:
        for i in range(20):
            clip_id = f"w{number}-{i:02d}"
            catalogue.index.upsert(clips([clip_id], i))
            if catalogue.index.current.find(clip_id) is None:
                failures.append(clip_id)

    threads = [Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(catalogue.index.current) == 40 + 160


def test_a_closed_index_says_so(catalogue: Catalogue) -> None:
    catalogue.index.close()
    with pytest.raises(Exception, match="closed"):
        catalogue.index.upsert(clips(["own-1"], 1))
    with pytest.raises(UnavailableError, match="index default: is closed"):
        catalogue.index.rebase(model(2), None)


def test_a_report_undoes_no_write_that_was_acknowledged_meanwhile(catalogue: Catalogue) -> None:
    catalogue.index.upsert(clips(["own-1"], 0))
    done = Event()

    def report() -> None:
        while not done.is_set():
            for available in (False, True):
                catalogue.index.set_available(["own-1"], available)

    reporter = Thread(target=report)
    reporter.start()
    try:
        for seed in range(1, 60):
            [clip] = clips(["own-1"], seed)
            catalogue.index.upsert([clip])
            kept = StoredClip.FromString(catalogue.index.store.get(["own-1"])["own-1"].document)
            assert kept.heard == clip.heard, seed
    finally:
        done.set()
        reporter.join()


def test_the_same_write_twice_at_once_is_one_write(catalogue: Catalogue) -> None:
    start = Barrier(2)

    def write(clip_id: str) -> tuple[list[Outcome], int]:
        start.wait()
        return catalogue.index.upsert(clips([clip_id], 1))

    with ThreadPoolExecutor(2) as pool:
        for number in range(1, 21):
            both = list(pool.map(write, [f"own-{number}"] * 2))
            assert sorted(([outcome], sequence) == both[0] for [outcome], sequence in both) == [False, True]
            assert {outcome for [outcome], _ in both} == {Outcome.CREATED, Outcome.UNCHANGED}
            assert {sequence for _, sequence in both} == {number}


def test_a_compaction_that_was_overtaken_is_not_adopted(catalogue: Catalogue) -> None:
    catalogue.upsert(clips(["own-1", "own-2"], 1))
    catalogue.compact()
    older = load_compacted(catalogue.folder / "segments", catalogue.model)
    assert older is not None
    catalogue.upsert(clips(["own-3"], 1))
    catalogue.delete(["own-1", "r-001"])
    catalogue.compact()
    catalogue.index.adopt(older, catalogue.model)
    catalogue.check()
    catalogue.reopen()
    catalogue.check()


def test_what_was_compacted_on_another_release_is_not_adopted(catalogue: Catalogue) -> None:
    catalogue.upsert(clips(["own-1"], 1))
    compact(
        catalogue.folder / "clips.sqlite", catalogue.folder / "segments", catalogue.model, catalogue.released
    )
    compacted = load_compacted(catalogue.folder / "segments", catalogue.model)
    assert compacted is not None
    catalogue.index.rebase(model(2), None)
    catalogue.index.adopt(compacted, catalogue.model)
    assert catalogue.index.compacted_count() == 0


def test_a_compaction_may_hold_a_write_that_is_not_yet_searched(catalogue: Catalogue) -> None:
    """It reads the store, where each write is first; what that replaces among the released clips must go."""
    commit = catalogue.index.store.commit

    def commit_slowly(*arguments: object) -> int:
        sequence = commit(*arguments)  # type: ignore[arg-type]
        catalogue.compact()
        return sequence

    with patch.object(catalogue.index.store, "commit", commit_slowly):
        catalogue.upsert(clips(["r-001", "own-1"], 1))
        catalogue.check()
        catalogue.delete(["r-002", "own-1"])
        catalogue.check()
        catalogue.mark(["r-003"], False)
        catalogue.check()
