"""The match probability of the hits of one space: one JSON file, which an index may do without."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

MATCH_PROBABILITY_FILE = "match_probability.json"

Probability = Annotated[float, Field(ge=0, le=1)]


class MatchProbabilityRecord(BaseModel):
    """`match_probability.json`: a probability that rises with the similarity of query and clip.

    The similarity is the inner product over the first `components` components of both vectors. Between its
    knots, which ascend, the probability is linear, beyond them it stays as at the last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    space: str
    components: int = Field(ge=1)
    similarity: list[FiniteFloat] = Field(min_length=1)
    probability: list[Probability]
