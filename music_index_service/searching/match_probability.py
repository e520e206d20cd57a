"""The probability that a clip's mood is acceptable for a query's emotion: a calibration, applied to hits."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ambiance.errors import ArtifactError
from ambiance.index_format.match_probability import MatchProbabilityRecord


class Calibration(MatchProbabilityRecord):
    """The record, read and checked."""

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        """Read and check a file.

        Raises:
            ArtifactError: if it isn't such a file, or its knots don't ascend.
        """
        try:
            calibration = cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "document"
            raise ArtifactError(f"{path}: {where}: {first['msg']}") from error
        similarity, probability = calibration.similarity, calibration.probability
        if len(similarity) != len(probability):
            raise ArtifactError(
                f"{path}: similarity has {len(similarity)} knots, probability {len(probability)}"
            )
        if any(one >= other for one, other in pairwise(similarity)):
            raise ArtifactError(f"{path}: similarity must ascend from knot to knot")
        if any(one > other for one, other in pairwise(probability)):
            raise ArtifactError(f"{path}: probability must never fall from knot to knot")
        return calibration


class MatchProbability:
    """The match probability of the hits of one space."""

    def __init__(self, calibration: Calibration) -> None:
        self.space = calibration.space
        self._components = calibration.components
        self._similarity = np.array(calibration.similarity)
        self._probability = np.array(calibration.probability)

    def of(self, queries: NDArray[np.float32], clips: NDArray[np.float32]) -> NDArray[np.float64]:
        """<float64>[hits] in [0, 1], for query and clip of each hit, both <float32>[hits, dimension].

        One query <float32>[1, dimension] is that of all hits.
        """
        # float64, in which the largest components that a query may have don't overflow
        own = queries[:, : self._components].astype(np.float64)
        similarity = (own * clips[:, : self._components]).sum(axis=1)
        return np.interp(similarity, self._similarity, self._probability)
