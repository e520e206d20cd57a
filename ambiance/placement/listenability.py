"""Which clips of a library are worth hearing: not mainly speech, not effects, not a bad recording.

AudioSet was made to tell sounds apart, so that much of its music plays behind a quack, a lecture or the wind
in a microphone. Labels tell effects; how loud the talking is and how bad the recording, traits tell.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import TRAITS

_SPEECH, _LOW_QUALITY = TRAITS.index("speech"), TRAITS.index("low_quality")


@dataclass(frozen=True)
class ListenabilityRule:
    """Labels and probabilities that decide. Labels that are in neither set do no harm."""

    spoiling: frozenset[str]  # labels any of which spoils music
    spoken: frozenset[str]  # labels of speech
    most_speech: float  # probability of the trait from which a clip is mainly speech
    most_labelled_speech: float  # the same for a clip that bears a label of speech
    most_low_quality: float  # probability of the trait from which a recording is a bad one

    def listenable(self, labels: Sequence[Collection[str]], traits: NDArray[np.float32]) -> NDArray[np.bool_]:
        """<bool>[n] clips that a search may answer with unless it is asked for all.

        Args:
            labels: display names of each of n clips.
            traits: <float32>[n, 3] in the order of affect.TRAITS.
        """
        count = len(labels)
        talks = np.fromiter((not self.spoken.isdisjoint(row) for row in labels), np.bool_, count)
        spoilt = np.fromiter((not self.spoiling.isdisjoint(row) for row in labels), np.bool_, count)
        most_speech = np.where(talks, self.most_labelled_speech, self.most_speech)
        too_much_speech = traits[:, _SPEECH] >= most_speech
        return ~(spoilt | too_much_speech | (traits[:, _LOW_QUALITY] >= self.most_low_quality))
