"""What a clip is above all: shares of facets, by how far it has each above what is usual.

A probability alone says little: most music is somewhat calm, hardly any hopeful. So what a clip offers as
evidence for each facet, as it was placed by in the index, is compared with the mean of the library.
"""

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS
from ambiance.placement.evidence import evidence

# Mean evidence of the release's instrumental clips that are worth hearing, in log-odds.
USUAL = {
    "calm": -1.5,
    "tender": -3.1,
    "happy": -2.9,
    "playful": -3.3,
    "sad": -3.9,
    "nostalgic": -3.0,
    "eerie": -3.5,
    "aggressive": -3.7,
    "energetic": -1.4,
    "epic": -3.1,
    "hopeful": -2.9,
    "spiritual": -3.1,
}
_USUAL = np.array([USUAL[facet] for facet in FACETS])

# How much more a facet counts that a clip has more of: at 0 all count alike, and the higher, the more the
# first alone.
SHARPNESS = 2.0


def characters(facets: NDArray[np.float64], moods: NDArray[np.float64]) -> NDArray[np.float64]:
    """<float64>[n, 12] shares of facets, 1 in sum, by probabilities of facets [n, 12] and moods [n, 7]."""
    told = evidence(facets.astype(np.float32), moods.astype(np.float32))
    above = SHARPNESS * (told.astype(np.float64) - _USUAL)
    shares = np.exp(above - above.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return result
