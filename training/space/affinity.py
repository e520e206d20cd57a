"""How well each mood answers each emotion: the table that carries a text's posterior to the seven moods."""

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, MOODS
from training.evaluate.readings import GROUP_OF_MOOD, group_of_emotion

GROUP_SHARE = 0.75  # of the affinity, that hangs on the group; the rest on nearness
AFFINITY_SIGMA = 0.2  # of the kernel of nearness


def mood_affinity() -> NDArray[np.float32]:
    """<float32>[28, 7] in (0, 1]: mostly for a mood of the emotion's group, partly by nearness in VAD.

    Nearness is 1 for the nearest mood and falls off with the squared distance beyond it. Rows aren't
    normalised: that would halve the pairs happy/exciting and angry/scary against sad, which stands alone.
    """
    same_group = GROUP_OF_MOOD[None, :] == group_of_emotion()[:, None]
    distances = MOODS.squared_distances(EMOTIONS.vad)
    beyond_nearest = distances - distances.min(axis=1, keepdims=True)
    nearness = np.exp(beyond_nearest / (-2 * AFFINITY_SIGMA**2))
    return (GROUP_SHARE * same_group + (1 - GROUP_SHARE) * nearness).astype(np.float32)
