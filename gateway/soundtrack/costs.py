"""What the choice of a clip costs, in units of one: from the nearest clip to the twelfth is 1.

fit          how much farther a clip is from the passage's mood than the nearest
smoothness   how much more the music changes than the text does
variety      hearing much the same from another clip, or another clip of a video that has played, or one again
staying      taken off for going on with a clip, the more the less the text changes
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from gateway.soundtrack.candidates import Weighed
from gateway.soundtrack.choices import Choice
from gateway.soundtrack.settings import Brief

_FIT_RANK = 11  # the clip whose distance beyond the nearest's is 1, as far as there are so many

# Medians of two texts of different scenes, and of the nearest clips of two such: by these both changes compare.
TEXT_CHANGE = 1.0  # between facet weights that two passages ask for
CLIP_CHANGE = 0.9  # between facet scores of two clips

ALIKE = 0.25  # clips whose facets are nearer than this sound much the same
ALIKE_COST, VIDEO_COST, REPLAY_COST = 0.5, 0.5, 0.25
MOST_REPLAYS = 8  # that count

STAY_GAIN = 1.0
STAY_CHANGE = 0.5  # of TEXT_CHANGE: a text that changes so much is of another mood
BEYOND_CANDIDATES = 0.5  # what a held clip that isn't among the candidates costs more than the last of them
MAX_HOLD_S = 240.0  # a clip that has gone on for so long goes on only if nothing else may play
OVERHELD, NOTHING = 20.0, 1_000.0  # costs of what is done only where nothing else is left

# How much another seed may add to a clip's cost: the nearest few change places.
SEED_COST = 1.0


def text_change(before: Weighed, after: Weighed) -> float:
    """How much the text changes between two passages: 1 is as from one kind of scene to another."""
    return float(np.linalg.norm(after.scene.wanted - before.scene.wanted)) / TEXT_CHANGE


class Costs:
    """The costs of one soundtrack."""

    def __init__(self, brief: Brief) -> None:
        self._brief, self._weights = brief, brief.weights

    def fits(self, weighed: Weighed) -> NDArray[np.float64]:
        """[candidates] what each costs by itself."""
        if not len(weighed.ids) or weighed.scene.span.decision is not None:
            return np.zeros(len(weighed.ids))
        beyond = np.abs(weighed.distances - weighed.distances[0])
        scale = beyond[min(_FIT_RANK, len(beyond) - 1)]
        fits = self._weights.fit * beyond / (scale if scale > 0 else 1.0)
        if self._brief.seed:
            fits = fits + SEED_COST * np.array([_drawn(self._brief.seed, each) for each in weighed.ids])
        return fits

    def moves(self, tail: tuple[Choice, ...], weighed: Weighed) -> NDArray[np.float64]:
        """[candidates] what each costs after those that were chosen before."""
        heard = [choice for choice in tail if choice.clip is not None]
        if not heard or weighed.scene.span.decision is not None:
            return np.zeros(len(weighed.ids))
        changes = np.linalg.norm(
            weighed.facets[:, None, :] - np.array([choice.facets for choice in heard]), axis=2
        )
        alike = np.clip(1 - changes / ALIKE, 0, None).max(axis=1)
        costs = self._weights.variety * ALIKE_COST * alike
        videos = [choice.video for choice in heard]
        costs += self._weights.variety * VIDEO_COST * np.array([video in videos for video in weighed.videos])
        if tail[-1].clip is not None:
            jump = changes[:, -1] / CLIP_CHANGE - text_change(tail[-1].weighed, weighed)
            costs += self._weights.smoothness * np.clip(jump, 0, None)
        return costs

    def replays(self, plays: NDArray[np.float64]) -> NDArray[np.float64]:
        """[candidates] what each costs for having played so often."""
        return self._weights.variety * REPLAY_COST * np.minimum(plays, MOST_REPLAYS)

    def holding(self, tail: tuple[Choice, ...], weighed: Weighed) -> float | None:
        """What it costs to go on with the clip before; None if there is none that may."""
        if not tail or tail[-1].clip is None or weighed.scene.span.decision is not None:
            return None
        last = tail[-1]
        rank = weighed.rank_of(last.clip_id)
        if rank is None and (weighed.is_strict or last.weighed.is_strict):
            return None  # it mayn't play here, or was let through there alone
        change = text_change(last.weighed, weighed)
        if rank is not None:
            cost = float(self.fits(weighed)[rank])
        else:
            cost = float(self.fits(weighed).max(initial=0.0)) + self._weights.fit * (
                BEYOND_CANDIDATES + change
            )
        cost -= self._weights.staying * STAY_GAIN * max(0.0, 1 - change / STAY_CHANGE)
        if last.seconds + self._brief.seconds(weighed.scene.span.word_count) > MAX_HOLD_S:
            cost += OVERHELD
        return cost

    @staticmethod
    def silence(weighed: Weighed) -> float:
        """What it costs that nothing plays."""
        decision = weighed.scene.span.decision
        return 0.0 if decision is not None and not decision.clip_id else NOTHING


def _drawn(seed: int, clip_id: str) -> float:
    """A number from 0 to 1 that only seed and clip decide on."""
    digest = hashlib.blake2b(clip_id.encode(), digest_size=4, key=seed.to_bytes(8, "little")).digest()
    return int.from_bytes(digest, "little") / 2**32
