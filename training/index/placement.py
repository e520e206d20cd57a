"""What an index carries so that clips can be placed beside its own later: by the music index service."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from ambiance.affect import MOOD_SPACE
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
from ambiance.placement.mood_space import PlacedLibrary

# Queries that are carried, in 228 KB. Priced by them, a library of 3,000 clips shares .96 of its answers with
# one priced by all 17,329 of our corpus; another seed of the draws would change as many.
REFERENCE_QUERIES = 6_000

_DECIMALS = 6  # of the linear maps: beyond what they tell


@dataclass(frozen=True)
class PlacementFiles:
    """What is carried."""

    library: PlacedLibrary
    queries: NDArray[np.float32]  # [m, DIMENSION] texts like those to come
    estimates: Estimates
    rule: ListenabilityRule
    seed: int  # of the draw among the queries

    def write(self, folder: Path) -> None:
        """Write the files that `ambiance.index_format` names `placement` and `listenability`."""
        rows = np.random.default_rng(self.seed).permutation(len(self.queries))[:REFERENCE_QUERIES]
        np.save(folder / REFERENCE_QUERIES_FILE, self.queries[np.sort(rows)].astype(REFERENCE_QUERIES_TYPE))
        record = PlacementRecord(
            space=MOOD_SPACE,
            constant=self.library.constant,
            mean_price=self.library.mean_price,
            facets_by_moods=_linear(self.estimates.facets_by_moods),
            moods_by_facets=_linear(self.estimates.moods_by_facets),
            vad_by_both=_linear(self.estimates.vad_by_both),
        )
        _write(record, folder / PLACEMENT_FILE)
        names = {name: sorted(getattr(self.rule, name)) for name in ("spoiling", "spoken")}
        _write(ListenabilityRecord(**asdict(self.rule) | names), folder / LISTENABILITY_FILE)


def _linear(linear: LinearMap) -> LinearRecord:
    weights, bias = (array.astype(np.float64).round(_DECIMALS) for array in (linear.weights, linear.bias))
    return LinearRecord(weights=weights.tolist(), bias=bias.tolist())


def _write(record: BaseModel, path: Path) -> None:
    text = json.dumps(record.model_dump(), ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
