"""The index's match probability, asked of whole answers."""

import numpy as np
from numpy.typing import NDArray

from training.evaluate.section import Section
from training.index.match_probability import similarity_of


def stated_probability(section: Section) -> NDArray[np.float64]:
    """<float64>[n, 10] that each of ten mood rows is right for its comment."""
    queries, vectors, probability = section.comments.mood, section.rows.vectors, section.match_probability
    return probability(similarity_of(queries, vectors, section.matching.hits, probability.components))
