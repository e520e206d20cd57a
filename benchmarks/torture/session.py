"""Rounds of starting, looking, writing and killing."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread

from torture.journal import Journal
from torture.target import NotAcknowledgedError, Target, TargetError
from torture.workload import Workload, writing

_KILLED_STARTING_SHARE = 0.15
_LOOKED_AT_SHARE = 0.3  # of lives that are looked at before they are killed, too
_PATIENCE_S = 120.0  # for calls to be acknowledged


@dataclass(frozen=True)
class Lives:
    """How long a target lives at most."""

    max_calls: int = 0  # that it acknowledges first, however long the machine takes for them
    max_life_s: float = 0.5  # and from then until the kill
    max_start_s: float = 0.4  # before the kill of a target that starts


@dataclass
class Figures:
    """What happened in all rounds."""

    kills: int = 0
    kills_while_starting: int = 0
    looks_at_the_living: int = 0
    acknowledged_calls: int = 0
    acknowledged_writes: int = 0
    acknowledged_deletes: int = 0
    unacknowledged_calls: int = 0
    unacknowledged_calls_kept: int = 0  # killed between the commit and its answer; deletions don't show it
    beside: dict[str, int] = field(default_factory=dict)  # what else happened to the target
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def torture(
    target: Target,
    rounds: int,
    seed: int,
    workload: Workload,
    say: Callable[[str], None],
    lives: Lives = Lives(),
) -> Figures:
    """Kill the target `rounds` times, and look after each whether everything it acknowledged is there.

    The last life ends in an orderly way, after which everything must be there, too.
    """
    figures, journal = Figures(), Journal()
    began = time.monotonic()
    try:
        for i in range(rounds):
            _live_and_be_killed(target, journal, workload, lives, f"{seed} {i}", figures)
            if figures.faults:
                say(f"round {i + 1}: {figures.faults[-1]}")
            elif (i + 1) % 20 == 0:
                say(f"round {i + 1} of {rounds}: {figures.acknowledged_calls:,} calls acknowledged, all kept")
        for _ in range(2):
            target.start()
            figures.faults += _settle(target, journal, figures)
            target.stop()
    except TargetError as error:
        figures.faults.append(f"the target failed: {error}")
    finally:
        target.close()
    figures.beside = dict(target.figures)
    figures.seconds = time.monotonic() - began
    return figures


def _live_and_be_killed(
    target: Target, journal: Journal, workload: Workload, lives: Lives, seed: str, figures: Figures
) -> None:
    rng = random.Random(seed)
    figures.kills += 1
    kill_after_s = rng.uniform(0, lives.max_start_s)
    if rng.random() < _KILLED_STARTING_SHARE and _killed_while_starting(target, kill_after_s):
        figures.kills_while_starting += 1
        return
    target.start()
    figures.faults += _settle(target, journal, figures)
    if rng.random() < _LOOKED_AT_SHARE:
        with writing(target, journal, workload, f"{seed} before") as enough:
            _let_live(journal, lives, rng)
            enough.set()
        target.rest()
        figures.faults += _settle(target, journal, figures)
        figures.looks_at_the_living += 1
    with writing(target, journal, workload, seed) as enough:
        try:
            _let_live(journal, lives, rng)
        finally:
            target.kill()
            enough.set()


def _let_live(journal: Journal, lives: Lives, rng: random.Random) -> None:
    calls, until = rng.randint(0, lives.max_calls), time.monotonic() + _PATIENCE_S
    while journal.acknowledged_count < calls and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(rng.uniform(0, lives.max_life_s))


def _killed_while_starting(target: Target, after_s: float) -> bool:
    """Kill it after so many seconds; whether that was before it took writes."""

    def kill() -> None:
        time.sleep(after_s)
        target.kill()

    killer = Thread(target=kill)
    killer.start()
    try:
        target.start()
    except NotAcknowledgedError:
        return True
    finally:
        killer.join()
    target.kill()  # it may have struck before there was a process
    return False


def _settle(target: Target, journal: Journal, figures: Figures) -> list[str]:
    calls = journal.calls
    found = target.read_all()
    faults = journal.settle(found)
    acknowledged = [call for call in calls if call.acknowledged is not None]
    contents = [content for call in acknowledged for content in call.changes.values()]
    figures.acknowledged_calls += len(acknowledged)
    figures.unacknowledged_calls += len(calls) - len(acknowledged)
    figures.unacknowledged_calls_kept += sum(
        call.acknowledged is None
        and any(content and found.get(clip_id) == content for clip_id, content in call.changes.items())
        for call in calls
    )
    figures.acknowledged_deletes += contents.count(None)
    figures.acknowledged_writes += len(contents) - contents.count(None)
    return faults
