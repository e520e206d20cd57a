"""Clips as somebody might write them, and what prepares them, for the tests of several parts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ambiance import artifacts
from ambiance.affect import FACETS, MOODS
from ambiance.index_format.catalog import CATALOG_FILE
from ambiance.index_format.label_hierarchy import LABEL_HIERARCHY_FILE
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.music.v1.clip_pb2 import ClipMetadata
from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.preparation.clip_encoder import ClipEncoder
from music_index_service.preparation.placement_model import PlacementModel
from music_index_service.preparation.preparation import ClipPreparation
from text_encoders import RELEASED


def load_preparation(*, encoder: bool = True) -> ClipPreparation:
    """On the model of the release, with or without its music encoder."""
    index = artifacts.load(RELEASED, artifacts.MUSIC_INDEX)
    names = ClipCatalog.load(index.file(CATALOG_FILE)).label_names
    model = PlacementModel.load(index)
    assert model is not None
    hears = ClipEncoder(artifacts.load(RELEASED, artifacts.MUSIC_ENCODER)) if encoder else None
    return ClipPreparation(model, LabelHierarchy.load(index.file(LABEL_HIERARCHY_FILE), names), hears)


def facets(scores: Sequence[float] = (0.5,) * len(FACETS)) -> list[dict[str, Any]]:
    """All twelve, as messages may be made of."""
    return [{"facet": name, "score": score} for name, score in zip(FACETS, scores, strict=True)]


def moods(scores: Sequence[float] = (0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)) -> list[dict[str, Any]]:
    """All seven."""
    return [{"mood": name, "score": score} for name, score in zip(MOODS.names, scores, strict=True)]


def frames(count: int, seed: int = 0) -> bytes:
    """VGGish's features of so many frames, at random."""
    return np.random.default_rng(seed).integers(0, 256, count * 128, np.uint8).tobytes()


def clip(clip_id: str = "mine", **fields: Any) -> ClipInput:
    """A clip that is right, by its facets, but for the fields that are given."""
    return ClipInput(**{"id": clip_id, "facets": facets(), **fields})


def bearing(attributes: Mapping[str, str | float | bool], **fields: Any) -> ClipMetadata:
    """Metadata with attributes of the types of these values."""
    metadata = ClipMetadata(**fields)
    for name, value in attributes.items():
        if isinstance(value, bool):
            metadata.attributes[name].flag = value
        elif isinstance(value, str):
            metadata.attributes[name].text = value
        else:
            metadata.attributes[name].number = value
    return metadata
