"""The vocabulary of emotion: GoEmotions' emotions, kinds of scene, AudioSet's moods, facets of music.

Emotions and moods are also points of valence, arousal and dominance, which only the recipe `seed` learns and
its evaluation counts by: coordinates of the label words in the NRC lexicon (Mohammad, 2018), free for
research and not to be used commercially without its author's consent (see NOTICE).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

VAD_SPACE = "vad"
MOOD_SPACE = "mood"  # learned by training; texts and clips compare in it by emotion and mood
VAD_AXES = ("valence", "arousal", "dominance")

# Width of the kernel in `LabelCoordinates.closeness`: narrow enough to keep moods apart that lie 0.2 from
# each other, as angry and scary do.
CLOSENESS_SIGMA = 0.15


@dataclass(frozen=True)
class LabelCoordinates:
    """Named points in VAD space, in the order in which their data set numbers them."""

    points: Mapping[str, tuple[float, float, float]]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Labels in order."""
        return tuple(self.points)

    @cached_property
    def vad(self) -> NDArray[np.float32]:
        """<float32>[labels, 3] valence, arousal and dominance of each label, in [0, 1]."""
        array = np.array(list(self.points.values()), dtype=np.float32)
        array.setflags(write=False)
        return array

    def squared_distances(self, vad: NDArray[np.float32]) -> NDArray[np.float32]:
        """<float32>[n, labels] squared Euclidean distances from each point <float32>[n, 3] to each label."""
        difference = vad[:, None, :] - self.vad[None, :, :]
        return np.einsum("nld,nld->nl", difference, difference)

    def nearest(self, vad: NDArray[np.float32]) -> NDArray[np.int64]:
        """<int64>[n] index of the label nearest to each point <float32>[n, 3]; the first of equals."""
        return np.argmin(self.squared_distances(vad), axis=1)

    def closeness(self, vad: NDArray[np.float32]) -> NDArray[np.float32]:
        """<float32>[n, labels] share of each label in a Gaussian kernel around each point <float32>[n, 3].

        Rows sum to 1, and the largest share belongs to the nearest label. This orders labels by distance on
        a readable scale; it isn't a calibrated probability.
        """
        return _kernel(self.squared_distances(vad), CLOSENESS_SIGMA)


def _kernel(squared_distances: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """<float32>[n, labels] Gaussian weights of distances [n, labels]; each row sums to 1."""
    exponent = squared_distances / (-2 * sigma**2)
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)


# GoEmotions' 28 labels (Demszky et al., 2020), in the order of its ids.
EMOTIONS = LabelCoordinates(
    {
        "admiration": (0.969, 0.583, 0.726),
        "amusement": (0.929, 0.837, 0.803),
        "anger": (0.167, 0.865, 0.657),
        "annoyance": (0.167, 0.718, 0.342),
        "approval": (0.854, 0.460, 0.889),
        "caring": (0.635, 0.469, 0.500),
        "confusion": (0.255, 0.667, 0.277),
        "curiosity": (0.750, 0.755, 0.463),
        "desire": (0.896, 0.692, 0.647),
        "disappointment": (0.115, 0.490, 0.336),
        "disapproval": (0.085, 0.551, 0.367),
        "disgust": (0.052, 0.775, 0.317),
        "embarrassment": (0.143, 0.685, 0.226),
        "excitement": (0.896, 0.684, 0.731),
        "fear": (0.073, 0.840, 0.293),
        "gratitude": (0.885, 0.441, 0.610),
        "grief": (0.070, 0.640, 0.474),
        "joy": (0.980, 0.824, 0.794),
        "love": (1.0, 0.519, 0.673),
        "nervousness": (0.163, 0.915, 0.241),
        "optimism": (0.949, 0.565, 0.814),
        "pride": (0.729, 0.634, 0.848),
        "realization": (0.554, 0.510, 0.836),
        "relief": (0.844, 0.278, 0.481),
        "remorse": (0.103, 0.673, 0.377),
        "sadness": (0.052, 0.288, 0.164),
        "surprise": (0.875, 0.875, 0.562),
        "neutral": (0.469, 0.184, 0.357),
    }
)

# AudioSet's seven "Music mood" classes (276-282), named by their adjective.
MOODS = LabelCoordinates(
    {
        "happy": (1.0, 0.735, 0.772),
        "funny": (0.918, 0.610, 0.566),
        "sad": (0.225, 0.333, 0.149),
        "tender": (0.630, 0.520, 0.509),
        "exciting": (0.950, 0.792, 0.789),
        "angry": (0.122, 0.830, 0.604),
        "scary": (0.062, 0.952, 0.528),
    }
)

# What a text is about, for a listener who wants music of the same emotion: kinds of scene, as the corpus of
# our own names them. The last is for texts that tell of nothing felt.
SCENES = (
    "joy",
    "excitement",
    "romance",
    "tenderness",
    "gratitude",
    "grief",
    "melancholy",
    "shame",
    "nostalgia",
    "longing",
    "fear",
    "suspense",
    "anger",
    "disgust",
    "action",
    "triumph",
    "comedy",
    "calm",
    "awe",
    "hope",
    "none",
)
NO_SCENE = "none"

# What a person says of a piece of music, each standing for its near synonyms: tender for romantic, playful
# for funny, eerie for suspenseful and scary, aggressive for angry, energetic for exciting, epic for
# triumphant, hopeful for uplifting, spiritual for solemn.
FACETS = (
    "calm",
    "tender",
    "happy",
    "playful",
    "sad",
    "nostalgic",
    "eerie",
    "aggressive",
    "energetic",
    "epic",
    "hopeful",
    "spiritual",
)

# What a clip is, whatever its mood: sung, spoken over, badly recorded.
TRAITS = ("vocal", "speech", "low_quality")

# The grouping of the 28 emotions into Ekman's six and neutral, as Demszky et al. publish it.
EKMAN: Mapping[str, tuple[str, ...]] = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": (
        "joy",
        "amusement",
        "approval",
        "excitement",
        "gratitude",
        "love",
        "optimism",
        "relief",
        "pride",
        "admiration",
        "desire",
        "caring",
    ),
    "sadness": ("sadness", "disappointment", "embarrassment", "grief", "remorse"),
    "surprise": ("surprise", "realization", "confusion", "curiosity"),
    "neutral": ("neutral",),
}

# The seed's lumping of seven moods into five, each named after the mood that stands for it.
MOOD_GROUPS: Mapping[str, tuple[str, ...]] = {
    "happy": ("happy", "exciting"),
    "funny": ("funny",),
    "sad": ("sad",),
    "tender": ("tender",),
    "angry": ("angry", "scary"),
}


# The frame of VAD that the released models are trained towards: how readers of EmoBank's sentences felt, 1 to
# 5 about a neutral 3, and words of MusicCaps placed on the same scale.
READERS_VAD_LINEAGE = "vad-readers-1"


def nrc_vad_lineage() -> str:
    """The frame of the label words' coordinates, of recipe `seed`: a digest of all of them.

    Two models share a VAD space only if they were trained towards the same frame.
    """
    table = [list(labels.points.items()) for labels in (EMOTIONS, MOODS)]
    return "vad-" + hashlib.sha256(repr(table).encode()).hexdigest()[:12]
