"""What an index takes from a released one, so that written clips are searched like released ones."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ambiance.affect import MOOD_SPACE
from ambiance.artifacts import Space
from ambiance.errors import PreconditionError
from music_index_service.filter_vocabulary import FilterVocabulary
from music_index_service.label_hierarchy import LabelHierarchy
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
    pricing: Pricing

    @classmethod
    def of(cls, released: IndexSnapshot) -> "IndexModel":
        """Take a released index.

        Raises:
            PreconditionError: if it was published before there were files that this needs.
        """
        segment = released.segments[0]
        vocabulary = segment.filters.vocabulary
        if vocabulary is None or MOOD_SPACE not in released.spaces:
            raise PreconditionError(
                f"index {released.name}: too old to write to, or to be a model for others"
            )
        rows = segment.filters.listenable.rows.rows
        vectors = segment.engines[MOOD_SPACE].vectors(rows).astype(np.float64)
        lengths = np.einsum("nd,nd->n", vectors, vectors)
        constant = float(lengths.min())  # of a clip that costs nothing
        pricing = Pricing(float((lengths.mean() - constant) / 2), constant)
        return cls(released, vocabulary, segment.catalog.label_names, pricing)

    @property
    def spaces(self) -> dict[str, Space]:
        """Those of every index made on this model."""
        return self.released.spaces

    @property
    def labels(self) -> LabelHierarchy:
        """The labels that clips may bear, and those above them."""
        return self.vocabulary.labels

    @cached_property
    def label_numbers(self) -> dict[str, int]:
        """Number of each label that a clip may bear."""
        return {name: number for number, name in enumerate(self.label_names)}
