"""Filters in Milvus's language for expressions. What a caller wrote reaches it as literals alone."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from ambiance.affect import MOODS
from ambiance.attribute_conditions import BUILT_IN, AttributeCondition, Value
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.filtering.canonical_filter import CanonicalFilter
from music_index_service.milvus.attributes import held_text

NOTHING = "space < -9"  # met by no row

_ESCAPES = {ord('"'): r"\"", ord("\\"): r"\\", ord("\n"): r"\n", ord("\r"): r"\r", ord("\t"): r"\t"}


def literal(value: Value) -> str:
    """A value as Milvus reads it. Text ends only at its own quote, whatever it holds."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value.translate(_ESCAPES)}"' if isinstance(value, str) else repr(float(value))


def among(field: str, values: Iterable[str]) -> str:
    """That a field's text is one of these."""
    return f"{field} in [{', '.join(map(literal, values))}]"


def every(*conditions: str) -> str:
    """That all conditions are met; empty ones say nothing."""
    return " and ".join(f"({condition})" for condition in conditions if condition)


def answers(space: int, *, unlistenable: bool, unavailable: bool) -> str:
    """The rows of a space that may be answers; with those not worth hearing, or not playable, if asked."""
    worth = "" if unlistenable else "listenable == true"
    playable = "" if unavailable else "available == true"
    return every(f"space == {space}", worth, playable)


def met(conditions: CanonicalFilter, labels: LabelHierarchy) -> str:
    """The rows that meet conditions, whatever their space, and whether they are worth hearing or not."""
    return every(*_clauses(conditions, labels), *map(attribute_clause, conditions.attributes))


def _clauses(conditions: CanonicalFilter, labels: LabelHierarchy) -> Iterator[str]:
    if conditions.labels:
        yield bearing(labels.closure(conditions.labels))
    if conditions.without_labels:
        yield f"not {bearing(labels.closure(conditions.without_labels))}"
    if conditions.moods:
        yield f"mood in {list(conditions.moods)}"
    for mood, score in conditions.min_mood_scores:
        yield f"scores[{mood}] >= {literal(score)}"
    for (
        facet,
        score,
    ) in conditions.min_facet_scores:  # facets and traits are numbered together, in both places
        yield f"scores[{len(MOODS.names) + facet}] >= {literal(score)}"
    for facet, score in conditions.max_facet_scores:
        yield f"scores[{len(MOODS.names) + facet}] < {literal(score)}"
    for field, wanted, unwanted in (
        ("clip_id", conditions.clip_ids, conditions.without_clip_ids),
        ("youtube_id", conditions.youtube_ids, conditions.without_youtube_ids),
    ):
        if wanted:
            yield among(field, wanted)
        if unwanted:
            yield f"not ({among(field, unwanted)})"


def bearing(labels: Iterable[int]) -> str:
    """That a clip bears one of these labels, by number."""
    return f"array_contains_any(labels, {list(labels)})"


def attribute_clause(condition: AttributeCondition) -> str:
    """That a clip bears an attribute with one of the values, or a number within the range."""
    field = f"attributes[{literal(condition.name)}]"
    if condition.values:
        values = [held_text(value) if isinstance(value, str) else value for value in condition.values]
        return " or ".join(f"{field} == {literal(_rounded(condition.name, value))}" for value in values)
    bounds: Mapping[str, float | None] = {">=": condition.least, "<=": condition.most}
    return every(
        *(
            f"{field} {sign} {literal(_rounded(condition.name, bound))}"
            for sign, bound in bounds.items()
            if bound is not None
        )
    )


def _rounded(name: str, value: Value) -> Value:
    """A bound or value in the precision of what it is compared with: a duration travels as a float32."""
    if name not in BUILT_IN or isinstance(value, str):
        return value
    largest = float(np.finfo(np.float32).max)
    return float(np.float32(min(max(value, -largest), largest)))
