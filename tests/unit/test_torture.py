"""torture: a store that keeps its word passes, and one that breaks it in any way is found out."""

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from torture.__main__ import main
from torture.journal import Journal
from torture.session import Figures, Lives, _settle, torture
from torture.store_target import StoreTarget, is_half_written
from torture.target import NotAcknowledgedError
from torture.workload import Workload


def test_the_store_loses_nothing_when_it_is_killed(tmp_path: Path) -> None:
    target = StoreTarget(tmp_path / "clips.sqlite")
    figures = torture(target, rounds=6, seed=1, workload=Workload(), say=print)
    assert figures.faults == []
    assert figures.kills == 6
    assert figures.acknowledged_writes > 100
    assert figures.acknowledged_deletes > 50


def test_a_damaged_store_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "clips.sqlite").write_bytes(b"no database" * 1_000)
    figures = torture(
        StoreTarget(tmp_path / "clips.sqlite"), rounds=2, seed=4, workload=Workload(), say=print
    )
    (fault,) = figures.faults
    assert fault.startswith("the target failed: ended with status 1: ")
    assert "is damaged (file is not a database)" in fault


def test_prints_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", "store", "--rounds", "1", "--writers", "2", "--folder", str(tmp_path)]) == 0
    assert '"faults": []' in capsys.readouterr().out


class InMemory:
    """A target without a process that a fault can be put into; it is killed after so many calls."""

    def __init__(self, harm: Callable[["InMemory"], object], calls: int = 50) -> None:
        self._harm, self._calls = harm, calls
        self._left, self._number = 0, 0
        self.clips: dict[str, str] = {}
        self.previous: dict[str, str] = {}

    def start(self) -> None:
        self._left = self._calls

    def write(self, contents: Mapping[str, str]) -> int:
        return self._change(self.clips | contents)

    def delete(self, clip_ids: Sequence[str]) -> int:
        return self._change({i: text for i, text in self.clips.items() if i not in clip_ids})

    @property
    def figures(self) -> Mapping[str, int]:
        return {}

    def read_all(self) -> dict[str, str]:
        return self.clips

    def rest(self) -> None:
        pass

    def kill(self) -> None:
        self._left = 0
        if self._number:
            self._harm(self)

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _change(self, clips: dict[str, str]) -> int:
        if self._left <= 0:
            raise NotAcknowledgedError
        self.previous, self.clips = self.clips, clips
        self._left -= 1
        self._number += 1
        return self._number


def forget_last(target: InMemory) -> None:
    target.clips = target.previous


def revive(target: InMemory) -> None:
    target.clips = {f"clip {i}": "an old content" for i in range(400)} | target.clips


def make_up(target: InMemory) -> None:
    target.clips = target.clips | {"nobody's": "clip"}


def keep_all(_target: InMemory) -> None:
    pass


@pytest.mark.parametrize(
    ("harm", "sound"), [(keep_all, True), *((h, False) for h in (forget_last, revive, make_up))]
)
def test_finds_out_who_breaks_its_word(harm: Callable[[InMemory], object], sound: bool) -> None:
    figures = torture(InMemory(harm), rounds=3, seed=0, workload=Workload(writers=1), say=print)
    assert (figures.faults == []) == sound


class ForgetfulUntilRestarted(InMemory):
    """It keeps everything, and shows nothing until its next start, as if a swap had lost it."""

    def __init__(self) -> None:
        super().__init__(keep_all, calls=1_000_000)
        self._is_resting = False

    def start(self) -> None:
        super().start()
        self._is_resting = False

    def rest(self) -> None:
        self._is_resting = True

    def read_all(self) -> dict[str, str]:
        return {} if self._is_resting else self.clips


def test_looks_at_the_living_too() -> None:
    lives = Lives(max_calls=50, max_life_s=0.0, max_start_s=0.0)
    target, workload = ForgetfulUntilRestarted(), Workload(writers=1)
    figures = torture(target, rounds=10, seed=0, workload=workload, say=print, lives=lives)
    assert figures.looks_at_the_living > 0
    assert any("found no clip, must be" in fault for fault in figures.faults)


