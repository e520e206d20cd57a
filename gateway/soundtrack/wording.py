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
from gateway.soundtrack.choices import Choice

MOST_FACETS = 2

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
    moods = _listed([facet.facet for facet in neighbor.why[:MOST_FACETS]])
    if reason == pb.CUE_REASON_DECIDED:
        return "It was chosen for this passage" + (f"; it is {moods}." if moods else ".")
    if reason == pb.CUE_REASON_HELD:
        return (
            f"The mood stays {moods}, and so does the music."
            if moods
            else "The mood stays, and so does the music."
        )
    if choice.weighed.scene.is_neutral:
        said = f"It is {moods}: little is felt in this passage" if moods else "Little is felt in this passage"
    else:
        said = f"It is {moods}, as this passage is" if moods else "It comes nearest to this passage"
    if reason == pb.CUE_REASON_SEQUENCE and follows:
        return f"{said}, and follows what played before better than nearer ones."
    return f"{said}."


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words)
