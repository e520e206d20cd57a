"""How one cue goes over into the next."""

from typing import NamedTuple

from ambiance.match.v1 import soundtrack_pb2 as pb
from gateway.soundtrack.choices import Choice
from gateway.soundtrack.costs import text_change
from gateway.soundtrack.sentences import Break

# The more the text changes, the shorter one clip fades into another, in seconds.
LONGEST_FADE_S, SHORTEST_FADE_S = 6.0, 2.0
SILENCE_FADE_S = 3.0  # in from silence, or out into it
# A change this large between two sentences of one paragraph is a turn: 1 is as from one kind of scene to
# another.
TURN = 1.2


class Change(NamedTuple):
    """How a cue begins."""

    transition: pb.Transition.ValueType
    seconds: float


def change(before: Choice | None, after: Choice) -> Change:
    """How a cue begins after the one before, if any."""
    left = before.clip_id if before is not None else ""
    longest = after.weighed.scene.span.seconds / 2
    if before is not None and left == after.clip_id:
        return Change(pb.TRANSITION_HOLD, 0.0)
    if before is None or not left or not after.clip_id:
        return Change(pb.TRANSITION_FADE, min(SILENCE_FADE_S, longest))
    moved = text_change(before.weighed, after.weighed)
    if moved >= TURN and after.weighed.scene.span.units[0].sentence.before < Break.PARAGRAPH:
        return Change(pb.TRANSITION_CUT, 0.0)
    share = min(moved / TURN, 1.0)
    seconds = LONGEST_FADE_S + share * (SHORTEST_FADE_S - LONGEST_FADE_S)
    return Change(pb.TRANSITION_FADE, min(seconds, longest))
