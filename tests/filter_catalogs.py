"""Small catalogues of labelled clips, filters over them, and a plain reading of what a filter says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from ambiance import ClipFilter
from ambiance.affect import FACETS, MOODS, TRAITS
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.catalog.postings import Postings
from music_index_service.filtering.filter_vocabulary import FilterVocabulary

# A label may stand below two others, as "Choir" does in AudioSet.
BELOW = {
    "Music": ["Rock music", "Grunge", "Choir", "Rock and roll"],
    "Rock music": ["Grunge", "Rock and roll"],
    "Grunge": [],
    "Rock and roll": [],
    "Singing": ["Choir"],
    "Choir": [],
    "Straße": [],
}
LABELS = tuple(BELOW)
HIERARCHY = LabelHierarchy(LABELS, BELOW)


@dataclass(frozen=True)
class Clip:
    """What a filter may ask of a clip."""

    id: str
    labels: frozenset[int]
    moods: tuple[float, ...]
    facets: tuple[float, ...] = (0.0,) * len(FACETS)
    traits: tuple[float, ...] = (0.0,) * len(TRAITS)
    listenable: bool = True


class FakeCatalog:
    """Clips in a list, ordered by id."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.clips = sorted(clips, key=lambda clip: clip.id)
        self._rows = {clip.id: row for row, clip in enumerate(self.clips)}

    def __len__(self) -> int:
        return len(self.clips)

    def row_of(self, clip_id: str) -> int | None:
        return self._rows.get(clip_id)

    def rows_of_video(self, youtube_id: str) -> NDArray[np.int64]:
        rows = [row for row, clip in enumerate(self.clips) if clip.id.startswith(f"{youtube_id}@")]
        return np.array(rows, np.int64)

    def moods(self) -> NDArray[np.float32]:
        return np.array([clip.moods for clip in self.clips], np.float32).reshape(len(self), 7)

    def facets(self) -> NDArray[np.float32]:
        return np.array([clip.facets for clip in self.clips], np.float32).reshape(len(self), len(FACETS))

    def traits(self) -> NDArray[np.float32]:
        return np.array([clip.traits for clip in self.clips], np.float32).reshape(len(self), len(TRAITS))

    def listenable(self) -> NDArray[np.bool_]:
        return np.array([clip.listenable for clip in self.clips], np.bool_)


def make_terms(catalog: FakeCatalog) -> FilterVocabulary:
    lists = [[row for row, clip in enumerate(catalog.clips) if label in clip.labels] for label in range(7)]
    top = catalog.moods().argmax(axis=1)
    lists += [np.flatnonzero(top == mood).tolist() for mood in range(7)]
    rows = np.array([row for rows in lists for row in rows], np.uint32)
    return FilterVocabulary(HIERARCHY, Postings(rows, np.cumsum([0, *map(len, lists)]), len(LABELS)))


def passes(clip: Clip, conditions: ClipFilter) -> bool:
    """The contract of ClipFilter, word for word, whether or not the clip is worth hearing."""

    def borne(names: Sequence[str]) -> bool:
        own = {LABELS[label] for label in clip.labels}
        return any(name in own or own & set(BELOW[name]) for name in names)

    video = clip.id.partition("@")[0]
    top = MOODS.names[int(np.argmax(np.array(clip.moods, np.float32)))]
    scores = dict(zip(MOODS.names, np.array(clip.moods, np.float32), strict=True))
    facets = dict(zip(FACETS + TRAITS, np.array(clip.facets + clip.traits, np.float32), strict=True))
    return (
        (not conditions.labels or borne(conditions.labels))
        and not borne(conditions.without_labels)
        and (not conditions.moods or top in conditions.moods)
        and all(scores[mood] >= np.float32(least) for mood, least in conditions.min_mood_scores.items())
        and all(facets[name] >= np.float32(least) for name, least in conditions.min_facet_scores.items())
        and all(facets[name] < np.float32(most) for name, most in conditions.max_facet_scores.items())
        and (not conditions.clip_ids or clip.id in conditions.clip_ids)
        and clip.id not in conditions.without_clip_ids
        and (not conditions.youtube_ids or video in conditions.youtube_ids)
        and video not in conditions.without_youtube_ids
    )


VIDEO_IDS = [f"video-____{end}" for end in "-0A_az"]
CLIP_IDS = [f"{video}@{second}" for video in VIDEO_IDS for second in ("0", "30", "7.5")]
SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])  # few, so that equals are common
FACET_SCORES = st.dictionaries(st.sampled_from(FACETS + TRAITS), SCORES.filter(bool), max_size=2)

CATALOGS = st.lists(
    st.builds(
        Clip,
        st.sampled_from(CLIP_IDS),
        st.frozensets(st.integers(0, len(LABELS) - 1), max_size=3),
        st.tuples(*[SCORES] * 7),
        st.tuples(*[SCORES] * len(FACETS)),
        st.tuples(*[SCORES] * len(TRAITS)),
        st.booleans(),
    ),
    unique_by=lambda clip: clip.id,
    max_size=15,
).map(FakeCatalog)

FILTERS = st.builds(
    ClipFilter,
    labels=st.lists(st.sampled_from(LABELS), max_size=2),
    without_labels=st.lists(st.sampled_from(LABELS), max_size=2),
    moods=st.lists(st.sampled_from(MOODS.names), max_size=4),
    min_mood_scores=st.dictionaries(st.sampled_from(MOODS.names), SCORES.filter(bool), max_size=2),
    min_facet_scores=FACET_SCORES,
    max_facet_scores=FACET_SCORES,
    clip_ids=st.lists(st.sampled_from(CLIP_IDS), max_size=6),
    without_clip_ids=st.lists(st.sampled_from(CLIP_IDS), max_size=3),
    youtube_ids=st.lists(st.sampled_from(VIDEO_IDS), max_size=4),
    without_youtube_ids=st.lists(st.sampled_from(VIDEO_IDS), max_size=2),
)
