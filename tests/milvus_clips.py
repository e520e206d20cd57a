"""Clips for tests of Milvus: those of the committed release, and some of one's own."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.clip_filter import Conditions
from ambiance.music.v1.clip_pb2 import AttributeValue, ClipMetadata
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.index_port import Answers
from music_index_service.loading import Release, load_release
from music_index_service.milvus.answers import MilvusAnswers
from music_index_service.milvus.index import MilvusIndex
from music_index_service.milvus.model import Model
from music_index_service.milvus.release import ReleasedIndex

ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"


@cache
def release() -> Release:
    """The release, as it is served without Milvus."""
    return load_release("default", ARTIFACTS)


@cache
def released() -> ReleasedIndex:
    """Its clips."""
    return ReleasedIndex(release().index.segments[0])


@cache
def model() -> Model:
    """What indexes take from it."""
    return Model.of(release())


def answers(
    index: MilvusIndex, space: str = "mood", conditions: Conditions | None = None, **include: bool
) -> MilvusAnswers:
    """The clips that may answer, by include_unlistenable and include_unavailable: false by default."""
    flags = {"include_unlistenable": False, "include_unavailable": False, **include}
    return MilvusAnswers(index, space, conditions, **flags)


def found(
    index: MilvusIndex, asked: Answers, queries: NDArray[np.float32], count: int
) -> list[tuple[NDArray[np.float32], list[str]]]:
    """Distances and ids of the clips nearest to each query."""
    return [
        (distances, [index.clip(handle).id for handle in handles.tolist()])
        for distances, handles in asked.find(queries, count)
    ]


def own_clip(clip_id: str, seed: int = 0, **fields: object) -> StoredClip:
    """A complete clip that nothing is known of but what a seed lets be heard; fields as in StoredClip."""
    draw = np.random.default_rng(seed)
    moods, facets = draw.dirichlet(np.ones(len(MOODS.names))), draw.random(len(FACETS))
    timbre = draw.normal(size=6)
    heard = [*moods, *facets, *draw.random(len(TRAITS)), *draw.random(3), *timbre / np.linalg.norm(timbre)]
    complete = {"listenable": True, "available": True, **fields}
    return StoredClip(id=clip_id, heard=np.array(heard, "<f4").tobytes(), **complete)


def metadata(attributes: Mapping[str, str | float | bool], **fields: object) -> ClipMetadata:
    """Metadata with attributes by name."""
    return ClipMetadata(attributes={name: _value(value) for name, value in attributes.items()}, **fields)


def _value(value: str | float | bool) -> AttributeValue:
    if isinstance(value, bool):
        return AttributeValue(flag=value)
    return AttributeValue(text=value) if isinstance(value, str) else AttributeValue(number=value)
