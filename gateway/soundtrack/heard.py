"""How a passage's candidates compare with the clips that each hypothesis has lately played."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.soundtrack.candidates import Weighed
from gateway.soundtrack.choices import Choice


@dataclass(frozen=True)
class Heard:
    """Of b hypotheses, each with t choices, and k candidates. Nothing is the same as what didn't play."""

    changes: NDArray[np.float64]  # [b, t, k] distances of the facets
    same_clip: NDArray[np.bool_]  # [b, t, k]
    same_video: NDArray[np.bool_]  # [b, t, k]


def compare(tails: Sequence[Sequence[Choice]], weighed: Weighed) -> Heard:
    """Compare with equally many choices of each hypothesis, at least one."""
    clips = {choice.clip_id: choice for tail in tails for choice in tail}
    places = {clip_id: at for at, clip_id in enumerate(clips)}
    facets = np.array([choice.facets for choice in clips.values()])
    changes = np.linalg.norm(facets[:, None, :] - weighed.facets, axis=2)
    if "" in places:
        changes[places[""]] = np.inf
    same_clip = np.array([[clip_id == each for each in weighed.ids] for clip_id in clips])
    videos = [choice.video for choice in clips.values()]
    same_video = np.array([[video == each for each in weighed.videos] for video in videos])
    rows = np.array([[places[choice.clip_id] for choice in tail] for tail in tails])
    shape = (len(clips), len(weighed.ids))
    return Heard(changes[rows], same_clip.reshape(shape)[rows], same_video.reshape(shape)[rows])
