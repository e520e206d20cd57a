"""The index's match probability, read back as the index service reads it, and asked of whole answers."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.evaluate.section import Section
from training.index.match_probability import MatchProbability, similarity_of


def read_match_probability(file: Path) -> MatchProbability:
    """Read an index's `match_probability.json`."""
    record = json.loads(file.read_text(encoding="utf-8"))
    knots = (np.array(record[name], np.float64) for name in ("similarity", "probability"))
    return MatchProbability(int(record["components"]), *knots)


def stated_probability(section: Section) -> NDArray[np.float64]:
    """<float64>[n, 10] that each of ten mood rows is right for its comment."""
    queries, vectors, probability = section.comments.mood, section.rows.vectors, section.match_probability
    return probability(similarity_of(queries, vectors, section.matching.hits, probability.components))
