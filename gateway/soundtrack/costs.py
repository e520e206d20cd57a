"""What the choice of a clip costs, in units of one: from the nearest clip to the twenty-fourth is 1.

    fit          how much farther a clip is from the passage's mood than the nearest, and how little of what
                 it is above all the passage asks for
    smoothness   how far the music jumps, a large jump more than several small ones
    variety      hearing much the same from another clip, or another clip of a video that has played, or one
                 again
    staying      taken off for going on with a clip, the more the less the text changes

Costs of several hypotheses are told at once, [hypotheses, candidates].
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.limits import MAX_HOLD_S
from gateway.soundtrack.candidates import Weighed
from gateway.soundtrack.choices import Choice
from gateway.soundtrack.heard import Heard
from gateway.soundtrack.settings import Brief

_FIT_RANK = 23  # the clip whose distance beyond the nearest's is 1, as far as there are so many

# Of a clip that is nothing of what the passage asks for. Of the nearest 24 the last fits nearly as often as
# the first (dev); but of clips that are above all what is asked for most four in five fit, of others half.
CHARACTER_COST = 4.0

# Medians of two texts of different scenes, and of the nearest clips of two such.
TEXT_CHANGE = 1.15  # between facet weights that two passages ask for
CLIP_CHANGE = 0.95  # between facet scores of two clips
VAD_CHANGE = 0.55  # between valence, arousal and dominance of two clips
VAD_SHARE = 0.25  # of a jump; the rest is the change of facets
JUMP_COST = 1.6  # of a jump as from one kind of scene to another
JUMP_POWER = 3  # one great leap is heard more than several small steps

ALIKE = 0.25  # clips whose facets are nearer than this sound much the same
ALIKE_COST, VIDEO_COST, REPLAY_COST = 1.0, 1.0, 0.5
MOST_REPLAYS = 8  # that count

STAY_GAIN = 1.0
STAY_CHANGE = 0.5  # of TEXT_CHANGE: a text that changes so much is of another mood
BEYOND_CANDIDATES = 0.5  # what a held clip that isn't among the candidates costs more than the last of them
# Costs of what is done only where nothing else is left, above those of any jump at any weight.
OVERHELD, NOTHING = 1e5, 1e6

# How much another seed may add to a clip's cost: the nearest few change places.
SEED_COST = 2.5

Costs = NDArray[np.float64]


def text_change(before: Weighed, after: Weighed) -> float:
    """How much the text changes between two passages: 1 is as from one kind of scene to another."""
    return float(np.linalg.norm(after.scene.wanted - before.scene.wanted)) / TEXT_CHANGE


def fit_costs(brief: Brief, weighed: Weighed) -> Costs:
    """<float64>[candidates] what each costs by itself."""
    if not weighed.ids or weighed.scene.span.decision is not None:
        return np.zeros(len(weighed.ids))
    beyond = np.abs(weighed.distances - weighed.distances[0])
    scale = beyond[min(_FIT_RANK, len(beyond) - 1)]
    costs = beyond / (scale if scale > 0 else 1.0)
    asked = np.clip(weighed.scene.wanted, 0, None)
    if asked.any():
        costs = costs + CHARACTER_COST * (1 - weighed.characters @ (asked / asked.max()))
    costs = brief.weights.fit * costs
    if brief.seed:
        costs = costs + SEED_COST * np.array([_drawn(brief.seed, each) for each in weighed.ids])
    return costs


def replay_costs(brief: Brief, plays: NDArray[np.float64]) -> Costs:
    """<float64>[candidates] what each costs for having played so often."""
    return brief.weights.variety * REPLAY_COST * np.minimum(plays, MOST_REPLAYS)


def move_costs(brief: Brief, heard: Heard, last: Sequence[Choice], weighed: Weighed) -> Costs:
    """<float64>[hypotheses, candidates] what each costs after what was heard, lastly these choices."""
    costs = brief.weights.variety * (
        ALIKE_COST * np.clip(1 - heard.changes / ALIKE, 0, None).max(axis=1)
        + VIDEO_COST * heard.same_video.any(axis=1)
    )
    vads = np.array([choice.vad for choice in last])
    moved = np.linalg.norm(vads[:, None, :] - weighed.vads, axis=2)
    jumps = (1 - VAD_SHARE) * heard.changes[:, -1] / CLIP_CHANGE + VAD_SHARE * moved / VAD_CHANGE
    jumps[[choice.clip is None for choice in last]] = 0.0
    return costs + brief.weights.smoothness * JUMP_COST * jumps**JUMP_POWER


def holding_costs(brief: Brief, last: Sequence[Choice], weighed: Weighed, fits: Costs) -> Costs:
    """<float64>[hypotheses] what it costs to go on with the clip before; infinite where none may."""
    costs = np.full(len(last), np.inf)
    if weighed.scene.span.decision is not None:
        return costs
    change = text_change(last[0].weighed, weighed)
    gain = brief.weights.staying * STAY_GAIN * max(0.0, 1 - change / STAY_CHANGE)
    beyond = float(fits.max(initial=0.0)) + brief.weights.fit * (BEYOND_CANDIDATES + change)
    seconds = weighed.scene.span.seconds
    for at, choice in enumerate(last):
        rank = weighed.rank_of(choice.clip_id)
        # one beyond the candidates mayn't play to a passage of which a mood is asked, nor one that was
        # decided
        if choice.clip is None or (rank is None and (weighed.is_strict or choice.weighed.is_strict)):
            continue
        costs[at] = (beyond if rank is None else float(fits[rank])) - gain
        costs[at] += OVERHELD * (choice.seconds + seconds > MAX_HOLD_S)
    return costs


def silence_cost(weighed: Weighed) -> float:
    """What it costs that nothing plays."""
    decision = weighed.scene.span.decision
    return 0.0 if decision is not None and not decision.clip_id else NOTHING


def _drawn(seed: int, clip_id: str) -> float:
    """A number from 0 to 1 that only seed and clip decide on."""
    digest = hashlib.blake2b(clip_id.encode(), digest_size=4, key=seed.to_bytes(8, "little")).digest()
    return int.from_bytes(digest, "little") / 2**32
