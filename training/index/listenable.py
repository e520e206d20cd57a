"""Which of AudioSet's labels spoil music, and from where on speech and a bad recording do: the rule itself is
`ambiance.placement.listenability`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.placement import ListenabilityRule
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


def listenability_rule(ontology: Ontology) -> ListenabilityRule:
    """What decides, by the names of AudioSet's labels.

    Raises:
        DataError: if the ontology lacks one of HARMLESS.
    """
    spoken = ontology.descendants(SPEECH) | {ontology.index(SPEECH)}
    return ListenabilityRule(
        spoiling=_named(ontology, _outside(ontology, spoken)),
        spoken=_named(ontology, spoken),
        most_speech=_MOST_SPEECH,
        most_labelled_speech=_MOST_LABELLED_SPEECH,
        most_low_quality=_MOST_LOW_QUALITY,
    )


def listenable(
    labels: Sequence[Sequence[int]], traits: NDArray[np.float32], ontology: Ontology
) -> NDArray[np.bool_]:
    """<bool>[n] clips that a search may answer with unless it is asked for all.

    Args:
        labels: class indices of each of n clips.
        traits: <float32>[n, 3] as the music encoder hears them.
        ontology: names the classes.
    """
    names = ontology.names
    return listenability_rule(ontology).listenable(
        [[names[label] for label in row] for row in labels], traits
    )


def _named(ontology: Ontology, classes: frozenset[int]) -> frozenset[str]:
    return frozenset(ontology.names[label] for label in classes)


def _outside(ontology: Ontology, spoken: frozenset[int]) -> frozenset[int]:
    """Classes that spoil music: all that is neither music nor speech nor harmless."""
    harmless = frozenset().union(*(ontology.descendants(name) | {ontology.index(name)} for name in HARMLESS))
    return frozenset(range(len(ontology.names))) - ontology.music_classes() - spoken - harmless
