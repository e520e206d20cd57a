"""The parts of a soundtrack, from messages to the values in `ambiance.soundtrack_results`."""

from ambiance.match.v1 import soundtrack_pb2
from ambiance.results import ArtifactVersion
from ambiance.soundtrack_results import (
    Cue,
    CueReason,
    MoodPoint,
    Passage,
    SoundtrackEnd,
    SoundtrackPart,
    SoundtrackStart,
    Transition,
)
from ambiance.wire.clip_replies import vad_of
from ambiance.wire.replies import (
    encoded_text,
    filter_effect,
    neighbor_of,
    neighbors_of,
    shortfall,
    space_of,
    version_of,
)

_TRANSITIONS = {
    soundtrack_pb2.TRANSITION_HOLD: Transition.HOLD,
    soundtrack_pb2.TRANSITION_FADE: Transition.FADE,
    soundtrack_pb2.TRANSITION_CUT: Transition.CUT,
}
_CUE_REASONS = {
    soundtrack_pb2.CUE_REASON_NEAREST: CueReason.NEAREST,
    soundtrack_pb2.CUE_REASON_SEQUENCE: CueReason.SEQUENCE,
    soundtrack_pb2.CUE_REASON_HELD: CueReason.HELD,
    soundtrack_pb2.CUE_REASON_DECIDED: CueReason.DECIDED,
    soundtrack_pb2.CUE_REASON_SILENT: CueReason.SILENT,
    soundtrack_pb2.CUE_REASON_NO_CLIP: CueReason.NO_CLIP,
}
_NO_MODEL = ArtifactVersion("", 0)


def soundtrack_part(
    response: soundtrack_pb2.ComposeSoundtrackResponse, start: SoundtrackStart | None
) -> SoundtrackPart | None:
    """The part in a message; None for one that this client doesn't know. `start` is what came first."""
    match response.WhichOneof("part"):
        case "start":
            return _start(response.start)
        case "cue":
            return _cue(response.cue, start.model if start else _NO_MODEL)
        case "end":
            return _end(response.end)
    return None


def _start(start: soundtrack_pb2.SoundtrackStart) -> SoundtrackStart:
    return SoundtrackStart(
        space_of(start.space),
        version_of(start.model),
        version_of(start.index),
        start.character_count,
        start.word_count,
        start.duration_seconds,
    )


def _cue(cue: soundtrack_pb2.Cue, model: ArtifactVersion) -> Cue:
    return Cue(
        number=cue.number,
        passage=_passage(cue.passage, model),
        clip=neighbor_of(cue.clip) if cue.HasField("clip") else None,
        alternates=neighbors_of(cue.alternates),
        start_seconds=cue.start_seconds,
        duration_seconds=cue.duration_seconds,
        transition=_TRANSITIONS.get(cue.transition, Transition.UNKNOWN),
        transition_seconds=cue.transition_seconds,
        reason=_CUE_REASONS.get(cue.reason, CueReason.UNKNOWN),
        why=cue.why,
        shortfall_reason=shortfall(cue.shortfall_reason),
    )


def _passage(passage: soundtrack_pb2.Passage, model: ArtifactVersion) -> Passage:
    return Passage(
        start=passage.start,
        end=passage.end,
        start_byte=passage.start_byte,
        end_byte=passage.end_byte,
        word_count=passage.word_count,
        text=encoded_text(passage.text, model),
        curve=tuple(MoodPoint(point.start, vad_of(point.vad)) for point in passage.curve),
    )


def _end(end: soundtrack_pb2.SoundtrackEnd) -> SoundtrackEnd:
    return SoundtrackEnd(end.cue_count, end.duration_seconds, filter_effect(end), end.left_out_clip_count)
