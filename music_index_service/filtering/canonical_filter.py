"""A checked filter in one form: equal filters compare equal, however their lists are ordered and their
labels are written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.attribute_conditions import AttributeCondition
from ambiance.clip_filter import FILTER_PREFIX, Conditions, attribute_conditions, folded
from ambiance.errors import Violation
from ambiance.validation import raise_violations, shown
from music_index_service.catalog.label_hierarchy import LabelHierarchy

_MAX_CLOSEST = 3  # unknown labels whose closest names are looked up, which takes milliseconds each

# A filter names facets and traits alike: they are numbered together, the facets first.
_SCORED = FACETS + TRAITS

T = TypeVar("T", int, str, tuple[int, float])

_Scores = tuple[tuple[int, float], ...]  # number of a mood or facet, and its bound, exact in float32


@dataclass(frozen=True, slots=True)
class CanonicalFilter:
    """Conditions in ascending order, each once; labels, moods, and facets with traits by number."""

    labels: tuple[int, ...]
    without_labels: tuple[int, ...]
    moods: tuple[int, ...]
    min_mood_scores: _Scores
    min_facet_scores: _Scores
    max_facet_scores: _Scores  # exclusive
    clip_ids: tuple[str, ...]
    without_clip_ids: tuple[str, ...]
    youtube_ids: tuple[str, ...]
    without_youtube_ids: tuple[str, ...]
    attributes: tuple[AttributeCondition, ...]
    include_unlistenable: bool


def canonical(
    conditions: Conditions, labels: LabelHierarchy | None, *, include_unlistenable: bool
) -> CanonicalFilter:
    """Bring conditions that `check_filter` passed into one form; without `labels` they may name none.

    Whether clips that aren't worth hearing may be answers is part of the form.

    Raises:
        InvalidInputError: if it names unknown labels, with the names closest to each.
    """
    return CanonicalFilter(
        _label_numbers("labels", conditions.labels, labels),
        _label_numbers("without_labels", conditions.without_labels, labels),
        _once(MOODS.names.index(folded(mood)) for mood in conditions.moods),
        _numbered(conditions.min_mood_scores, MOODS.names),
        _numbered(conditions.min_facet_scores, _SCORED),
        _numbered(conditions.max_facet_scores, _SCORED),
        _once(conditions.clip_ids),
        _once(conditions.without_clip_ids),
        _once(conditions.youtube_ids),
        _once(conditions.without_youtube_ids),
        _attributes(conditions) if conditions.attributes else (),
        include_unlistenable,
    )


def _numbered(scores: Mapping[str, float], names: Sequence[str]) -> _Scores:
    # A name given twice, in upper and lower case, has two bounds: both must be met.
    return _once((names.index(folded(name)), float(np.float32(score))) for name, score in scores.items())


def _attributes(conditions: Conditions) -> tuple[AttributeCondition, ...]:
    # by repr: values of one attribute are of one type, those of two needn't be
    once = {
        replace(condition, values=tuple(sorted(set(condition.values), key=repr)))
        for condition in attribute_conditions(conditions)
    }
    return tuple(sorted(once, key=repr))


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(sorted(set(values)))


def _label_numbers(field: str, names: Sequence[str], labels: LabelHierarchy | None) -> tuple[int, ...]:
    """The numbers of labels, ascending."""
    if not names or labels is None:
        return ()
    numbers = [labels.number(name) for name in names]
    unknown = [i for i, number in enumerate(numbers) if number is None]
    raise_violations(
        unknown_label(f"{FILTER_PREFIX}{field}[{i}]", names[i], labels if rank < _MAX_CLOSEST else None)
        for rank, i in enumerate(unknown)
    )
    return _once(number for number in numbers if number is not None)


def unknown_label(path: str, name: str, labels: LabelHierarchy | None) -> Violation:
    """What is wrong with a name that no label has, with those that resemble it if `labels` are given."""
    closest = labels.closest(name) if labels is not None else ()
    suggestion = f"; the closest: {', '.join(map(repr, closest))}" if closest else ""
    return Violation(path, f"unknown: {shown(name)}{suggestion}")
