"""The labels of an index that Milvus serves; only those that are asked for are counted, a call each."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from ambiance.clip_filter import folded
from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_LABEL_CHARACTERS
from ambiance.validation import raise_violations
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.catalog.labels import Label
from music_index_service.filtering.canonical_filter import unknown_label
from music_index_service.milvus.expressions import bearing

_CALLS_AT_ONCE = 4


class LabelCounts:
    """Labels by prefix and parent, as `labels.LabelList` finds them."""

    def __init__(self, hierarchy: LabelHierarchy, count: Callable[[str], int]) -> None:
        """Take the labels, and what counts the clips that meet a condition."""
        self._hierarchy, self._count = hierarchy, count

    def find(self, prefix: str = "", parent: str = "") -> list[Label]:
        """Labels that begin with `prefix` and are below `parent`, ordered by name; any for an empty text.

        Raises:
            InvalidInputError: if either is too long, or the parent unknown.
        """
        for field, text in (("prefix", prefix), ("parent", parent)):
            if len(text) > MAX_LABEL_CHARACTERS:
                limit = f"at most {MAX_LABEL_CHARACTERS} characters"
                raise InvalidInputError.of(field, f"{limit}, got {len(text):,}")
        begins, names = folded(prefix), self._hierarchy.names
        found = [number for number in self._below(parent) if folded(names[number]).startswith(begins)]
        conditions = [bearing(self._hierarchy.closure([number])) for number in found]
        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            counts = list(pool.map(self._count, conditions))
        return sorted(
            Label(names[number], count, self._parents[number])
            for number, count in zip(found, counts, strict=True)
        )

    def _below(self, parent: str) -> Iterable[int]:
        if not folded(parent):
            return range(len(self._hierarchy.names))
        number = self._hierarchy.number(parent)
        if number is None:
            raise_violations([unknown_label("parent", parent, self._hierarchy)])
            return ()
        return self._hierarchy.below(number)

    @cached_property
    def _parents(self) -> list[tuple[str, ...]]:
        names = self._hierarchy.names
        parents = (self._hierarchy.parents(number) for number in range(len(names)))
        return [tuple(sorted(names[above] for above in numbers)) for numbers in parents]
