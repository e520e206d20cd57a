"""Writers that change the same few clips at once, until their target is killed."""

import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from torture.journal import Changes, Journal
from torture.target import NotAcknowledgedError, Target

_MAX_CONTENT = 400
_DELETED_SHARE = 0.3
_SINGLE_SHARE = 0.5
_PAUSE_S = 0.2  # after a call that wasn't acknowledged


@dataclass(frozen=True)
class Workload:
    """How many write at once, to how many clips, how many of them in one call."""

    writers: int = 8
    clips: int = 400
    max_changes: int = 40


@contextmanager
def writing(target: Target, journal: Journal, workload: Workload, seed: str) -> Iterator[Event]:
    """Write until the event that it gives is set, within: once that is enough, or the target was killed.

    Raises:
        TargetError: whatever a writer met.
    """
    enough = Event()
    with ThreadPoolExecutor(workload.writers) as pool:
        writers: list[Future[None]] = [
            pool.submit(_write, target, journal, workload, f"{seed} {i}", enough)
            for i in range(workload.writers)
        ]
        yield enough
    for writer in writers:
        writer.result()


def _write(target: Target, journal: Journal, workload: Workload, seed: str, enough: Event) -> None:
    rng = random.Random(seed)
    step = 0
    while not enough.is_set():
        step += 1
        changes = _changes(rng, workload, f"{seed} {step}")
        call = journal.send(changes)
        contents = {clip_id: content for clip_id, content in changes.items() if content is not None}
        try:
            number = target.write(contents) if contents else target.delete(list(changes))
        except NotAcknowledgedError:
            enough.wait(_PAUSE_S)
        else:
            journal.acknowledge(call, number)


def _changes(rng: random.Random, workload: Workload, token: str) -> Changes:
    """Deletions, or contents that no other call writes."""
    count = 1 if rng.random() < _SINGLE_SHARE else rng.randint(2, workload.max_changes)
    ids = [f"clip {i}" for i in rng.sample(range(workload.clips), count)]
    if rng.random() < _DELETED_SHARE:
        return dict.fromkeys(ids)
    return {clip_id: f"{token} ".ljust(rng.randint(16, _MAX_CONTENT), "x") for clip_id in ids}
