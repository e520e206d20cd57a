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


@dataclass(frozen=True)
class Lives:
    """How long a target lives at most, in seconds."""

    max_life_s: float = 0.5  # between the first write and the kill
    max_start_s: float = 0.4  # before the kill of a target that starts


@dataclass
class Figures:
    """What happened in all rounds."""

    kills: int = 0
    kills_while_starting: int = 0
    acknowledged_calls: int = 0
    acknowledged_writes: int = 0
    acknowledged_deletes: int = 0
    unacknowledged_calls: int = 0
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
    with writing(target, journal, workload, seed):
        try:
            time.sleep(rng.uniform(0, lives.max_life_s))
        finally:
            target.kill()


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
    faults = journal.settle(target.read_all())
    acknowledged = [call for call in calls if call.acknowledged is not None]
    contents = [content for call in acknowledged for content in call.changes.values()]
    figures.acknowledged_calls += len(acknowledged)
    figures.unacknowledged_calls += len(calls) - len(acknowledged)
    figures.acknowledged_deletes += contents.count(None)
    figures.acknowledged_writes += len(contents) - contents.count(None)
    return faults
