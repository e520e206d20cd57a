"""Which clips of a library are worth hearing: not mainly speech, not effects, not a bad recording.

AudioSet was made to tell sounds apart, so that much of its music plays behind a quack, a lecture or the wind
in a microphone. Its annotators' labels tell effects; how loud the talking is and how bad the recording, the
encoder's traits tell.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import TRAITS
from training.data.ontology import Ontology

# Labels outside Music that don't spoil it, each with those below it: voices that sing, an audience, a place,
# what musicians do to their sound, and nature, which calm music is often recorded with.
HARMLESS = (
    "Singing",
    "Rapping",
    "Humming",
    "Whistling",
    "Shout",
    "Whoop",
    "Yell",
    "Hands",
    "Clapping",
    "Applause",
    "Cheering",
    "Crowd",
    "Inside, small room",
    "Inside, large room or hall",
    "Inside, public space",
    "Outside, urban or manmade",
    "Outside, rural or natural",
    "Effects unit",
    "Chorus effect",
    "Distortion",
    "Reverberation",
    "Echo",
    "Harmonic",
    "Pulse",
    "Rain",
    "Ocean",
    "Stream",
    "Bird",
    "Wind",
    "Thunderstorm",
)
SPEECH = "Speech"

_MOST_SPEECH = 0.6  # probability of the trait from which a clip is mainly speech
_MOST_LABELLED_SPEECH = 0.35  # the same for a clip in which annotators heard speech
_MOST_LOW_QUALITY = 0.62


def listenable(
    labels: Sequence[Sequence[int]], traits: NDArray[np.float32], ontology: Ontology
) -> NDArray[np.bool_]:
    """<bool>[n] clips that a search may answer with unless it is asked for all.

    Args:
        labels: class indices of each of n clips.
        traits: <float32>[n, 3] as the music encoder hears them.
        ontology: names the classes.
    """
    spoken = ontology.descendants(SPEECH) | {ontology.index(SPEECH)}
    spoiling = _outside(ontology, spoken)
    talks = np.array([not spoken.isdisjoint(row) for row in labels])
    spoilt = np.array([not spoiling.isdisjoint(row) for row in labels])
    speech, low_quality = (traits[:, TRAITS.index(name)] for name in ("speech", "low_quality"))
    too_much_speech = speech >= np.where(talks, _MOST_LABELLED_SPEECH, _MOST_SPEECH)
    return ~(spoilt | too_much_speech | (low_quality >= _MOST_LOW_QUALITY))


def _outside(ontology: Ontology, spoken: frozenset[int]) -> frozenset[int]:
    """Classes that spoil music: all that is neither music nor speech nor harmless."""
    harmless = frozenset().union(*(ontology.descendants(name) | {ontology.index(name)} for name in HARMLESS))
    return frozenset(range(len(ontology.names))) - ontology.music_classes() - spoken - harmless
