"""Which music fits which scene: a person's judgement, the table that carries a text over to facets of music.

A weight above 0 is how gladly a listener hears a facet there, 1 most; below 0, how much it jars. What isn't
named neither helps nor hurts. Written by judgement, not learned: distances between label words put love
beside comedy and grief beside anger, and no data set tells what a listener winces at.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, SCENES

# How much what jars weighs beside what fits. At 1 the surest way not to jar is to be bland.
JAR_WEIGHT = 0.5


@dataclass(frozen=True)
class Music:
    """What fits a scene and what jars, and why."""

    weights: Mapping[str, float]
    why: str


MUSIC_OF_SCENE: Mapping[str, Music] = {
    "joy": Music(
        {"happy": 1, "playful": 0.5, "energetic": 0.5, "hopeful": 0.5}
        | {"sad": -1, "eerie": -1, "aggressive": -0.8, "spiritual": -0.3},
        "Joy wants to be shared; it bears bounce and drive, and nothing dark.",
    ),
    "excitement": Music(
        {"energetic": 1, "happy": 0.7, "playful": 0.3, "epic": 0.2, "hopeful": 0.2}
        | {"sad": -1, "calm": -0.8, "spiritual": -0.6, "eerie": -0.6, "tender": -0.3, "aggressive": -0.3},
        "A rush that calm music would put to sleep.",
    ),
    "romance": Music(
        {"tender": 1, "calm": 0.4, "happy": 0.3, "hopeful": 0.3, "nostalgic": 0.1}
        | {"aggressive": -1, "eerie": -1, "sad": -0.4, "energetic": -0.2, "playful": -0.2},
        "Closeness; a joke or a march between lovers breaks it.",
    ),
    "tenderness": Music(
        {"tender": 1, "calm": 0.8, "hopeful": 0.4, "happy": 0.2, "playful": 0.1}
        | {"aggressive": -1, "eerie": -1, "energetic": -0.6, "epic": -0.4, "sad": -0.2},
        "Care is quiet: a lullaby, not an anthem.",
    ),
    "gratitude": Music(
        {"tender": 0.9, "hopeful": 0.9, "happy": 0.4, "calm": 0.3, "spiritual": 0.2}
        | {"aggressive": -1, "eerie": -1, "sad": -0.4, "playful": -0.3, "energetic": -0.2},
        "Warm and lifting; fun would belittle it.",
    ),
    "grief": Music(
        {"sad": 1, "spiritual": 0.3, "tender": 0.3, "calm": 0.2, "nostalgic": 0.1}
        | {"happy": -1, "playful": -1, "energetic": -1, "aggressive": -0.8, "epic": -0.3, "hopeful": -0.2},
        "The bereaved are met in sadness, gently; anything bright or loud is an affront.",
    ),
    "melancholy": Music(
        {"sad": 1, "calm": 0.5, "nostalgic": 0.4, "tender": 0.2}
        | {"happy": -1, "energetic": -1, "playful": -0.8, "aggressive": -0.5, "epic": -0.4},
        "Quiet sadness, near to calm.",
    ),
    "shame": Music(
        {"sad": 1, "tender": 0.1}
        | {"energetic": -1, "happy": -1, "playful": -0.9, "epic": -0.6, "aggressive": -0.3},
        "It wants to hide; cheer mocks it.",
    ),
    "nostalgia": Music(
        {"nostalgic": 1, "tender": 0.6, "calm": 0.5, "sad": 0.3, "happy": 0.1}
        | {"aggressive": -1, "eerie": -1, "energetic": -0.7, "epic": -0.3},
        "Warm and a little sad; what is loud belongs to today.",
    ),
    "longing": Music(
        {"sad": 0.8, "tender": 0.8, "nostalgic": 0.6, "calm": 0.2}
        | {"aggressive": -1, "playful": -0.9, "eerie": -0.5, "energetic": -0.5, "epic": -0.4, "happy": -0.3},
        "Love that lacks its object: tender and sad at once.",
    ),
    "fear": Music(
        {"eerie": 1, "aggressive": 0.2}
        | {"happy": -1, "tender": -0.9, "playful": -0.9, "calm": -0.5, "hopeful": -0.4},
        "What is sweet or soothing says that there is nothing to fear.",
    ),
    "suspense": Music(
        {"eerie": 1}
        | {"happy": -1, "playful": -0.9, "tender": -0.8, "energetic": -0.3, "epic": -0.2, "hopeful": -0.2}
        | {"calm": -0.1},
        "Held back: not yet the chase, never at ease.",
    ),
    "anger": Music(
        {"aggressive": 1, "energetic": 0.4, "eerie": 0.1}
        | {"tender": -1, "calm": -1, "happy": -0.9, "playful": -0.6, "nostalgic": -0.4},
        "It wants to hit something.",
    ),
    "disgust": Music(
        {"aggressive": 0.7, "eerie": 0.7}
        | {"tender": -1, "hopeful": -0.8, "happy": -0.8, "spiritual": -0.6, "calm": -0.6},
        "Harsh or queasy; beauty is out of place.",
    ),
    "action": Music(
        {"energetic": 1, "epic": 0.6, "aggressive": 0.4}
        | {"calm": -1, "tender": -1, "sad": -0.7, "nostalgic": -0.6, "spiritual": -0.3, "playful": -0.2},
        "Pace above all.",
    ),
    "triumph": Music(
        {"epic": 1, "hopeful": 0.6, "happy": 0.6, "energetic": 0.6}
        | {"sad": -1, "eerie": -1, "playful": -0.6, "calm": -0.3, "aggressive": -0.2},
        "Large and bright.",
    ),
    "comedy": Music(
        {"playful": 1, "happy": 0.9} | {"sad": -1, "eerie": -1, "spiritual": -0.9, "aggressive": -0.9},
        "Light feet.",
    ),
    "calm": Music(
        {"calm": 1, "tender": 0.4, "spiritual": 0.2, "happy": 0.1}
        | {"aggressive": -1, "eerie": -1, "energetic": -1, "epic": -0.6, "sad": -0.3},
        "Nothing that asks for attention.",
    ),
    "awe": Music(
        {"spiritual": 1, "epic": 0.6, "calm": 0.5, "hopeful": 0.2}
        | {"playful": -1, "aggressive": -1, "sad": -0.4, "energetic": -0.4, "eerie": -0.2},
        "Space and height; a joke or a beat makes it small.",
    ),
    "hope": Music(
        {"hopeful": 1, "tender": 0.5, "calm": 0.4, "happy": 0.4, "epic": 0.2}
        | {"eerie": -1, "aggressive": -0.9, "sad": -0.4, "playful": -0.2},
        "Light after dark: lifting, not yet a party.",
    ),
    "none": Music(
        {"calm": 0.8, "tender": 0.3, "hopeful": 0.2}
        | {"aggressive": -1, "eerie": -1, "epic": -0.6, "energetic": -0.5, "sad": -0.4, "spiritual": -0.2},
        "Where a text tells of nothing felt, music that is in nobody's way.",
    ),
}

# For a text that speaks of self-harm or suicide: nothing that pushes, and nothing that pulls down.
GENTLE = Music(
    {"calm": 1, "tender": 0.8, "hopeful": 0.3}
    | {"aggressive": -2, "eerie": -2, "energetic": -1, "sad": -0.6, "epic": -0.6, "playful": -0.8},
    "Company, without cheer and without gloom.",
)


def fit_table() -> NDArray[np.float32]:
    """<float32>[21, 12] weight of each facet in each scene, what jars times JAR_WEIGHT."""
    return np.stack([fit_row(MUSIC_OF_SCENE[scene]) for scene in SCENES])


def fit_row(music: Music) -> NDArray[np.float32]:
    """<float32>[12] the weights of one scene's music, what jars times JAR_WEIGHT."""
    row = np.array([music.weights.get(facet, 0) for facet in FACETS], np.float32)
    return np.where(row < 0, row * np.float32(JAR_WEIGHT), row)
