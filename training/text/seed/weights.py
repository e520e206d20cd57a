"""How much each emotion weighs in the text loss: the seed's table as it was, or one put right."""

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS
from training.regression.targets import Labels, inverse_frequency_weights
from training.text.seed.config import SampleWeights

# The seed's weights are GoEmotions' inverse class frequencies in a wrong column order. They were listed by
# sentiment (positive, negative, neutral, ambiguous), the commonest first, and then read alphabetically:
# "pride" weighs what "grief" should, and "realization" what "neutral" should.
_SEED_WEIGHTS = {
    "admiration": 0.00434503,
    "amusement": 0.00610581,
    "anger": 0.00674116,
    "annoyance": 0.00770832,
    "approval": 0.00860257,
    "caring": 0.01135039,
    "confusion": 0.01235879,
    "curiosity": 0.0165087,
    "desire": 0.02103747,
    "disappointment": 0.02799526,
    "disapproval": 0.11728733,
    "disgust": 0.16166633,
    "embarrassment": 0.00726517,
    "excitement": 0.00887486,
    "fear": 0.01145179,
    "gratitude": 0.01353315,
    "grief": 0.01414103,
    "joy": 0.02262921,
    "love": 0.030109,
    "nervousness": 0.03292654,
    "neutral": 0.0592243,
    "optimism": 0.1094205,
    "pride": 0.23305146,
    "realization": 0.00126204,
    "relief": 0.00819031,
    "remorse": 0.01311766,
    "sadness": 0.01616663,
    "surprise": 0.01692921,
}


def label_weights(kind: SampleWeights, labels: Labels) -> NDArray[np.float32]:
    """<float32>[28] weight of each emotion, in the order of `affect.EMOTIONS`.

    `seed`: the table above. `corrected`: inverse frequencies in `labels`, each on its own emotion, summing
    to 1. `none`: 1 for all.
    """
    if kind == "seed":
        return np.array([_SEED_WEIGHTS[name] for name in EMOTIONS.names], np.float32)
    if kind == "corrected":
        return inverse_frequency_weights(labels, EMOTIONS.names)
    return np.ones(len(EMOTIONS.names), np.float32)
