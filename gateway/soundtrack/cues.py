"""Makes the cues that are sent out of what was chosen."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator

from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.music.v1.music_index_service_pb2 import Neighbor
from gateway.soundtrack.candidates import Candidates, video_of
from gateway.soundtrack.choices import Choice
from gateway.soundtrack.costs import fit_costs
from gateway.soundtrack.settings import Brief
from gateway.soundtrack.transitions import change
from gateway.soundtrack.wording import sentence

ALTERNATES = 2


def cues(brief: Brief, candidates: Candidates, choices: Iterable[Choice]) -> Iterator[pb.Cue]:
    """A cue for each choice, in order."""
    words, before = 0, None
    recent: deque[str] = deque(maxlen=brief.no_repeat_cues)
    for number, choice in enumerate(choices):
        span = choice.weighed.scene.span
        neighbor = _neighbor(candidates, choice)
        reason = _reason(choice)
        begins = change(before, choice)
        cue = pb.Cue(
            number=number,
            clip=neighbor,
            start_seconds=brief.seconds(words),
            duration_seconds=brief.seconds(span.word_count),
            transition=begins.transition,
            transition_seconds=begins.seconds,
            reason=reason,
            why=sentence(choice, neighbor, reason, follows=_follows(brief, before, choice)),
            shortfall_reason=choice.weighed.shortfall,
        )
        if choice.clip is not None:
            cue.alternates.extend(_alternates(choice, recent))
        _fill(cue.passage, choice)
        yield cue
        words, before = words + span.word_count, choice
        recent.append(choice.clip_id)


def _neighbor(candidates: Candidates, choice: Choice) -> Neighbor | None:
    """The clip as it stands to its passage; one that is held may have to be looked up for that."""
    if choice.clip is None:
        return None
    if choice.rank is not None:
        return choice.weighed.neighbors[choice.rank]
    return candidates.lookup(choice.weighed.scene, choice.clip.id) or Neighbor(clip=choice.clip)


def _reason(choice: Choice) -> pb.CueReason.ValueType:
    decision = choice.weighed.scene.span.decision
    if decision is not None and not decision.clip_id:
        return pb.CUE_REASON_SILENT
    if choice.clip is None:
        return pb.CUE_REASON_NO_CLIP
    if decision is not None:
        return pb.CUE_REASON_DECIDED
    if choice.is_held:
        return pb.CUE_REASON_HELD
    return pb.CUE_REASON_NEAREST if choice.rank == 0 else pb.CUE_REASON_SEQUENCE


def _follows(brief: Brief, before: Choice | None, choice: Choice) -> bool:
    """Whether what played before is why a nearer clip doesn't: one fits better, and no seed put it back."""
    if before is None or before.clip is None or brief.seed or not choice.rank:
        return False
    costs = fit_costs(brief, choice.weighed)
    return bool(costs[: choice.rank].min() < costs[choice.rank])


def _alternates(choice: Choice, recent: Collection[str]) -> list[Neighbor]:
    """The nearest of other videos, each of another, those last that have just played.

    A video that is gone is gone with all its clips.
    """
    of_others: dict[str, Neighbor] = {}
    for neighbor in sorted(choice.weighed.fitting, key=lambda each: each.clip.id in recent):  # a stable sort
        if (video := video_of(neighbor.clip)) != choice.video:
            of_others.setdefault(video, neighbor)
    return list(of_others.values())[:ALTERNATES]


def _fill(passage: pb.Passage, choice: Choice) -> None:
    scene = choice.weighed.scene
    span, first, last = scene.span, scene.span.units[0].sentence, scene.span.units[-1].sentence
    passage.start, passage.end = first.start, last.end
    passage.start_byte, passage.end_byte = first.start_byte, last.end_byte
    passage.word_count = span.word_count
    passage.text.CopyFrom(scene.text)
    for point in span.curve:
        valence, arousal, dominance = point.vad
        added = passage.curve.add(start=point.start)
        added.vad.valence, added.vad.arousal, added.vad.dominance = valence, arousal, dominance
