"""What an index takes from a released one, so that written clips are searched like released ones."""

from dataclasses import dataclass
from functools import cached_property

from ambiance.artifacts import Space
from ambiance.errors import PreconditionError
from music_index_service.filter_vocabulary import FilterVocabulary
from music_index_service.label_hierarchy import LabelHierarchy
from music_index_service.preparation.placement_model import PlacementModel
from music_index_service.snapshot import IndexSnapshot


@dataclass(frozen=True)
class Pricing:
    """What a clip costs that nothing is known of yet, see `ambiance.placement`."""

    price: float  # the mean of those that are known
    constant: float  # of every row's length, so that distances compare


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

    @property
    def pricing(self) -> Pricing:
        """What a clip costs beside the released ones."""
        return Pricing(self.placement.mean_price, self.placement.constant)

    @property
    def labels(self) -> LabelHierarchy:
        """The labels that clips may bear, and those above them."""
        return self.vocabulary.labels

    @cached_property
    def label_numbers(self) -> dict[str, int]:
        """Number of each label that a clip may bear."""
        return {name: number for number, name in enumerate(self.label_names)}
