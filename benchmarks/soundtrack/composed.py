"""Long texts composed of the listener's benchmark: several of its texts of one scene, then of another.

Sentences of our own that tell of nothing felt stand between scenes and within them, as in any story. The
order is drawn once and for all: a scene never follows one that much the same music fits.
"""

import random
from collections import Counter
from itertools import pairwise

from ambiance.affect import FACETS, SCENES
from soundtrack.texts import FOLDER, LongText, Part, lay_out
from training.data.errors import DataError
from training.data.tables import rows
from training.listener.files import Benchmark, Half, load_benchmark

_TITLES = {("narration", "diary"): "Pages", ("dialogue", "message", "verse"): "Voices"}
_MAX_WORDS = 250  # of a scene: half the time that a longest passage takes
_LINK_EVERY = 3  # texts of a scene
_MOST_SHARED = 1 / 3  # of the facets that fit either of two neighbours
_SEED = 12
_TRIES = 100_000
_BETWEEN, _WITHIN = "between", "within"


def compose(half: Half) -> list[LongText]:
    """The texts composed of a half of the benchmark.

    Raises:
        DataError: if the benchmark or the file of linking sentences isn't as it should be.
    """
    benchmark, links = load_benchmark(half), _links(half)
    random_numbers = random.Random(_SEED)
    texts = []
    for registers, title in _TITLES.items():
        scenes = [
            part for scene in range(len(SCENES)) if (part := _scene(benchmark, scene, registers)) is not None
        ]
        order = _ordered(scenes, random_numbers)
        texts.append(lay_out(f"{title} ({half})", "composed", _linked(order, links), f"composed of {half}"))
    return texts


def _links(half: Half) -> dict[str, list[str]]:
    path = FOLDER / half / "links.tsv"
    links: dict[str, list[str]] = {_BETWEEN: [], _WITHIN: []}
    for (place, sentence), where in rows(path, 2):
        if place not in links:
            raise DataError(f"{where}: {_BETWEEN} or {_WITHIN}, got {place!r}")
        links[place].append(sentence)
    if not all(links.values()):
        raise DataError(f"{path}: needs sentences for {_BETWEEN} and {_WITHIN}")
    return links


def _scene(benchmark: Benchmark, scene: int, registers: tuple[str, ...]) -> Part | None:
    """What the benchmark has of one scene in these registers, at most _MAX_WORDS; None if it has nothing.

    A facet fits, or jars, if it does with at least half of the texts.
    """
    chosen: list[int] = []
    words = 0
    for i, text in enumerate(benchmark.texts):
        if benchmark.scenes[i] != (scene,) or benchmark.registers[i] not in registers:
            continue
        if words + len(text.split()) <= _MAX_WORDS:
            chosen.append(i)
            words += len(text.split())
    if not chosen:
        return None
    fits, jars = (
        frozenset(FACETS[facet] for facet in (judged[chosen].mean(axis=0) >= 0.5).nonzero()[0])
        for judged in (benchmark.fits, benchmark.jars)
    )
    return Part(SCENES[scene], fits, jars - fits, tuple(benchmark.texts[i] for i in chosen))


def _ordered(scenes: list[Part], random_numbers: random.Random) -> list[Part]:
    """An order in which the music changes from scene to scene."""
    for _ in range(_TRIES):
        order = random_numbers.sample(scenes, len(scenes))
        if all(_shared(*pair) <= _MOST_SHARED for pair in pairwise(order)):
            return order
    raise DataError("no order of scenes in which neighbours differ")


def _shared(one: Part, other: Part) -> float:
    return len(one.fits & other.fits) / len(one.fits | other.fits)


def _linked(order: list[Part], links: dict[str, list[str]]) -> list[Part]:
    """The scenes with linking sentences: one opens each but the first, others follow every third text."""
    used: Counter[str] = Counter()

    def link(place: str) -> str:
        used[place] += 1
        return links[place][(used[place] - 1) % len(links[place])]

    linked = []
    for number, part in enumerate(order):
        paragraphs = [link(_BETWEEN)] if number else []
        for i, text in enumerate(part.paragraphs):
            if i and i % _LINK_EVERY == 0:
                paragraphs.append(link(_WITHIN))
            paragraphs.append(text)
        linked.append(Part(part.name, part.fits, part.jars, tuple(paragraphs)))
    return linked
