"""A small released index, and clips to write beside it, for tests of what is written."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOOD_SPACE, MOODS, TRAITS, VAD_SPACE
from ambiance.artifacts import Space
from ambiance.index_writing.postings import list_postings
from ambiance.placement import EncodedClips, ListenabilityRule
from ambiance.placement.estimates import Estimates
from ambiance.placement.mood_space import DIMENSION, unpriced
from ambiance.placement.squared_l2 import append_price
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service import engines
from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.catalog.postings import Postings
from music_index_service.filtering.filter_vocabulary import FilterVocabulary
from music_index_service.filtering.filters import ClipFilters
from music_index_service.live.model import IndexModel
from music_index_service.live.own_catalog import Written, columns_of
from music_index_service.preparation.placement_model import PlacementModel
from music_index_service.snapshot import IndexSnapshot

LABELS = ("Music", "Lullaby", "Rock music", "Speech")
SPACES = {
    VAD_SPACE: Space(name=VAD_SPACE, dimension=3, metric="squared_l2", lineage="vad-1"),
    MOOD_SPACE: Space(name=MOOD_SPACE, dimension=DIMENSION, metric="squared_l2", lineage="mood-1"),
}
PRICE, CONSTANT = 0.5, 200.0
RULE = ListenabilityRule(frozenset(), frozenset({"Speech"}), 0.6, 0.35, 0.62)


def heard(count: int, seed: int) -> EncodedClips:
    """What is heard in clips at random."""
    draw = np.random.default_rng(seed)
    moods = draw.dirichlet(np.ones(len(MOODS.names)), count)
    timbre = draw.normal(size=(count, 6))
    columns = (
        moods,
        draw.uniform(0.03, 0.97, (count, len(FACETS))),
        draw.random((count, len(TRAITS))),
        draw.random((count, 3)),
        timbre / np.linalg.norm(timbre, axis=1, keepdims=True),
    )
    return EncodedClips(*(column.astype(np.float32) for column in columns))


def clips(ids: Sequence[str], seed: int) -> list[StoredClip]:
    """Complete clips, every fifth not worth hearing."""
    packed = heard(len(ids), seed).packed()
    return [
        StoredClip(
            id=clip_id,
            youtube_id=f"video-{i % 7:05d}",
            labels=["Music", LABELS[1 + (i + seed) % 3]],
            heard=packed[i],
            listenable=(i + seed) % 5 != 0,
            available=True,
        )
        for i, clip_id in enumerate(ids)
    ]


def vectors_of(written: Sequence[StoredClip]) -> dict[str, NDArray[np.float32]]:
    """Space -> [n, dimension], at the price of clips that nothing is known of."""
    encoded = EncodedClips.unpacked([clip.heard for clip in written])
    prices = np.full(len(encoded), PRICE, np.float32)
    return {VAD_SPACE: encoded.vad, MOOD_SPACE: append_price(unpriced(encoded), prices, CONSTANT)}


@cache
def model(version: int = 1, count: int = 40) -> IndexModel:
    """A released index of `count` clips "r-000", "r-001", ...; another version has others of these ids."""
    placement = PlacementModel(
        MOOD_SPACE,
        CONSTANT,
        PRICE,
        np.abs(np.random.default_rng(9).normal(size=(200, DIMENSION))).astype(np.float32),
        Estimates.fit(heard(300, 1)),
        RULE,
    )
    hierarchy = LabelHierarchy(LABELS, {name: [] for name in LABELS})
    empty = Postings(np.empty(0, np.uint32), np.zeros(12, np.int64), len(LABELS))
    bare = IndexModel(None, FilterVocabulary(hierarchy, empty), LABELS, placement)  # type: ignore[arg-type]
    released = clips([f"r-{i:03d}" for i in range(count)], 100 + version)
    batch = columns_of([Written(clip, 0) for clip in released], bare).catalog
    catalog = ClipCatalog(batch)
    rows, starts = list_postings(batch)
    vocabulary = FilterVocabulary(hierarchy, Postings(rows, starts, len(LABELS)))
    ordered = sorted(released, key=lambda clip: clip.id)
    held = {name: engines.flat(vectors_of(ordered)[name], space) for name, space in SPACES.items()}
    snapshot = IndexSnapshot.released("default", version, held, catalog, ClipFilters(catalog, vocabulary))
    return replace(bare, released=snapshot, vocabulary=vocabulary)
