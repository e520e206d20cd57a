"""What a listener hears of a clip, by two ears: the music encoder's, and musicians' who captioned clips.

The encoder's probabilities differ widely from facet to facet (a third for "energetic", a twentieth for
"hopeful"), so the likeliest says little. A clip's main facet is the one that it has most above the library's
mean, in log-odds. Of captioned clips it is the facet that the caption tells most of, as judged by reading it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS
from ambiance.music.v1 import clip_pb2
from ambiance.placement.evidence import FACET_OF_MOOD, log_odds
from training.data.tables import rows
from training.music.caption_judgements import FILE

Ear = Callable[[clip_pb2.Clip], str | None]  # the facet that a clip is said to have most


@dataclass(frozen=True)
class Library:
    """The clips that every way may answer with."""

    clips: tuple[clip_pb2.Clip, ...]

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """<float64>[12] mean log-odds of each facet."""
        odds: NDArray[np.float64] = log_odds(np.array([facet_scores(clip) for clip in self.clips])).mean(
            axis=0
        )
        return odds

    def main_facet(self, clip: clip_pb2.Clip) -> str:
        """The facet that a clip has most above the library's mean."""
        return FACETS[int((log_odds(facet_scores(clip)) - self.means).argmax())]


def facet_scores(clip: clip_pb2.Clip) -> NDArray[np.float32]:
    """<float32>[12] probability of each facet, in the order of FACETS."""
    scores = {facet.facet: facet.score for facet in clip.facets}
    return np.array([scores[facet] for facet in FACETS], np.float32)


def vad(clip: clip_pb2.Clip) -> NDArray[np.float32]:
    """<float32>[3] valence, arousal and dominance."""
    return np.array([clip.vad.valence, clip.vad.arousal, clip.vad.dominance], np.float32)


def mood_facet(clip: clip_pb2.Clip) -> str:
    """The facet that the likeliest of AudioSet's moods names."""
    return FACET_OF_MOOD[clip.moods[0].mood]


def captioned(clips: Iterable[clip_pb2.Clip]) -> dict[str, str]:
    """By clip id, the facet heard most in each clip whose caption was judged and tells of any.

    Raises:
        DataError: if the file of judgements is damaged.
    """
    mains = {clip: facets.split()[0] for (clip, facets, _), _ in rows(FILE, 3) if facets.split()[0] in FACETS}
    return {clip.id: mains[clip.id] for clip in clips if clip.id in mains}
