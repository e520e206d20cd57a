"""What a released index carries so that other clips can be placed beside its own, read and checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from ambiance.affect import FACETS, MOODS, VAD_AXES
from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from ambiance.index_format.listenability import LISTENABILITY_FILE, ListenabilityRecord
from ambiance.index_format.placement import (
    PLACEMENT_FILE,
    REFERENCE_QUERIES_FILE,
    REFERENCE_QUERIES_TYPE,
    LinearRecord,
    PlacementRecord,
)
from ambiance.placement import ListenabilityRule
from ambiance.placement.estimates import Estimates, LinearMap
from ambiance.placement.mood_space import DIMENSION

_FILES = (PLACEMENT_FILE, REFERENCE_QUERIES_FILE, LISTENABILITY_FILE)

_Record = TypeVar("_Record", bound=BaseModel)


@dataclass(frozen=True, eq=False)
class PlacementModel:
    """How clips become rows of a space that has prices, as `ambiance.placement.mood_space` does it."""

    space: str
    constant: float  # of the release's rows, see `squared_l2.append_price`
    mean_price: float  # of a clip that has no price of its own yet
    queries: NDArray[np.float32]  # [m, DIMENSION] reference texts, by which prices are learned
    estimates: Estimates
    rule: ListenabilityRule

    @classmethod
    def load(cls, artifact: Artifact) -> "PlacementModel | None":
        """Read the files of a `music_index`; None if it was published without them.

        Raises:
            ArtifactError: naming the file that is damaged, lacks beside the others, or doesn't fit the space.
        """
        if {entry.path for entry in artifact.manifest.files}.isdisjoint(_FILES):
            return None
        path = artifact.file(PLACEMENT_FILE)
        record = _read(path, PlacementRecord)
        space = artifact.space(record.space)
        if space.dimension != DIMENSION:
            raise ArtifactError(f"{path}: space {space.name}: dimension {space.dimension}, needs {DIMENSION}")
        rule = _read(artifact.file(LISTENABILITY_FILE), ListenabilityRecord)
        return cls(
            record.space,
            record.constant,
            record.mean_price,
            _queries(artifact.file(REFERENCE_QUERIES_FILE)),
            _estimates(path, record),
            ListenabilityRule(
                frozenset(rule.spoiling),
                frozenset(rule.spoken),
                rule.most_speech,
                rule.most_labelled_speech,
                rule.most_low_quality,
            ),
        )


def _read(path: Path, kind: type[_Record]) -> _Record:
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        raise ArtifactError(f"{path}: {where}: {first['msg']}") from error


def _queries(path: Path) -> NDArray[np.float32]:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}: not a numpy file: {error}") from error
    if array.dtype != REFERENCE_QUERIES_TYPE or array.ndim != 2 or array.shape[1:] != (DIMENSION,):
        found = f"<{array.dtype}>{list(array.shape)}"
        raise ArtifactError(f"{path}: needs <float16>[m, {DIMENSION}], found {found}")
    if not len(array) or not np.isfinite(array).all():
        raise ArtifactError(f"{path}: needs queries of finite numbers, at least one")
    queries: NDArray[np.float32] = array.astype(np.float32)
    return queries


def _estimates(path: Path, record: PlacementRecord) -> Estimates:
    facets, moods, vad = len(FACETS), len(MOODS.names), len(VAD_AXES)
    return Estimates(
        _linear(path, "facets_by_moods", record.facets_by_moods, moods, facets),
        _linear(path, "moods_by_facets", record.moods_by_facets, facets, moods),
        _linear(path, "vad_by_both", record.vad_by_both, facets + moods, vad),
    )


def _linear(path: Path, field: str, record: LinearRecord, inputs: int, outputs: int) -> LinearMap:
    if [len(row) for row in record.weights] != [outputs] * inputs or len(record.bias) != outputs:
        raise ArtifactError(f"{path}: {field}: needs weights [{inputs}, {outputs}] and bias [{outputs}]")
    return LinearMap(np.array(record.weights, np.float32), np.array(record.bias, np.float32))
