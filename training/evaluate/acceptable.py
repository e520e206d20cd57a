"""Which moods of music are right for which emotion of a text: two tables that connection is judged by.

`PROTOCOL` is the seed's, as published: the group of moods nearest to the emotion in valence, arousal and
dominance. It is what the connection targets are stated in. It also has gratitude and love answered by funny
music, and grief by angry music, for that is where the words of the lexicon lie.

`LISTENER` is ours: the moods that a listener would take as fitting. Won et al. (2021) judge music for stories
by such a table; theirs has other emotions and moods, so this one follows their idea and not their cells.
Nothing is trained or chosen by it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, MOODS
from training.metrics.seed_protocol import GROUP_OF_MOOD, group_of_emotion

LISTENER_MOODS: Mapping[str, tuple[str, ...]] = {
    # Warmth towards somebody: bright or soft music; strong admiration is stirring as well.
    "admiration": ("happy", "tender", "exciting"),
    "approval": ("happy", "tender"),
    "caring": ("tender", "happy"),
    "gratitude": ("tender", "happy"),
    "love": ("tender", "happy"),
    "desire": ("tender", "exciting", "happy"),
    # High spirits: lively music of any bright kind; a laugh doesn't ask for a climax.
    "amusement": ("funny", "happy"),
    "joy": ("happy", "funny", "exciting"),
    "excitement": ("exciting", "happy"),
    "optimism": ("happy", "exciting"),
    "pride": ("exciting", "happy"),
    # What falls away after strain is soft.
    "relief": ("tender", "happy"),
    # A turn of mind: play, suspense or thought, depending on which way it goes.
    "curiosity": ("funny", "exciting"),
    "surprise": ("exciting", "funny", "scary"),
    "confusion": ("funny", "scary"),
    "realization": ("tender", "sad"),
    # Against something: aggression; revulsion is close to dread, disapproval to regret.
    "anger": ("angry", "scary"),
    "annoyance": ("angry",),
    "disgust": ("angry", "scary"),
    "disapproval": ("angry", "sad"),
    # Threat: what is tense, loud and dark.
    "fear": ("scary", "angry"),
    "nervousness": ("scary", "angry"),
    # Loss: low and dark, or consoling; shame may also be laughed at.
    "disappointment": ("sad",),
    "embarrassment": ("sad", "funny"),
    "grief": ("sad", "tender"),
    "remorse": ("sad", "tender"),
    "sadness": ("sad", "tender"),
    # Nothing stirred: music that doesn't stir either.
    "neutral": ("tender", "sad"),
}


def _protocol() -> NDArray[np.bool_]:
    return group_of_emotion()[:, None] == GROUP_OF_MOOD[None, :]


def _listener() -> NDArray[np.bool_]:
    rows = [np.isin(MOODS.names, LISTENER_MOODS[emotion]) for emotion in EMOTIONS.names]
    return np.stack(rows)


PROTOCOL = _protocol()  # <bool>[28, 7]
LISTENER = _listener()  # <bool>[28, 7]


def acceptable_moods(labels: Sequence[tuple[int, ...]], table: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """<bool>[n, 7] moods that are right for at least one emotion of each text."""
    return np.stack([table[list(emotions)].any(axis=0) for emotions in labels])
