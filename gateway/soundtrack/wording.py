"""Says in a sentence why a clip plays to a passage."""

from collections.abc import Sequence

from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.music.v1.music_index_service_pb2 import (
    SHORTFALL_REASON_CATALOG_SMALLER_THAN_K,
    SHORTFALL_REASON_FILTER_TOO_NARROW,
    SHORTFALL_REASON_TOO_FAR,
    SHORTFALL_REASON_TOO_FEW_AVAILABLE,
    SHORTFALL_REASON_TOO_FEW_LISTENABLE,
    Neighbor,
    ShortfallReason,
)
from ambiance.text.v1.text_service_pb2 import EVIDENCE_REASON_OTHER_LANGUAGE, Evidence
from gateway.soundtrack.choices import Choice

MOST_FACETS = 2
# Of the weightiest facet's weight, for another to be the passage's mood as well.
LEAST_SHARE = 0.4
# Of a facet that is told of a clip though the passage didn't ask for it.
LEAST_MAIN_SCORE = 0.5

_HELD = "The mood stays, and so does the music."

_SHORTFALLS: dict[ShortfallReason.ValueType, str] = {
    SHORTFALL_REASON_CATALOG_SMALLER_THAN_K: "the index holds no clip that may play",
    SHORTFALL_REASON_FILTER_TOO_NARROW: "the filter lets no clip through",
    SHORTFALL_REASON_TOO_FEW_LISTENABLE: "no clip that passes the filter is worth hearing",
    SHORTFALL_REASON_TOO_FEW_AVAILABLE: "no clip that passes the filter can be played",
    SHORTFALL_REASON_TOO_FAR: "no clip is near enough",
}


def sentence(
    choice: Choice, neighbor: Neighbor | None, reason: pb.CueReason.ValueType, *, follows: bool
) -> str:
    """Why, in English, with what the passage asks for and the clip has.

    `follows` says whether what played before may be why nearer clips don't.
    """
    if reason == pb.CUE_REASON_SILENT:
        return "Nothing plays, as was decided."
    if reason == pb.CUE_REASON_NO_CLIP or neighbor is None:
        shortfall = _SHORTFALLS.get(choice.weighed.shortfall, "every clip that fits has just played")
        return f"Nothing plays: {shortfall}."
    moods = _listed(_shared(choice, neighbor))
    if reason == pb.CUE_REASON_DECIDED:
        return "It was chosen for this passage" + (f"; it is {moods}." if moods else ".")
    if reason == pb.CUE_REASON_HELD:
        return f"The mood stays {moods}, and so does the music." if moods else _HELD
    if choice.weighed.scene.is_neutral:
        said = _neutral(choice.weighed.scene.text.evidence, moods)
    elif moods:
        said = f"It is {moods}, as this passage is{_besides(choice, neighbor)}"
    else:
        said = f"Nothing nearer is there to this passage, which asks for {_asked(choice)[0]} music"
    if reason == pb.CUE_REASON_SEQUENCE and follows:
        return f"{said}, and follows what played before better than nearer ones."
    return f"{said}."


def _asked(choice: Choice) -> list[str]:
    """Facets that the passage asks for, the weightiest first; what weighs little beside it isn't its mood."""
    facets = choice.weighed.scene.text.facets
    return [facet.facet for facet in facets if facet.weight >= LEAST_SHARE * facets[0].weight]


def _shared(choice: Choice, neighbor: Neighbor) -> list[str]:
    """Those of them that are why the clip plays; of a passage of no mood all that are."""
    if choice.weighed.scene.is_neutral:
        return [facet.facet for facet in neighbor.why[:MOST_FACETS]]
    asked = _asked(choice)
    return [facet.facet for facet in neighbor.why if facet.facet in asked][:MOST_FACETS]


def _besides(choice: Choice, neighbor: Neighbor) -> str:
    """What the clip is above all, if the passage didn't ask for it."""
    main = next(iter(neighbor.clip.facets), None)
    if main is None or main.score < LEAST_MAIN_SCORE or main.facet in _asked(choice):
        return ""
    return f", though {main.facet} above all"


def _neutral(evidence: Evidence, moods: str) -> str:
    if evidence.reason == EVIDENCE_REASON_OTHER_LANGUAGE:
        cause = "this passage isn't in English, which alone is read"
    else:
        cause = "little is felt in this passage"
    return f"It is {moods}: {cause}" if moods else cause[0].upper() + cause[1:]


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words)
