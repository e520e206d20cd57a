"""How the command line shows answers: to people as text of at most 100 columns, to machines as JSON."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from ambiance.results import (
    Clip,
    EncodedText,
    MatchResult,
    Metric,
    Neighbor,
    Score,
    ShortfallReason,
    Vad,
    Vector,
)

WIDTH = 100
TOP_EMOTIONS = 3
TOP_MOODS = 2
JSON_DIGITS = 7  # significant ones; a 32-bit float, which every figure here is, holds no more

_METRICS = {
    Metric.SQUARED_L2: "squared Euclidean distance, smaller is nearer",
    Metric.INNER_PRODUCT: "inner product, larger is nearer",
    Metric.UNKNOWN: "a metric that this client doesn't know",
}
_SHORTFALLS = {
    ShortfallReason.CATALOG_SMALLER_THAN_K: "the index holds no more",
    ShortfallReason.UNKNOWN: "for a reason that this client doesn't know",
}


class Style:
    """Emphasis on a terminal that shows it; plain text elsewhere."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def strong(self, text: str) -> str:
        """Bold."""
        return self._wrapped("1", text)

    def faint(self, text: str) -> str:
        """Dimmed."""
        return self._wrapped("2", text)

    def _wrapped(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def match_for_people(result: MatchResult, style: Style) -> str:
    """The text's emotion, its clips, and what made the answer."""
    return "\n".join(_match_lines(result, style))


def text_for_people(text: EncodedText, style: Style) -> str:
    """The text's emotion, and the model that read it."""
    model = style.faint(f"model {text.model.kind} {text.model.version}")
    return "\n".join([*_text_lines(text, style), model])


def match_as_json(result: MatchResult) -> str:
    """One JSON object; distances, shares and coordinates are as in MatchResult."""
    clips = [
        {"rank": rank, **_neighbor_object(neighbor)}
        for rank, neighbor in enumerate(result.neighbors, start=1)
    ]
    return _document(
        {
            "text": _text_object(result.text),
            "clips": clips,
            "shortfall_reason": result.shortfall_reason,
            "space": {
                "name": result.space.name,
                "dimension": result.space.dimension,
                "metric": result.space.metric,
                "lineage": result.space.lineage,
            },
            "model": result.text.model._asdict(),
            "index": result.index._asdict(),
        }
    )


def text_as_json(text: EncodedText) -> str:
    """One JSON object; shares and coordinates are as in EncodedText."""
    return _document({"text": _text_object(text), "model": text.model._asdict()})


def _match_lines(result: MatchResult, style: Style) -> Iterator[str]:
    yield from _text_lines(result.text, style)
    for rank, neighbor in enumerate(result.neighbors, start=1):
        yield ""
        yield from _neighbor_lines(rank, neighbor, style)
    yield ""
    if result.shortfall_reason is not None:
        yield f"found {len(result.neighbors):,}: {_SHORTFALLS[result.shortfall_reason]}"
    yield style.faint(f"space {result.space.name}: {_METRICS[result.space.metric]}")
    model, index = result.text.model, result.index
    yield style.faint(f"model {model.kind} {model.version}, index {index.kind} {index.version}")


def _text_lines(text: EncodedText, style: Style) -> Iterator[str]:
    yield style.strong(_shares(text.emotions[:TOP_EMOTIONS]))
    yield _coordinates(text.vad)
    if text.unknown_token_count:
        yield f"{text.unknown_token_count:,} of {text.token_count:,} words unknown to the model"


def _neighbor_lines(rank: int, neighbor: Neighbor, style: Style) -> Iterator[str]:
    clip = neighbor.clip
    span = f"{clip.start_seconds:g}–{clip.end_seconds:g} s"
    yield f"{rank:>4}  {style.strong(f'{clip.url:<36}')}  {span:<12}  distance {neighbor.distance:.3g}"
    yield from textwrap.wrap(", ".join(clip.labels), WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    yield " " * 6 + style.faint(_moods(clip))


def _moods(clip: Clip) -> str:
    """The strongest moods, and those that annotators gave the clip wherever they rank."""
    annotated = set(clip.mood_labels)
    chosen = [mood for rank, mood in enumerate(clip.moods) if rank < TOP_MOODS or mood.label in annotated]
    return ", ".join(
        f"{_shares([mood])} (annotated)" if mood.label in annotated else _shares([mood]) for mood in chosen
    )


def _shares(scores: "tuple[Score, ...] | list[Score]") -> str:
    return ", ".join(f"{score.label} {score.share:.0%}" for score in scores)


def _coordinates(vad: Vad) -> str:
    return f"valence {vad.valence:.2f}, arousal {vad.arousal:.2f}, dominance {vad.dominance:.2f}"


def _text_object(text: EncodedText) -> dict[str, Any]:
    return {
        "emotions": _score_objects(text.emotions, "emotion"),
        "vad": _vad_object(text.vad),
        "vectors": {space: _vector_object(vector) for space, vector in text.vectors.items()},
        "token_count": text.token_count,
        "unknown_token_count": text.unknown_token_count,
        "window_count": text.window_count,
    }


def _neighbor_object(neighbor: Neighbor) -> dict[str, Any]:
    clip = neighbor.clip
    return {
        "id": clip.id,
        "youtube_id": clip.youtube_id,
        "url": clip.url,
        "start_seconds": _rounded(clip.start_seconds),
        "end_seconds": _rounded(clip.end_seconds),
        "distance": _rounded(neighbor.distance),
        "labels": clip.labels,
        "mood_labels": clip.mood_labels,
        "moods": _score_objects(clip.moods, "mood"),
        "vad": _vad_object(clip.vad),
    }


def _score_objects(scores: tuple[Score, ...], label: str) -> list[dict[str, Any]]:
    return [{label: score.label, "score": _rounded(score.share)} for score in scores]


def _vad_object(vad: Vad) -> dict[str, float]:
    return {axis: _rounded(value) for axis, value in vad._asdict().items()}


def _vector_object(vector: Vector) -> dict[str, Any]:
    return {"values": [_rounded(value) for value in vector.values], "lineage": vector.lineage}


def _rounded(value: float) -> float:
    """Without the digits that widening a 32-bit float made up."""
    return float(f"{value:.{JSON_DIGITS}g}")


def _document(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2)
