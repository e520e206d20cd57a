"""What an index takes from a released one, so that written clips are searched like released ones."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import PreconditionError
from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import LARGEST_CONSTANT
from ambiance.placement.prices import PricedClips
from ambiance.placement.standing import Standing, priced_clips
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.filtering.filter_vocabulary import FilterVocabulary
from music_index_service.preparation.placement_model import PlacementModel
from music_index_service.snapshot import IndexSnapshot


@dataclass(frozen=True)
class Pricing:
    """What clips cost that come to an index, see `ambiance.placement`."""

    standing: Standing  # of the clips that are priced already
    constant: float  # of all rows of the index, so that their distances compare

    def place(self, heard: EncodedClips) -> NDArray[np.float32]:
        """<float32>[n, dimension] of n clips, in the space that has prices."""
        return self.standing.place(heard, self.constant)

    def beside(self, worth: NDArray[np.float32] | None) -> "Pricing":
        """With other clips, too, that are worth <float32>[texts] for the same texts; None for no clips."""
        if worth is None:
            return self
        own = self.standing.worth
        both = np.where(np.isinf(own), worth, np.maximum(own, worth))  # infinite where there is no clip
        return Pricing(Standing(self.standing.texts, both), self.constant)


@dataclass(frozen=True)
class IndexModel:
    """A released index as the model of another."""

    released: IndexSnapshot
    vocabulary: FilterVocabulary
    label_names: tuple[str, ...]  # by number, as clips bear them
    placement: PlacementModel

    @classmethod
    def of(cls, released: IndexSnapshot, placement: PlacementModel | None) -> "IndexModel":
        """Take a released index and what it carries to place other clips.

        Raises:
            PreconditionError: if it was published before there were files that this needs.
        """
        segment = released.segments[0]
        vocabulary = segment.filters.vocabulary
        if vocabulary is None or placement is None:
            raise PreconditionError(
                f"version {released.version} of the music index is too old to write to; publish it anew"
            )
        return cls(released, vocabulary, segment.catalog.label_names, placement)

    @property
    def spaces(self) -> dict[str, Space]:
        """Those of every index made on this model."""
        return self.released.spaces

    @cached_property
    def beside_release(self) -> Pricing:
        """What clips cost that come to the released ones."""
        segment, constant = self.released.segments[0], self.placement.constant
        placed = segment.engines[self.placement.space].vectors(segment.filters.listenable.rows.rows)
        return Pricing(Standing.of(self.placement.queries, priced_clips(placed, constant)), constant)

    @cached_property
    def alone(self) -> Pricing:
        """What clips cost that come to an index without any."""
        empty = PricedClips(np.empty((0, 0), np.float32), np.empty(0, np.float32))
        return Pricing(Standing.of(self.placement.queries, empty), LARGEST_CONSTANT)

    def pricing(self, *, over_release: bool) -> Pricing:
        """What clips cost that come to an index before any was written to it."""
        return self.beside_release if over_release else self.alone

    @property
    def labels(self) -> LabelHierarchy:
        """The labels that clips may bear, and those above them."""
        return self.vocabulary.labels

    @cached_property
    def label_numbers(self) -> dict[str, int]:
        """Number of each label that a clip may bear."""
        return {name: number for number, name in enumerate(self.label_names)}
