"""A checked filter in one form: equal filters compare equal, however their lists are ordered and their
labels are written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ambiance.affect import MOODS
from ambiance.clip_filter import Conditions
from ambiance.errors import Violation
from ambiance.validation import raise_violations, shown
from music_index_service.label_hierarchy import LabelHierarchy

_MAX_CLOSEST = 3  # unknown labels whose closest names are looked up, at milliseconds each; the rest are named

T = TypeVar("T", int, str)


@dataclass(frozen=True, slots=True)
class CanonicalFilter:
    """Conditions in ascending order, each once; labels and moods by number."""

    labels: tuple[int, ...]
    without_labels: tuple[int, ...]
    moods: tuple[int, ...]
    min_mood_scores: tuple[tuple[int, float], ...]  # mood and a score that float32 holds exactly
    clip_ids: tuple[str, ...]
    without_clip_ids: tuple[str, ...]
    youtube_ids: tuple[str, ...]
    without_youtube_ids: tuple[str, ...]


def canonical(conditions: Conditions, labels: LabelHierarchy | None) -> CanonicalFilter:
    """Bring conditions that `check_filter` passed into one form; without `labels` they may name none.

    Raises:
        InvalidInputError: if it names unknown labels, with the names closest to each.
    """
    scores = conditions.min_mood_scores.items()
    return CanonicalFilter(
        _label_numbers("labels", conditions.labels, labels),
        _label_numbers("without_labels", conditions.without_labels, labels),
        _once(MOODS.names.index(mood) for mood in conditions.moods),
        tuple(sorted((MOODS.names.index(mood), float(np.float32(score))) for mood, score in scores)),
        _once(conditions.clip_ids),
        _once(conditions.without_clip_ids),
        _once(conditions.youtube_ids),
        _once(conditions.without_youtube_ids),
    )


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(sorted(set(values)))


def _label_numbers(field: str, names: Sequence[str], labels: LabelHierarchy | None) -> tuple[int, ...]:
    """The numbers of labels, ascending."""
    if not names or labels is None:
        return ()
    numbers = [labels.number(name) for name in names]
    unknown = [i for i, number in enumerate(numbers) if number is None]
    raise_violations(
        _unknown(f"filter.{field}[{i}]", names[i], labels if rank < _MAX_CLOSEST else None)
        for rank, i in enumerate(unknown)
    )
    return _once(number for number in numbers if number is not None)


def _unknown(path: str, name: str, labels: LabelHierarchy | None) -> Violation:
    closest = f"; the closest: {', '.join(map(repr, labels.closest(name)))}" if labels is not None else ""
    return Violation(path, f"unknown: {shown(name)}{closest}")
