"""A soundtrack for programs: one JSON object."""

from typing import Any

from ambiance.commands.output.json_output import axes_object, document, neighbor_object, rounded, text_object
from ambiance.commands.output.soundtrack.whole import Soundtrack
from ambiance.soundtrack_results import Cue


def soundtrack_as_json(soundtrack: Soundtrack) -> str:
    """One JSON object; figures are as in the client's results, and `content` is the words of a passage."""
    start, end = soundtrack.start, soundtrack.end
    return document(
        {
            "title": soundtrack.reading.title,
            "warnings": soundtrack.reading.warnings,
            "space": start.space.name,
            "model": start.model._asdict(),
            "index": start.index._asdict(),
            "character_count": start.character_count,
            "word_count": start.word_count,
            "duration_seconds": end.duration_seconds,
            "cues": [_cue_object(soundtrack, cue) for cue in soundtrack.cues],
            "cue_count": end.cue_count,
            "filter_effect": end.filter_effect and end.filter_effect._asdict(),
            "left_out_clip_count": end.left_out_clip_count,
        }
    )


def _cue_object(soundtrack: Soundtrack, cue: Cue) -> dict[str, Any]:
    return {
        "number": cue.number,
        "passage": _passage_object(soundtrack, cue),
        "clip": cue.clip and neighbor_object(cue.clip),
        "alternates": list(map(neighbor_object, cue.alternates)),
        "start_seconds": cue.start_seconds,
        "duration_seconds": cue.duration_seconds,
        "transition": cue.transition,
        "transition_seconds": rounded(cue.transition_seconds),
        "reason": cue.reason,
        "why": cue.why,
        "shortfall_reason": cue.shortfall_reason,
    }


def _passage_object(soundtrack: Soundtrack, cue: Cue) -> dict[str, Any]:
    passage = cue.passage
    return {
        "start": passage.start,
        "end": passage.end,
        "start_byte": passage.start_byte,
        "end_byte": passage.end_byte,
        "word_count": passage.word_count,
        "content": soundtrack.words(cue),
        "text": text_object(passage.text),
        "curve": [{"start": point.start, "vad": axes_object(point.vad)} for point in passage.curve],
    }
