"""The options of a search as both clients take them, by keyword."""

from typing import TypedDict

from ambiance.clip_filter import ClipFilter


class SearchArguments(TypedDict, total=False):
    """What every search takes by keyword."""

    index: str  # to search; empty for "default"
    seed: int  # other than 0: draws among the near clips instead, for variety; the same seed draws the same
    filter: ClipFilter | None  # which clips may be answers; None for all
    include_unlistenable: bool  # also those that are mainly speech, effects or bad recordings
    include_unavailable: bool  # also those that can't be played any more
    max_per_artist: int  # the most hits of one artist; 0 for any number
    max_per_album: int  # of one album
    max_per_track: int  # of one track
    max_per_video: int  # of one video
    max_distance: float | None  # the farthest that a hit may be, by the metric of the space; None for any
    min_separation: float  # the least Euclidean distance between the facets of two hits, 0 to 3.4
