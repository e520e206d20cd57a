"""Every figure of every way and seed: measured, pooled over texts, summed up and kept as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine import describe_machine
from soundtrack.boundaries import Counts
from soundtrack.composed import compose
from soundtrack.figures import CAPTIONED_FIGURES, DESCRIBED, FIGURES
from soundtrack.hearing import Library, captioned, mood_facet
from soundtrack.measures import count
from soundtrack.sentences import Measured, measured
from soundtrack.service import Service, Wish
from soundtrack.texts import LongText, load_stories
from soundtrack.ways import WAYS
from training.listener.files import Half

DEFAULT_SEED = 0  # the nearest clips
SEEDS = (1, 2, 3, 4, 5)  # other clips among the near ones
ALL, CAPTIONED = "all", "captioned"
KEYS = {ALL: (*FIGURES, *DESCRIBED), CAPTIONED: CAPTIONED_FIGURES}

Result = dict[str, Any]
Counted = Mapping[str, Mapping[str, Counts]]  # by title of a text and key of a figure
Texts = Sequence[tuple[LongText, Measured]]


def texts_of(half: Half) -> Texts:
    """The stories and composed texts of a half, with their sentences.

    Raises:
        DataError: if one isn't as it should be.
    """
    return [
        (story, measured(story.text, tuple(scene.start for scene in story.scenes)))
        for story in (*load_stories(half), *compose(half))
    ]


def measure(service: Service, half: Half, ways: Iterable[str] = tuple(WAYS)) -> Result:
    """Measure ways on a half, for every seed, from all instrumental clips and from captioned ones alone."""
    library = Library(tuple(service.instrumental()))
    mains = captioned(library.clips)
    ears = {ALL: library.main_facet, CAPTIONED: lambda clip: mains[clip.id]}
    wishes = {ALL: (), CAPTIONED: tuple(sorted(mains))}
    texts = texts_of(half)
    summed: Result = {}
    for way in ways:
        for clips, ids in wishes.items():
            counted = {
                seed: {
                    story.title: count(
                        story, text, WAYS[way](service, text, Wish(seed, ids)), ears[clips], mood_facet
                    )
                    for story, text in texts
                }
                for seed in (DEFAULT_SEED, *SEEDS)
            }
            summed.setdefault(way, {})[clips] = {
                figure.key: _summed(counted, figure.key) for figure in KEYS[clips]
            }
    return {
        "half": half,
        "machine": describe_machine(),
        "clips": {clips: len(ids) or len(library.clips) for clips, ids in wishes.items()},
        "texts": [_described(story, text) for story, text in texts],
        "figures": summed,
    }


def pooled(counted: Counted, key: str) -> float | None:
    """A figure over texts; None if there is nothing to count."""
    numerator, denominator = (
        sum(side) for side in zip(*(each[key] for each in counted.values()), strict=True)
    )
    return round(numerator / denominator, 4) if denominator else None


def write(result: Result, path: Path) -> None:
    """Keep what was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Result:
    """What was kept.

    Raises:
        FileNotFoundError: if nothing was.
    """
    found: Result = json.loads(path.read_text(encoding="utf-8"))
    return found


def _summed(counted: Mapping[int, Counted], key: str) -> Result:
    """A figure with the default seed, over all texts and for each; and its mean and deviation over SEEDS."""
    over_seeds = [pooled(counted[seed], key) or 0.0 for seed in SEEDS]
    return {
        "default": pooled(counted[DEFAULT_SEED], key),
        "mean": round(float(np.mean(over_seeds)), 4),
        "deviation": round(float(np.std(over_seeds, ddof=1)), 4),
        "by_text": {title: pooled({title: counts}, key) for title, counts in counted[DEFAULT_SEED].items()},
    }


def _described(story: LongText, text: Measured) -> Result:
    return {
        "title": story.title,
        "source": story.source,
        "words": len(text.word_starts),
        "sentences": len(text.sentence_starts),
        "scenes": len(story.scenes),
    }
