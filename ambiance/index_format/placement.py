"""What places clips that are written later beside those of an index: a JSON file, and queries to set prices.

An index may do without; then nothing can be written to one that is made on its model.
"""

import numpy as np
from pydantic import BaseModel, ConfigDict, FiniteFloat, NonNegativeFloat

PLACEMENT_FILE = "placement.json"

# <float16>[m, dimension] of the space: texts like those to come, by which prices are learned
REFERENCE_QUERIES_FILE = "reference_queries.npy"
REFERENCE_QUERIES_TYPE = np.float16


class LinearRecord(BaseModel):
    """A linear map: inputs [n, i] @ weights + bias."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: list[list[FiniteFloat]]  # [i, outputs]
    bias: list[FiniteFloat]  # [outputs]


class PlacementRecord(BaseModel):
    """`placement.json`: how rows of the space are made, and what is made of clips that say less than all."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    space: str  # in which clips have prices
    constant: FiniteFloat  # of the rows, as squared_l2.append_price has it
    mean_price: NonNegativeFloat  # of a clip that has none of its own yet
    # as `ambiance.placement.estimates` applies them
    facets_by_moods: LinearRecord
    moods_by_facets: LinearRecord
    vad_by_both: LinearRecord
