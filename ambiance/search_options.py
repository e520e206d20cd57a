"""What the gateway and the index service check of a request's SearchOptions before they search."""

import math
from collections.abc import Iterator

from ambiance.affect import MOODS
from ambiance.clip_filter import check_filter
from ambiance.errors import Violation
from ambiance.limits import MAX_SEPARATION
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.validation import OPTIONS_PREFIX, raise_violations, resolve_k

# Fields that limit the hits of one artist, album, track or video, in this order.
CAPS = ("max_per_artist", "max_per_album", "max_per_track", "max_per_video")

_FLOAT32_DIGITS = 6  # that a number keeps on its way through a float32: 3.4 arrives as 3.4000001


def check_options(options: SearchOptions, query_count: int) -> int:
    """Check all that needs no index, for so many queries or texts; returns the hits of each.

    Raises:
        InvalidInputError: naming field (`options.max_distance`), limit and offence.
    """
    k = resolve_k(options.k, query_count)
    check_limits(options)
    return k


def check_limits(options: SearchOptions) -> None:
    """Check all that needs no index, but for the number of hits.

    Raises:
        InvalidInputError: naming field, limit and offence.
    """
    raise_violations(_violations(options))
    if options.HasField("filter"):
        check_filter(options.filter, MOODS.names)


def _violations(options: SearchOptions) -> Iterator[Violation]:
    for field in CAPS:
        if (most := getattr(options, field)) < 0:
            yield Violation(f"{OPTIONS_PREFIX}{field}", f"at least 1, or 0 for any number, got {most:,}")
    farthest = options.max_distance
    if options.HasField("max_distance") and not (math.isfinite(farthest) and farthest > 0):
        yield Violation(f"{OPTIONS_PREFIX}max_distance", f"finite and above 0, got {farthest:g}")
    least = options.min_separation
    if not (least >= 0 and round(least, _FLOAT32_DIGITS) <= MAX_SEPARATION):
        yield Violation(f"{OPTIONS_PREFIX}min_separation", f"0 to {MAX_SEPARATION:g}, got {least:g}")
