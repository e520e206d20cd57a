"""music_index_service.live: whatever was written, a search finds what an index made anew would."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ambiance.affect import MOOD_SPACE
from ambiance.errors import UnavailableError
from ambiance.placement.mood_space import HIGHEST_PRICE, LARGEST_CONSTANT
from ambiance.placement.squared_l2 import prices_of
from live_catalogues import Catalogue, described
from live_models import clips, model
from music_index_service.catalog.clip_catalog import Clip
from music_index_service.live.write_outcome import Outcome

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
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_writes_leave_what_an_index_made_anew_would_hold(
    steps: list[tuple[str, list[str], int]], over_release: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    few = {"_FEW": 1, "_FEW_CHANGES": 5}  # so that some are merged, and some released clips asked for by id
    with (
        patch.multiple("music_index_service.live.parts", **few),
        patch("music_index_service.engines.faiss_flat._MANY", 1),  # so that limits are heeded
    ):
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


def test_messages_are_kept_of_clips_that_move_and_made_anew_of_clips_that_change(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("music_index_service.live.parts._FEW", 1)
    made: list[str] = []

    def make(clip: Clip) -> bytes:
        made.append(clip.id)
        return described(clip)

    def ask(*ids: str) -> list[str]:
        """Those of some clips whose message had to be made."""
        made.clear()
        snapshot = catalogue.index.current
        for clip_id in ids:
            handle = snapshot.handle_of(clip_id)
            assert snapshot.message(handle, make) == described(snapshot.clip(handle))
        return made.copy()

    catalogue.upsert(clips(["own-2", "own-4"], 1))
    assert ask("own-2", "own-4") == ["own-2", "own-4"]
    catalogue.upsert(clips(["own-1", "own-3"], 2))  # merged with those before
    assert len(catalogue.index.current.segments) == 2
    assert ask("own-1", "own-2", "own-3", "own-4") == ["own-1", "own-3"]
    catalogue.upsert(clips(["own-2"], 3))
    assert ask("own-1", "own-2", "own-3", "own-4") == ["own-2"]
    catalogue.compact()
    assert ask("own-1", "own-2", "own-3", "own-4") == []
    catalogue.upsert(clips(["own-1"], 4))
    catalogue.delete(["own-4"])
    catalogue.compact()
    assert ask("own-1", "own-2", "own-3") == ["own-1"]


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
