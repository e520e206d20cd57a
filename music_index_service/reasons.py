"""What a search did, as messages: what its filter let through, and why there are fewer hits than wanted."""

from typing import TypeAlias

from ambiance.music.v1 import clip_filter_pb2
from ambiance.music.v1 import music_index_service_pb2 as messages
from music_index_service.index_port import Answers, FilterCounts
from music_index_service.searching.selection import Shortage

Reason: TypeAlias = messages.ShortfallReason.ValueType

_OF_LIMITS = {
    None: messages.SHORTFALL_REASON_TOO_FEW_AVAILABLE,  # there are enough, and no limit is to blame
    Shortage.TOO_FAR: messages.SHORTFALL_REASON_TOO_FAR,
    Shortage.TOO_ALIKE: messages.SHORTFALL_REASON_TOO_ALIKE,
}


def filter_effect(counts: FilterCounts | None) -> clip_filter_pb2.FilterEffect | None:
    """What a filter did; None without one."""
    if counts is None:
        return None
    return clip_filter_pb2.FilterEffect(
        clip_count=counts.clip_count,
        unknown_clip_ids=counts.unknown_clip_ids,
        unknown_youtube_ids=counts.unknown_youtube_ids,
    )


def shortfall_reason(found: int, wanted: int, answers: Answers, shortage: Shortage | None) -> Reason:
    """Why there are fewer hits than asked for; unspecified if there aren't."""
    if found >= wanted:
        return messages.SHORTFALL_REASON_UNSPECIFIED
    if answers.index_size < wanted:
        return messages.SHORTFALL_REASON_CATALOG_SMALLER_THAN_K
    counts = answers.filtered
    if counts is not None and counts.clip_count < wanted:
        return messages.SHORTFALL_REASON_FILTER_TOO_NARROW
    if answers.count < wanted:
        return messages.SHORTFALL_REASON_TOO_FEW_LISTENABLE
    return _OF_LIMITS[shortage]
