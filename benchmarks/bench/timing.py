"""How the benchmarks take times: what is compared alternates in blocks within one run, so that a noisy moment
of the machine falls on all alike, and each block is a repetition."""

import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

Call = Callable[[int], object]  # takes the number of the call, to choose its input by
Seconds = NDArray[np.float64]  # [rounds, calls] what each call took


def alternate(
    calls: Mapping[str, Call], *, rounds: int, count: int, pause_s: float = 0.0, warm_up: int | None = None
) -> dict[str, Seconds]:
    """Time `count` calls of each kind in every round, after `warm_up` calls that don't count.

    Args:
        calls: what is compared, by name.
        rounds: repetitions, at least 1; the kind that a round begins with changes from round to round.
        count: calls of a kind in a row, at least 1.
        pause_s: seconds to sleep before each call, so that it finds the caches cold as sparse traffic does.
        warm_up: as many as a round has, unless given.
    """
    if rounds < 1 or count < 1:
        raise ValueError(f"rounds and count: at least 1, got {rounds} and {count}")
    seconds: dict[str, Seconds] = {name: np.empty((rounds, count)) for name in calls}
    for call in calls.values():
        time_calls(call, count if warm_up is None else warm_up)
    names = list(calls)
    for row in range(rounds):
        first = row % len(names)
        for name in names[first:] + names[:first]:
            seconds[name][row] = time_calls(calls[name], count, pause_s)
    return seconds


def time_calls(call: Call, count: int, pause_s: float = 0.0) -> Seconds:
    """Seconds <float64>[count] that each call took, one after another."""
    seconds = np.empty(count)
    for number in range(count):
        if pause_s:
            time.sleep(pause_s)
        start = time.perf_counter()
        call(number)
        seconds[number] = time.perf_counter() - start
    return seconds


@contextmanager
def one_core() -> Iterator[int]:
    """Keep this thread, and those it starts, on one core; yields its number."""
    allowed = os.sched_getaffinity(0)
    core = max(allowed)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, allowed)


@contextmanager
def settled_garbage() -> Iterator[None]:
    """Leave what exists by now out of Python's garbage collections, as a server that has loaded does."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
