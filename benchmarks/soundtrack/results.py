"""Every figure of every way and seed, measured, pooled over texts and kept as JSON."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from soundtrack.boundaries import Counts
from soundtrack.composed import compose
from soundtrack.hearing import Library, captioned, mood_facet
from soundtrack.measures import count
from soundtrack.sentences import Measured, measured
from soundtrack.service import Service, Wish
from soundtrack.texts import LongText, load_stories
from soundtrack.ways import WAYS, Cue
from training.listener.files import Half

DEFAULT_SEED = 0  # the nearest clips
SEEDS = (1, 2, 3, 4, 5)  # other clips among the near ones
ALL, CAPTIONED = "all", "captioned"

Result = dict[str, Any]
Texts = Sequence[tuple[LongText, Measured]]


def texts_of(half: Half) -> Texts:
    """The stories and composed texts of a half, with their sentences.

    Raises:
        DataError: if one isn't as it should be.
    """
    return [(story, measured(story.text)) for story in (*load_stories(half), *compose(half))]


def measure(service: Service, half: Half, ways: Iterable[str] = tuple(WAYS)) -> Result:
    """Measure ways on a half, for every seed, from all clips and from the captioned ones alone."""
    library = Library(tuple(service.instrumental()))
    mains = captioned(library.clips)
    ears = {ALL: library.main_facet, CAPTIONED: lambda clip: mains[clip.id]}
    wishes = {ALL: (), CAPTIONED: tuple(sorted(mains))}
    texts = texts_of(half)
    counted: Result = {}
    for way in ways:
        for clips, ids in wishes.items():
            for seed in (DEFAULT_SEED, *SEEDS):
                wish = Wish(seed, ids)
                counted.setdefault(way, {}).setdefault(clips, {})[str(seed)] = {
                    story.title: count(story, text, WAYS[way](service, text, wish), ears[clips], mood_facet)
                    for story, text in texts
                }
    return {
        "half": half,
        "clips": {ALL: len(library.clips), CAPTIONED: len(mains)},
        "texts": [_described(story, text) for story, text in texts],
        "counted": counted,
    }


def pooled(result: Result, way: str, clips: str, seed: int, key: str, titles: Iterable[str] = ()) -> float:
    """A figure over texts: those of some titles, or all; NaN if there is nothing to count."""
    by_title: dict[str, dict[str, Counts]] = result["counted"][way][clips][str(seed)]
    chosen = set(titles) or set(by_title)
    pairs = [counts[key] for title, counts in by_title.items() if title in chosen]
    numerator, denominator = (sum(side) for side in zip(*pairs, strict=True))
    return numerator / denominator if denominator else float("nan")


def over_seeds(result: Result, way: str, clips: str, key: str) -> tuple[float, float]:
    """Mean and standard deviation of a figure over SEEDS."""
    values = [pooled(result, way, clips, seed, key) for seed in SEEDS]
    return float(np.mean(values)), float(np.std(values, ddof=1))


def write(result: Result, path: Path) -> None:
    """Keep what was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Result:
    """What was kept."""
    found: Result = json.loads(path.read_text(encoding="utf-8"))
    return found


def _described(story: LongText, text: Measured) -> Result:
    return {
        "title": story.title,
        "source": story.source,
        "words": len(text.word_starts),
        "sentences": len(text.sentence_starts),
        "scenes": len(story.scenes),
    }


def cue_lines(story: LongText, cues: Sequence[Cue], library: Library) -> list[Result]:
    """Cues as a person reads them: text beside clip, labels and scene."""
    lines = []
    for cue in cues:
        scenes = [scene for scene in story.scenes if scene.start < cue.end and scene.end > cue.start]
        heard = None if cue.clip is None else library.main_facet(cue.clip)
        lines.append(
            {
                "text": " ".join(story.text[cue.start : cue.end].split()),
                "scenes": [scene.name for scene in scenes],
                "verdict": [
                    "fits" if heard in scene.fits else "jars" if heard in scene.jars else "neither"
                    for scene in scenes
                ],
                "clip": None if cue.clip is None else cue.clip.id,
                "labels": [] if cue.clip is None else list(cue.clip.labels),
                "facets": []
                if cue.clip is None
                else [f"{f.facet} {f.score:.0%}" for f in cue.clip.facets[:3]],
                "main": heard,
                "why": "" if cue.said is None else cue.said.why,
            }
        )
    return lines
