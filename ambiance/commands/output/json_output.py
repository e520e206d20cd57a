"""Answers as the command line prints them for programs: one JSON object."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ambiance.results import (
    Clip,
    ClipMetadata,
    EmotionScore,
    EncodedText,
    Evidence,
    FacetScore,
    MatchResult,
    MoodScore,
    Neighbor,
    SceneScore,
    SearchResult,
    Vad,
    VadDifference,
    Vector,
    WordInfluence,
)

DIGITS = 7  # significant ones; a 32-bit float, which every figure here is, holds no more


def match_as_json(result: MatchResult) -> str:
    """One JSON object; distances, scores and coordinates are as in MatchResult."""
    answer = answer_object(result)
    return document({"text": text_object(result.text), "model": result.text.model._asdict(), **answer})


def text_as_json(text: EncodedText) -> str:
    """One JSON object; scores and coordinates are as in EncodedText."""
    return document({"text": text_object(text), "model": text.model._asdict()})


def clips_as_json(clips: Iterable[Clip]) -> str:
    """One JSON object; scores and coordinates are as in Clip."""
    return document({"clips": list(map(_clip_object, clips))})


def found_as_json(vector: Vector, result: SearchResult) -> str:
    """One JSON object: the vector that was searched by, and what is near it."""
    return document({"query": {"space": vector.space, **_vector_object(vector)}, **answer_object(result)})


def similar_as_json(clip_ids: Iterable[str], results: Iterable[SearchResult]) -> str:
    """One JSON object: for each clip what is like it."""
    pairs = zip(clip_ids, results, strict=True)
    return document({"results": [{"clip_id": clip_id, **answer_object(result)} for clip_id, result in pairs]})


def path_as_json(start: EncodedText, end: EncodedText, result: SearchResult) -> str:
    """One JSON object: both texts, and the clips that lead from one to the other, in their order."""
    return document(
        {
            "start": text_object(start),
            "end": text_object(end),
            "model": start.model._asdict(),
            **answer_object(result),
        }
    )


def answer_object(result: SearchResult | MatchResult) -> dict[str, Any]:
    clips = [
        {"rank": rank, **neighbor_object(neighbor)} for rank, neighbor in enumerate(result.neighbors, start=1)
    ]
    return {
        "clips": clips,
        "shortfall_reason": result.shortfall_reason,
        "filter_effect": result.filter_effect and result.filter_effect._asdict(),
        "left_out_clip_count": result.left_out_clip_count,
        "space": {
            "name": result.space.name,
            "dimension": result.space.dimension,
            "metric": result.space.metric,
            "lineage": result.space.lineage,
        },
        "index": result.index._asdict(),
    }


def text_object(text: EncodedText) -> dict[str, Any]:
    return {
        "notices": [notice._asdict() for notice in text.notices],
        "evidence": _evidence_object(text.evidence),
        "scenes": _score_objects(text.scenes),
        "facets": [facet._asdict() | {"weight": rounded(facet.weight)} for facet in text.facets],
        "emotions": _score_objects(text.emotions),
        "vad": axes_object(text.vad),
        "vectors": {space: _vector_object(vector) for space, vector in text.vectors.items()},
        "embedding": _rounded_all(text.embedding),
        "word_influences": [_influence_object(influence) for influence in text.word_influences],
        "token_count": text.token_count,
        "unknown_token_count": text.unknown_token_count,
        "window_count": text.window_count,
    }


def neighbor_object(neighbor: Neighbor) -> dict[str, Any]:
    return {
        **_clip_object(neighbor.clip),
        "distance": rounded(neighbor.distance),
        "match_probability": _rounded_if_any(neighbor.match_probability),
        "vad_difference": neighbor.vad_difference and axes_object(neighbor.vad_difference),
        "why": _score_objects(neighbor.why),
    }


def _clip_object(clip: Clip) -> dict[str, Any]:
    return {
        "id": clip.id,
        "youtube_id": clip.youtube_id,
        "url": clip.url,
        "start_seconds": rounded(clip.start_seconds),
        "end_seconds": rounded(clip.end_seconds),
        "labels": clip.labels,
        "mood_labels": clip.mood_labels,
        "moods": _score_objects(clip.moods),
        "vad": axes_object(clip.vad),
        "facets": _score_objects(clip.facets),
        "traits": _score_objects(clip.traits),
        "listenable": clip.listenable,
        "available": clip.available,
        "metadata": _metadata_object(clip.metadata),
    }


def _metadata_object(metadata: ClipMetadata) -> dict[str, Any]:
    """Every field, and numbers among the attributes as they were written: they are 64-bit floats."""
    return {**asdict(metadata), "duration_seconds": rounded(metadata.duration_seconds)}


def _score_objects(
    scores: Iterable[EmotionScore | SceneScore | MoodScore | FacetScore],
) -> list[dict[str, Any]]:
    return [score._asdict() | {"score": rounded(score.score)} for score in scores]


def _evidence_object(evidence: Evidence) -> dict[str, Any]:
    return evidence._asdict() | {"score": rounded(evidence.score)}


def axes_object(axes: Vad | VadDifference) -> dict[str, float]:
    return {axis: rounded(value) for axis, value in axes._asdict().items()}


def _influence_object(influence: WordInfluence) -> dict[str, Any]:
    figures = {"shift": rounded(influence.shift), "share_change": rounded(influence.share_change)}
    return influence._asdict() | figures


def _vector_object(vector: Vector) -> dict[str, Any]:
    return {"values": _rounded_all(vector.values), "lineage": vector.lineage}


def _rounded_all(values: Iterable[float]) -> list[float]:
    return [rounded(value) for value in values]


def rounded(value: float) -> float:
    """A number without the digits that come only from widening a 32-bit float."""
    return float(f"{value:.{DIGITS}g}")


def _rounded_if_any(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def document(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2)
