"""Filters before any search: how long it takes to find the clips that one lets through, the first time and
again, at the size of the release and of AudioSet."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from ambiance import ClipFilter, artifacts
from ambiance.index_format.catalog import CATALOG_FILE
from bench.options import Options
from bench.scaled import AUDIOSET_CLIPS, QUICK_CLIPS, RELEASED_CLIPS, scaled_artifacts
from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.filtering.filter_vocabulary import FilterVocabulary
from music_index_service.filtering.filters import ClipFilters

FILTERS = {
    "a label": ClipFilter(labels=["Grunge"]),
    "a genre": ClipFilter(labels=["Rock music"]),
    "every instrument": ClipFilter(labels=["Musical instrument"]),
    "without a label": ClipFilter(without_labels=["Speech"]),
    "a mood": ClipFilter(moods=["sad"]),
    "least score of a mood": ClipFilter(min_mood_scores={"sad": 0.3}),
    "a genre of a mood": ClipFilter(labels=["Rock music"], moods=["sad"]),
}


def measure(options: Options) -> dict[str, Any]:
    """Times by clips of the index and by filter; also of a thousand clips left out."""
    rounds = 3 if options.quick else 30
    sizes = {RELEASED_CLIPS: options.artifacts}
    larger = QUICK_CLIPS if options.quick else AUDIOSET_CLIPS
    sizes[larger] = scaled_artifacts(options, larger)
    return {f"{clips} clips": _measure(folder, rounds) for clips, folder in sizes.items()}


def _measure(folder: Path, rounds: int) -> dict[str, Any]:
    artifact = artifacts.load(folder, artifacts.MUSIC_INDEX)
    catalog = ClipCatalog.load(artifact.file(CATALOG_FILE))
    vocabulary = FilterVocabulary.load(artifact, catalog)
    heard = [catalog.clip_id(row) for row in range(0, len(catalog), len(catalog) // 1_000)][:1_000]
    asked = {"without a thousand clips": ClipFilter(without_clip_ids=heard)}
    return {
        name: _times(catalog, vocabulary, conditions, rounds)
        for name, conditions in ((FILTERS if vocabulary is not None else {}) | asked).items()
    }


def _times(
    catalog: ClipCatalog, vocabulary: FilterVocabulary | None, conditions: ClipFilter, rounds: int
) -> dict[str, float | int]:
    """Medians over so many rounds, each with nothing kept from the one before."""
    seconds = np.empty((rounds, 2))
    for row in range(rounds):
        filters = ClipFilters(catalog, vocabulary)
        for column in range(2):
            start = time.perf_counter()
            passing = filters.apply(conditions)
            seconds[row, column] = time.perf_counter() - start
    first, again = (np.median(seconds, axis=0) * 1e3).tolist()
    return {"clips": len(passing.rows), "first_ms": round(first, 3), "again_ms": round(again, 4)}
