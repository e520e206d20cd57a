"""Which clips a search may answer with: the filter as a caller of the client writes it, and the checks that
the gateway and the index service make of the message that it becomes."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ambiance.attribute_conditions import AttributeCondition, condition_violations, read_condition
from ambiance.errors import Violation
from ambiance.limits import (
    MAX_CLIP_ID_CHARACTERS,
    MAX_CONDITIONS,
    MAX_FILTER_IDS,
    MAX_FILTER_LABELS,
    MAX_FILTER_MOODS,
    MAX_LABEL_CHARACTERS,
)
from ambiance.validation import OPTIONS_PREFIX, check_count, check_each, raise_violations, shown

# Path of a request's filter, before the names of its fields.
FILTER_PREFIX = f"{OPTIONS_PREFIX}filter."
ATTRIBUTES_PATH = f"{FILTER_PREFIX}attributes"

# YouTube's ids are 11 characters of base64url.
_YOUTUBE_ID = re.compile(r"[0-9A-Za-z_-]{11}", re.ASCII)
_CLIP_ID = re.compile(rf"[^\s\x00-\x1f\x7f-\x9f]{{1,{MAX_CLIP_ID_CHARACTERS}}}")


@dataclass(frozen=True, slots=True)
class ClipFilter:
    """Conditions on the clips of an answer; without any, every clip passes.

    A clip passes if it meets every field that isn't empty: one entry of a list, none of a `without_` list,
    all entries of a mapping of scores, all conditions on attributes. Counts and lengths are limited as
    `ambiance.music.v1.ClipFilter` tells. Upper and lower case, and white space around a name, are the same in
    labels, moods and facets.
    """

    labels: Sequence[str] = ()  # AudioSet's, such as "Rock music", each with those below it in the ontology
    without_labels: Sequence[str] = ()
    moods: Sequence[str] = ()  # the clip's most probable
    min_mood_scores: Mapping[str, float] = field(default_factory=dict)  # mood -> share above 0, at most 1
    clip_ids: Sequence[str] = ()
    without_clip_ids: Sequence[str] = ()
    youtube_ids: Sequence[str] = ()
    without_youtube_ids: Sequence[str] = ()
    # facet or trait -> score above 0, at most 1, that the clip's reaches, or stays below
    min_facet_scores: Mapping[str, float] = field(default_factory=dict)
    max_facet_scores: Mapping[str, float] = field(default_factory=dict)
    attributes: Sequence[AttributeCondition] = ()  # all of which it meets; a clip that lacks one meets none


class Conditions(Protocol):
    """What `ClipFilter` and the message of that name have in common."""

    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def without_labels(self) -> Sequence[str]: ...
    @property
    def moods(self) -> Sequence[str]: ...
    @property
    def min_mood_scores(self) -> Mapping[str, float]: ...
    @property
    def clip_ids(self) -> Sequence[str]: ...
    @property
    def without_clip_ids(self) -> Sequence[str]: ...
    @property
    def youtube_ids(self) -> Sequence[str]: ...
    @property
    def without_youtube_ids(self) -> Sequence[str]: ...
    @property
    def min_facet_scores(self) -> Mapping[str, float]: ...
    @property
    def max_facet_scores(self) -> Mapping[str, float]: ...
    @property
    def attributes(self) -> Sequence[Any]: ...  # read by `attribute_conditions`


def folded(name: str) -> str:
    """A name in a filter as it is compared: case and the white space around it don't count."""
    return name.strip().casefold()


def attribute_conditions(conditions: Conditions) -> list[AttributeCondition]:
    """The conditions on attributes of a filter, whether it is a message or not."""
    return list(map(read_condition, conditions.attributes))


def check_filter(conditions: Conditions, moods: Collection[str]) -> None:
    """Check what can be checked without an index; `moods` are the names of all moods.

    Raises:
        InvalidInputError: naming field (`options.filter.labels[2]`), limit and offence.
    """
    for name, values, rule in _lists(conditions, moods):
        if not values:
            continue
        check_count(f"{FILTER_PREFIX}{name}", len(values), rule.limit)
        if not all(map(rule.fits, values)):  # which costs half of naming each
            check_each(f"{FILTER_PREFIX}{name}", values, rule.violation)
    _check_scores("min_mood_scores", conditions.min_mood_scores, moods)
    if conditions.min_facet_scores or conditions.max_facet_scores:
        from ambiance.affect import FACETS, TRAITS  # noqa: PLC0415  # brings numpy, which few commands need

        _check_scores("min_facet_scores", conditions.min_facet_scores, FACETS + TRAITS)
        _check_scores("max_facet_scores", conditions.max_facet_scores, FACETS + TRAITS)
    if conditions.attributes:
        _check_attributes(conditions)


@dataclass(frozen=True)
class _Rule:
    """How many values a list may hold, and what each must be."""

    limit: int
    fits: Callable[[str], object]
    needed: str

    def violation(self, path: str, value: str) -> Violation | None:
        return None if self.fits(value) else Violation(path, f"{self.needed}, got {shown(value)}")


def _lists(conditions: Conditions, moods: Collection[str]) -> Iterator[tuple[str, Sequence[str], _Rule]]:
    """Each repeated field: its name, its values, its rule."""
    yield "labels", conditions.labels, _LABELS
    yield "without_labels", conditions.without_labels, _LABELS
    yield "moods", conditions.moods, _moods_rule(moods)
    yield "clip_ids", conditions.clip_ids, _CLIP_IDS
    yield "without_clip_ids", conditions.without_clip_ids, _CLIP_IDS
    yield "youtube_ids", conditions.youtube_ids, _YOUTUBE_IDS
    yield "without_youtube_ids", conditions.without_youtube_ids, _YOUTUBE_IDS


def _moods_rule(moods: Collection[str]) -> _Rule:
    return _Rule(MAX_FILTER_MOODS, lambda mood: folded(mood) in moods, f"one of {', '.join(moods)}")


_LABELS = _Rule(
    MAX_FILTER_LABELS,
    lambda label: label.strip() and len(label) <= MAX_LABEL_CHARACTERS,
    f"1 to {MAX_LABEL_CHARACTERS} characters, not white space alone",
)
_CLIP_IDS = _Rule(
    MAX_FILTER_IDS,
    _CLIP_ID.fullmatch,
    f"1 to {MAX_CLIP_ID_CHARACTERS} characters, no white space or control characters among them",
)
_YOUTUBE_IDS = _Rule(MAX_FILTER_IDS, _YOUTUBE_ID.fullmatch, "11 characters of A-Z, a-z, 0-9, - and _")


def _check_scores(field: str, scores: Mapping[str, float], names: Collection[str]) -> None:
    if not scores:
        return
    raise_violations(
        _score_violation(f"{FILTER_PREFIX}{field}[{shown(name)}]", name, score, names)
        for name, score in sorted(scores.items())
    )


def _score_violation(path: str, name: str, score: float, names: Collection[str]) -> Violation | None:
    if folded(name) not in names:
        return Violation(path, f"one of {', '.join(names)}, got {shown(name)}")
    return None if 0 < score <= 1 else Violation(path, f"above 0, at most 1, got {score:g}")


def _check_attributes(conditions: Conditions) -> None:
    check_count(ATTRIBUTES_PATH, len(conditions.attributes), MAX_CONDITIONS)
    raise_violations(
        violation
        for i, condition in enumerate(attribute_conditions(conditions))
        for violation in condition_violations(f"{ATTRIBUTES_PATH}[{i}]", condition)
    )
