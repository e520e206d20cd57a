"""What an index in Milvus takes from a release: spaces, the labels that filters name, where clips lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import PreconditionError
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.live.model import IndexModel
from music_index_service.loading import Release
from music_index_service.milvus.placing import priced
from music_index_service.milvus.rows import RowMaker, Vectors
from music_index_service.milvus.schema import Description, described
from music_index_service.searching.match_probability import MatchProbability

# Where complete clips lie in each space.
Place = Callable[[Sequence[StoredClip]], Vectors]


@dataclass(frozen=True, eq=False)
class Model:
    """A released index, without its clips."""

    version: int
    spaces: tuple[Space, ...]
    notices: tuple[str, ...]
    labels: LabelHierarchy
    match_probability: MatchProbability | None
    expected_queries: dict[str, NDArray[np.float32]]  # of each space, <float32>[dimension]
    place: Place

    @classmethod
    def of(cls, release: Release) -> "Model":
        """Take what a release says.

        Raises:
            PreconditionError: if it was published before there were files that this needs.
        """
        index, placement = release.index, release.placement
        vocabulary = index.segments[0].filters.vocabulary
        if vocabulary is None or placement is None:
            raise PreconditionError(
                f"{release.artifact.path}: too old to be served from Milvus; publish it anew"
            )
        return cls(
            index.version,
            tuple(index.spaces.values()),
            tuple(index.notices),
            vocabulary.labels,
            index.match_probability,
            index.expected_queries(),
            priced(placement.space, IndexModel.of(index, placement).beside_release),
        )

    @property
    def rows(self) -> RowMaker:
        """What makes rows of clips."""
        return RowMaker(self.spaces, self.labels)

    def check(self, collection: str, held: Description) -> None:
        """Require that a collection was made on this model.

        Raises:
            PreconditionError: naming both sides.
        """
        if (held.release, held.spaces) != (self.version, self.spaces):
            sides = (
                f"it is of version {held.release}, {described(held.spaces)}; "
                f"loaded is version {self.version}, {described(self.spaces)}"
            )
            raise PreconditionError(f"Milvus: {collection} is of another release of the music index: {sides}")