def test_a_life_lasts_until_so_many_calls_were_acknowledged() -> None:
    lives = Lives(max_calls=100, max_life_s=0.0, max_start_s=0.0)
    target, workload = InMemory(keep_all, calls=1_000_000), Workload(writers=1)
    figures = torture(target, rounds=10, seed=0, workload=workload, say=print, lives=lives)
    assert figures.faults == []
    assert figures.acknowledged_calls >= 200  # of 50 on average


def test_counts_what_was_there_though_nobody_acknowledged_it() -> None:
    target, figures, journal = InMemory(keep_all), Figures(), Journal()
    journal.send({"clip 0": "unanswered"})
    journal.send({"clip 1": "unanswered, too"})
    target.clips = {"clip 0": "unanswered"}
    assert _settle(target, journal, figures) == []
    assert (figures.unacknowledged_calls, figures.unacknowledged_calls_kept) == (2, 1)


@pytest.mark.parametrize("torn", [False, True])
def test_tells_a_log_that_ends_amid_a_transaction(tmp_path: Path, torn: bool) -> None:
    path, log = tmp_path / "clips.sqlite", tmp_path / "clips.sqlite-wal"
    assert not is_half_written(path)
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE clips (document)")
        connection.execute("INSERT INTO clips VALUES (?)", [bytes(20_000)])
        if torn:
            os.truncate(log, log.stat().st_size - 4096 - 24)  # a page and its header
        assert is_half_written(path) == torn
    connection.close()


def acknowledged(journal: Journal, number: int, **changes: str | None) -> None:
    journal.acknowledge(journal.send(changes), number)


def test_what_wasnt_acknowledged_may_be_there_or_not() -> None:
    for found in ({"a": "1"}, {"a": "2"}):
        journal = Journal()
        acknowledged(journal, 1, a="1")
        journal.send({"a": "2"})
        assert journal.settle(found) == []


@pytest.mark.parametrize("found", [{}, {"a": "0"}, {"a": "1"}, {"a": "2", "b": "2"}])
def test_what_was_acknowledged_must_be_there(found: dict[str, str]) -> None:
    journal = Journal()
    acknowledged(journal, 1, a="1")
    acknowledged(journal, 2, a="2")
    assert len(journal.settle(found)) == 1


def test_a_deleted_clip_must_be_gone_in_later_rounds_too() -> None:
    journal = Journal()
    acknowledged(journal, 1, a="1", b="1")
    acknowledged(journal, 2, a=None)
    assert journal.settle({"b": "1"}) == []
    assert journal.settle({"a": "1", "b": "1"}) == ["a: found '1', must be no clip"]


def test_of_calls_at_once_the_larger_number_must_have_won() -> None:
    for found, faults in (({"a": "1"}, []), ({"a": "2"}, ["a: found '2', must be '1'"])):
        journal = Journal()
        calls = [journal.send({"a": "1"}), journal.send({"a": "2"})]
        journal.acknowledge(calls[1], 1)
        journal.acknowledge(calls[0], 2)
        assert journal.settle(found) == faults


def test_of_calls_at_once_without_numbers_either_may_have_won() -> None:
    for found in ({"a": "1"}, {"a": "2"}):
        journal = Journal()
        for call in [journal.send({"a": "1"}), journal.send({"a": "2"})]:
            journal.acknowledge(call, 0)
        assert journal.settle(found) == []


def test_a_call_is_there_whole_or_not_at_all() -> None:
    for found, count in (({"a": "1", "b": "1"}, 0), ({"a": "2", "b": "2"}, 0), ({"a": "2", "b": "1"}, 1)):
        journal = Journal()
        acknowledged(journal, 1, a="1", b="1")
        journal.send({"a": "2", "b": "2"})
        assert len(journal.settle(found)) == count


def test_numbers_must_ascend() -> None:
    journal = Journal()
    acknowledged(journal, 5, a="1")
    acknowledged(journal, 5, b="1")
    assert "2 acknowledged calls have the number 5" in journal.settle({"a": "1", "b": "1"})
    acknowledged(journal, 4, c="1")
    assert journal.settle({"a": "1", "b": "1", "c": "1"}) == ["number 4 was given after 5 was acknowledged"]
