"""The labels that a filter may name, as ListLabels tells of them."""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from ambiance.clip_filter import folded
from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_LABEL_CHARACTERS
from ambiance.validation import raise_violations
from music_index_service.filtering.canonical_filter import unknown_label
from music_index_service.filtering.filter_vocabulary import FilterVocabulary


class Label(NamedTuple):
    """A name that a filter may use."""

    name: str
    clip_count: int  # clips that bear it or a label below it
    parents: tuple[str, ...]  # right above it, ordered by name


class LabelList:
    """The labels over one catalogue; their clips are counted when they are first asked for."""

    def __init__(self, vocabulary: FilterVocabulary, clip_count: int) -> None:
        self._vocabulary, self._clip_count = vocabulary, clip_count

    def find(self, prefix: str = "", parent: str = "") -> list[Label]:
        """Labels that begin with `prefix` and are below `parent`, ordered by name; any for an empty text.

        Raises:
            InvalidInputError: if either is too long, or the parent unknown.
        """
        for field, text in (("prefix", prefix), ("parent", parent)):
            if len(text) > MAX_LABEL_CHARACTERS:
                raise InvalidInputError.of(
                    field, f"at most {MAX_LABEL_CHARACTERS} characters, got {len(text):,}"
                )
        found = self._below(parent) if folded(parent) else frozenset(range(len(self._labels)))
        begins = folded(prefix)
        return sorted(label for n in found if folded((label := self._labels[n]).name).startswith(begins))

    def _below(self, parent: str) -> frozenset[int]:
        hierarchy = self._vocabulary.labels
        number = hierarchy.number(parent)
        if number is None:
            raise_violations([unknown_label("parent", parent, hierarchy)])
            return frozenset()
        return hierarchy.below(number)

    @cached_property
    def _labels(self) -> list[Label]:
        """All labels, by number."""
        hierarchy = self._vocabulary.labels
        names = hierarchy.names
        return [
            Label(
                name, self._count(number), tuple(sorted(names[above] for above in hierarchy.parents(number)))
            )
            for number, name in enumerate(names)
        ]

    def _count(self, number: int) -> int:
        borne = np.zeros(self._clip_count, np.bool_)
        for label in self._vocabulary.labels.closure([number]):
            borne[self._vocabulary.postings.of_label(label)] = True
        return int(np.count_nonzero(borne))
