"""What facets say of moods, moods of facets, and both of valence, arousal and dominance.

For clips that come with a part of it, as another encoder heard them. The maps are linear, learned of a whole
library that a music encoder heard; they say what is to be expected, not what is heard.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.placement.encoded_clips import EncodedClips
from ambiance.placement.evidence import log_lift, log_odds

Array = NDArray[np.float32]


@dataclass(frozen=True)
class LinearMap:
    """rows <float32>[n, inputs] @ weights + bias."""

    weights: Array  # [inputs, outputs]
    bias: Array  # [outputs]

    def __call__(self, rows: Array) -> Array:
        """<float32>[n, outputs]."""
        result: Array = rows @ self.weights + self.bias
        return result

    @classmethod
    def fit(cls, inputs: Array, outputs: Array) -> "LinearMap":
        """Least squares over n rows of both."""
        ones = np.ones((len(inputs), 1))
        solution = np.linalg.lstsq(np.concatenate([inputs, ones], axis=1), outputs, rcond=None)[0]
        return cls(solution[:-1].astype(np.float32), solution[-1].astype(np.float32))


@dataclass(frozen=True)
class Estimates:
    """The maps between log-odds of facets [n, 12], log lifts of moods [n, 7] and VAD [n, 3]."""

    facets_by_moods: LinearMap
    moods_by_facets: LinearMap
    vad_by_both: LinearMap

    @classmethod
    def fit(cls, clips: EncodedClips) -> "Estimates":
        """Learn the maps of a library's clips, at least as many as there are facets and moods."""
        facets, moods = log_odds(clips.facets), log_lift(clips.moods)
        both = np.concatenate([facets, moods], axis=1)
        return cls(LinearMap.fit(moods, facets), LinearMap.fit(facets, moods), LinearMap.fit(both, clips.vad))

    def facets(self, moods: Array) -> Array:
        """<float32>[n, 12] probabilities to be expected of clips of these moods <float32>[n, 7]."""
        logits = self.facets_by_moods(log_lift(moods))
        return np.reciprocal(1 + np.exp(-logits))

    def moods(self, facets: Array) -> Array:
        """<float32>[n, 7] posterior to be expected of clips of these facets <float32>[n, 12]."""
        lift = self.moods_by_facets(log_odds(facets))
        weights = np.exp(lift - lift.max(axis=1, keepdims=True))
        result: Array = weights / weights.sum(axis=1, keepdims=True)
        return result

    def vad(self, facets: Array, moods: Array) -> Array:
        """<float32>[n, 3] in [0, 1], to be expected of clips of these facets and moods."""
        both = np.concatenate([log_odds(facets), log_lift(moods)], axis=1)
        return np.clip(self.vad_by_both(both), np.float32(0), np.float32(1))
