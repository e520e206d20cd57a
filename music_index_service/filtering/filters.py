"""Exact filters: from the conditions of a request to the rows of the index that meet them, kept for the
requests that follow. Clips that aren't worth hearing are left out unless a request asks for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS
from ambiance.clip_filter import ATTRIBUTES_PATH, Conditions, attribute_conditions, check_filter
from ambiance.errors import PreconditionError
from music_index_service.catalog.labels import Label, LabelList
from music_index_service.filtering.attributes import ClipAttributes, check_attributes
from music_index_service.filtering.canonical_filter import CanonicalFilter, canonical
from music_index_service.filtering.filter_cache import FilterCache, FilteredClips
from music_index_service.filtering.filter_vocabulary import FilterVocabulary
from music_index_service.filtering.row_set import RowSet

# Bytes that the cached filters may hold in memory, and more for each clip of the index.
CACHE_BYTES = 32 * 1024 * 1024
CACHE_BYTES_PER_CLIP = 4

_TOO_OLD = "this version of the index was published before there were such filters"


class FilteredCatalog(Protocol):
    """What filters read of a catalogue; `ClipCatalog` is one."""

    def __len__(self) -> int: ...

    def row_of(self, clip_id: str) -> int | None: ...

    def rows_of_video(self, youtube_id: str) -> NDArray[np.int64]: ...

    def moods(self) -> NDArray[np.float32]: ...

    def facets(self) -> NDArray[np.float32]: ...

    def traits(self) -> NDArray[np.float32]: ...

    def listenable(self) -> NDArray[np.bool_]: ...


class ClipFilters:
    """Compiles filters over one catalogue. Any number of threads may ask at once."""

    def __init__(
        self,
        catalog: FilteredCatalog,
        vocabulary: FilterVocabulary | None = None,
        attributes: ClipAttributes | None = None,
    ) -> None:
        """Take a catalogue; without `vocabulary` there are no filters by label or by most probable mood, and
        without `attributes` none by attribute."""
        self._catalog, self.vocabulary = catalog, vocabulary
        self.attributes = attributes if attributes is not None else ClipAttributes(len(catalog), {})
        self._label_list = LabelList(vocabulary, len(catalog)) if vocabulary is not None else None
        # The clips that may be answers without a filter; most requests search among these.
        self.listenable = _listenable(np.ones(len(catalog), np.bool_), catalog)
        self._cache = FilterCache(CACHE_BYTES + CACHE_BYTES_PER_CLIP * len(catalog))

    def apply(
        self,
        conditions: Conditions,
        *,
        include_unlistenable: bool = False,
        attribute_types: Mapping[str, str] | None = None,
    ) -> FilteredClips:
        """The clips that meet conditions; without those not worth hearing, unless they are included.

        `attribute_types` are those of the whole index, where these clips are a part of it.

        Raises:
            InvalidInputError: if they break their limits, name an unknown label, mood, facet or trait, or an
                attribute that no clip bears, or compare one with a value of another type.
            PreconditionError: if they name labels or moods and the index was published without the files
                that this takes.
        """
        check_filter(conditions, MOODS.names)
        if conditions.attributes:
            borne = self.attributes.types if attribute_types is None else attribute_types
            check_attributes(ATTRIBUTES_PATH, attribute_conditions(conditions), borne)
        if self.vocabulary is None:
            _require_no_names(conditions)
        labels = self.vocabulary.labels if self.vocabulary is not None else None
        key = canonical(conditions, labels, include_unlistenable=include_unlistenable)
        return self._cache.get(key, self._compile)

    def labels(self, prefix: str = "", parent: str = "") -> list[Label]:
        """The labels that conditions may name, see `LabelList.find`.

        Raises:
            InvalidInputError: if prefix or parent is too long, or the parent unknown.
            PreconditionError: if the index was published without the files that this takes.
        """
        if self._label_list is None:
            raise PreconditionError(f"labels: {_TOO_OLD}")
        return self._label_list.find(prefix, parent)

    def _compile(self, conditions: CanonicalFilter) -> FilteredClips:
        mask = np.ones(len(self._catalog), np.bool_)
        if self.vocabulary is not None:
            _keep_named(mask, conditions, self.vocabulary)
        for mood, score in conditions.min_mood_scores:
            mask &= self._catalog.moods()[:, mood] >= np.float32(score)
        for facet, score in conditions.min_facet_scores:
            mask &= self._facet_scores(facet) >= np.float32(score)
        for facet, score in conditions.max_facet_scores:
            mask &= self._facet_scores(facet) < np.float32(score)
        for condition in conditions.attributes:
            mask &= self.attributes.meeting(condition)
        unknown_clips = _keep_rows(mask, conditions.clip_ids, conditions.without_clip_ids, self._clip_rows)
        unknown_videos = _keep_rows(
            mask, conditions.youtube_ids, conditions.without_youtube_ids, self._catalog.rows_of_video
        )
        if conditions.include_unlistenable:
            met = RowSet.of_mask(mask)
            return FilteredClips(met, met, unknown_clips, unknown_videos)
        return _listenable(mask, self._catalog, unknown_clips, unknown_videos)

    def _facet_scores(self, number: int) -> NDArray[np.float32]:
        """<float32>[clips] a view of the score of a facet, or of a trait, see `canonical_filter`."""
        if number < len(FACETS):
            return self._catalog.facets()[:, number]
        return self._catalog.traits()[:, number - len(FACETS)]

    def _clip_rows(self, clip_id: str) -> NDArray[np.int64]:
        row = self._catalog.row_of(clip_id)
        return np.array([] if row is None else [row], np.int64)


def _listenable(
    mask: NDArray[np.bool_],
    catalog: FilteredCatalog,
    unknown_clips: tuple[str, ...] = (),
    unknown_videos: tuple[str, ...] = (),
) -> FilteredClips:
    """The rows of a mask that are worth hearing."""
    met, rows = RowSet.of_mask(mask), RowSet.of_mask(mask & catalog.listenable())
    return FilteredClips(rows, met, unknown_clips, unknown_videos)


def _require_no_names(conditions: Conditions) -> None:
    for field in ("labels", "without_labels", "moods"):
        if getattr(conditions, field):
            raise PreconditionError(f"filter.{field}: {_TOO_OLD}")


def _keep_named(mask: NDArray[np.bool_], conditions: CanonicalFilter, vocabulary: FilterVocabulary) -> None:
    """Clear the rows of a mask whose labels or most probable mood don't meet the conditions."""
    lists = vocabulary.postings
    if conditions.labels:
        mask &= _union(len(mask), map(lists.of_label, vocabulary.labels.closure(conditions.labels)))
    if conditions.moods:
        mask &= _union(len(mask), map(lists.of_mood, conditions.moods))
    for label in vocabulary.labels.closure(conditions.without_labels):
        mask[lists.of_label(label)] = False


def _keep_rows(
    mask: NDArray[np.bool_],
    wanted: Sequence[str],
    unwanted: Sequence[str],
    rows_of: Callable[[str], NDArray[np.int64]],
) -> tuple[str, ...]:
    """Clear the rows of a mask that the wanted ids, if there are any, leave out, and those of unwanted ids.

    Returns the ids that have no rows.
    """
    held = {name: rows_of(name) for name in (*wanted, *unwanted)}
    if wanted:
        mask &= _union(len(mask), (held[name] for name in wanted))
    for name in unwanted:
        mask[held[name]] = False
    return tuple(sorted(name for name, rows in held.items() if not len(rows)))


def _union(size: int, lists: Iterable[NDArray[np.integer]]) -> NDArray[np.bool_]:
    """<bool>[size], true in the rows of any list."""
    mask = np.zeros(size, np.bool_)
    for rows in lists:
        mask[rows] = True
    return mask
