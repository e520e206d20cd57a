"""Where the time of one match goes: its parts timed within one process by counters that are put around them
for this purpose only, hot (again and again) and sparse (one every few milliseconds, caches cold)."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from typing import Any
from unittest.mock import patch

import numpy as np

from bench.figures import spread, timings
from bench.in_process import Answer, services_in_process
from bench.matching import MATCH, RELAY, THREE_ECHOES, match_requests, wire_calls
from bench.options import Options
from bench.timing import alternate, one_core, settled_garbage
from gateway.service import MatchServicer
from music_index_service.engines.faiss_engine import FaissEngine
from music_index_service.service import MusicIndexService
from music_index_service.snapshot import IndexSnapshot
from text_service.encoder import LiteRtEncoder
from text_service.reader import TextReader
from text_service.service import TextServicer

PACES = {"hot": 0.0, "sparse": 0.003}  # seconds between two matches

MESSAGES = "messages: write and read"
# A stage's time is what its function takes without the stages that it calls.
STAGES: tuple[tuple[type, str, str], ...] = (
    (MatchServicer, "MatchText", "gateway"),
    (TextServicer, "EncodeTexts", "text: check, reply"),
    (TextReader, "tokenize", "text: tokenise"),
    (TextReader, "read", "text: pool, rank"),
    (LiteRtEncoder, "encode", "text: model"),
    (MusicIndexService, "FindNeighbors", "index: reply, catalogue"),
    (IndexSnapshot, "search", "index: check, match probability"),
    (FaissEngine, "search", "index: search"),
)


class StageClock:
    """Seconds of each stage of a call, without those of the stages within it. For one thread."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inner: list[float] = []  # of each stage that runs now, the seconds of the stages within it

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which adds its time to a stage."""

        def call(*arguments: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                took = time.perf_counter() - start
                self.seconds[stage] += took - self._inner.pop()
                if self._inner:
                    self._inner[-1] += took

        return call


def measure(options: Options) -> dict[str, Any]:
    """Each stage's time in a match, and a match over the wire and its echoes at the same pace."""
    rounds, count = (2, 10) if options.quick else (20, 100)
    clock = StageClock()
    with one_core(), settled_garbage(), timed_match(options, clock) as match:
        stages = stage_times(match, clock, rounds, count)
    with wire_calls(options.artifacts) as (calls, _), settled_garbage():
        kinds = {name: calls[name] for name in (THREE_ECHOES, RELAY, MATCH)}
        wire = {
            pace: timings(alternate(kinds, rounds=rounds, count=count, pause_s=pause_s))
            for pace, pause_s in PACES.items()
        }
    return {"stages_ms": stages, "wire": wire}


@contextmanager
def timed_match(options: Options, clock: StageClock) -> Iterator[Answer]:
    """A match within this process, whose stages the clock counts."""
    with ExitStack() as stack:
        for owner, name, stage in STAGES:
            stack.enter_context(patch.object(owner, name, clock.timed(stage, getattr(owner, name))))
        answers = stack.enter_context(
            services_in_process(options.artifacts, lambda hop: clock.timed(MESSAGES, hop))
        )
        yield clock.timed(MESSAGES, answers["MatchText"])


def stage_times(match: Answer, clock: StageClock, rounds: int, count: int) -> dict[str, dict[str, Any]]:
    """Milliseconds of each stage by pace: the median match of each round, and the spread over rounds."""
    medians: dict[str, defaultdict[str, list[float]]] = {pace: defaultdict(list) for pace in PACES}
    for round_number in range(-1, rounds):  # the first is the warm-up
        for pace, pause_s in PACES.items():
            for stage, seconds in _round(match, clock, count, pause_s).items():
                if round_number >= 0:
                    medians[pace][stage].append(float(np.median(seconds)) * 1e3)
    return {
        pace: {stage: spread(np.array(each)) for stage, each in stages.items()}
        for pace, stages in medians.items()
    }


def _round(match: Answer, clock: StageClock, count: int, pause_s: float) -> dict[str, list[float]]:
    """Seconds of each stage in each of `count` matches."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for request in islice(cycle(match_requests()), count):
        time.sleep(pause_s)
        clock.seconds.clear()
        match(request)
        for stage, took in clock.seconds.items():
            seconds[stage].append(took)
    return seconds
