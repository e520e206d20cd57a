"""How fast soundtracks come and what they cost on one core: novels of several lengths, of the dev half."""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from soundtrack.sentences import measured
from soundtrack.service import Service, Wish
from soundtrack.texts import LongText, load_stories
from soundtrack.ways import SENTENCES, SOUNDTRACK, WAYS, WINDOWS

WORDS = (1_000, 10_000, 100_000)
_COMPARED_WORDS = 10_000
_LOOK_S = 0.05
_SEED = 8
_ROUNDS = 5


def speed(service: Service) -> dict[str, Any]:
    """Seconds to the first cue and the last, by the clock and of the core, and memory, by words of a novel.

    The process that serves keeps to one core from here on.
    """
    _pin(service.running.process.pid)
    stories = load_stories("dev")
    _compose(service, novel(stories, WORDS[0]))  # whatever is loaded by the first call
    lengths = {str(words): _median(service, novel(stories, words)) for words in WORDS}
    text = measured(novel(stories, _COMPARED_WORDS))
    rates = {}
    for way in (SOUNDTRACK, SENTENCES, WINDOWS):
        began = time.perf_counter()
        WAYS[way](service, text, Wish())
        rates[way] = len(text.word_starts) / (time.perf_counter() - began)
    return {"lengths": lengths, "words_a_second": rates, "load_average": os.getloadavg()[0]}


def novel(stories: list[LongText], words: int) -> str:
    """A text of at least so many words: scenes of the stories, in a new order each time all are used."""
    scenes = [story.text[scene.start : scene.end].strip() for story in stories for scene in story.scenes]
    random_numbers, parts, count = random.Random(_SEED), [], 0
    while True:
        for scene in random_numbers.sample(scenes, len(scenes)):
            parts.append(scene)
            count += len(scene.split())
            if count >= words:
                return "\n\n".join(parts)


def _median(service: Service, text: str) -> dict[str, float]:
    """The median of each figure over _ROUNDS."""
    rounds = [_compose(service, text) for _ in range(_ROUNDS)]
    return {name: median(each[name] for each in rounds) for name in rounds[0]}


def _compose(service: Service, text: str) -> dict[str, float]:
    process = service.running.process.pid
    with _watched(service) as most:
        began, cues = _now(process), 0
        first = began
        for part in service.soundtrack(text, Wish()):
            if part.WhichOneof("part") == "cue":
                first = first if cues else _now(process)
                cues += 1
        ended = _now(process)
    words = len(text.split())
    return {
        "words": words,
        "cues": cues,
        "first_cue_s": first[0] - began[0],
        "first_cue_cpu_s": first[1] - began[1],
        "seconds": ended[0] - began[0],
        "cpu_s": ended[1] - began[1],
        **most,
    }


def _now(process: int) -> tuple[float, float]:
    """Seconds of the clock, and those that a process had of a core."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])  # user's and system's
    return time.perf_counter(), ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def _watched(service: Service) -> Iterator[dict[str, float]]:
    """The process's own memory before, and the most of it until the block ends, in MB."""
    before = service.running.memory_mb()["anonymous_mb"]
    most, ended = {"before_mb": before, "most_mb": before}, threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_S):
            most["most_mb"] = max(most["most_mb"], service.running.memory_mb()["anonymous_mb"])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def _pin(process: int) -> None:
    """Keep every thread of a process, and those that they start, to one core."""
    core = min(os.sched_getaffinity(0))
    for thread in os.listdir(f"/proc/{process}/task"):
        os.sched_setaffinity(int(thread), {core})
