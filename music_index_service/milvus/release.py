"""The clips of a released index, complete, as an index in Milvus is given them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOOD_SPACE, MOODS
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.catalog.clip_catalog import Clip, ClipCatalog
from music_index_service.milvus.rows import Vectors
from music_index_service.segment import Segment

_AT_ONCE = 1_000
_TIMBRE = slice(len(FACETS), len(FACETS) + 6)  # where it lies in a mood vector, scaled


@dataclass(frozen=True)
class ReleasedClips:
    """Some clips of a release."""

    clips: list[StoredClip]
    vectors: Vectors
    mood_labels: list[list[int]]  # that annotators gave, by number


@dataclass(frozen=True, eq=False)
class ReleasedIndex:
    """A released index that is loaded."""

    segment: Segment

    @property
    def catalog(self) -> ClipCatalog:
        """Its clips."""
        return self.segment.catalog

    def __len__(self) -> int:
        """Clips held."""
        return len(self.catalog)

    def rows_of(self, clip_ids: list[str]) -> NDArray[np.int64]:
        """<int64>[n] rows of those clips that are part of it."""
        rows = (self.catalog.row_of(clip_id) for clip_id in clip_ids)
        return np.array([row for row in rows if row is not None], np.int64)

    def batches(self) -> Iterator[ReleasedClips]:
        """All clips, some at a time."""
        for start in range(0, len(self), _AT_ONCE):
            yield self.take(np.arange(start, min(start + _AT_ONCE, len(self))))

    def take(self, rows: NDArray[np.int64]) -> ReleasedClips:
        """Clips by their rows <int64>[n]."""
        vectors = {space: engine.vectors(rows) for space, engine in self.segment.engines.items()}
        timbre = (
            _unit(vectors[MOOD_SPACE][:, _TIMBRE])
            if MOOD_SPACE in vectors
            else np.zeros((len(rows), 6), np.float32)
        )
        clips = [self.catalog.clip(row) for row in rows.tolist()]
        stored = [_stored(clip, of_it) for clip, of_it in zip(clips, timbre, strict=True)]
        mood_labels = [[MOODS.names.index(mood) for mood in clip.mood_labels] for clip in clips]
        return ReleasedClips(stored, vectors, mood_labels)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _stored(clip: Clip, timbre: NDArray[np.float32]) -> StoredClip:
    facets = dict(clip.facets)
    traits = (score for _, score in clip.traits)
    scores = [*clip.moods, *(facets[name] for name in FACETS), *traits, *clip.vad]
    return StoredClip(
        id=clip.id,
        youtube_id=clip.youtube_id,
        start_seconds=clip.start_seconds,
        end_seconds=clip.end_seconds,
        labels=clip.labels,
        heard=np.array([*scores, *timbre.tolist()], "<f4").tobytes(),
        listenable=clip.listenable,
        available=True,
    )
