"""Makes one reading of those of several parts of a text that is too long to be read at once."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from ambiance.text.v1.text_service_pb2 import EncodedText


def merged(parts: Sequence[EncodedText]) -> EncodedText:
    """The mean of at least one reading, each by how much it gives to go by; counts are summed.

    Parts that tell of nothing felt count only where no other does.
    """
    if len(parts) == 1:
        return parts[0]
    told = [part for part in parts if not part.evidence.fallback] or list(parts)
    shares = np.array([max(part.evidence.score, 1e-6) * part.token_count for part in told], np.float64)
    shares /= shares.sum()
    whole = EncodedText()
    whole.CopyFrom(told[int(shares.argmax())])
    for axis in ("valence", "arousal", "dominance"):
        setattr(whole.vad, axis, float(shares @ [getattr(part.vad, axis) for part in told]))
    for at, vector in enumerate(whole.vectors):
        vector.values[:] = (shares @ np.array([part.vectors[at].values for part in told])).tolist()
    for field, name, score in (
        ("emotions", "emotion", "score"),
        ("scenes", "scene", "score"),
        ("facets", "facet", "weight"),
    ):
        _merge_scores(whole, told, shares.tolist(), field, attrgetter(name), score)
    whole.evidence.score = float(shares @ [part.evidence.score for part in told])
    for count in ("token_count", "unknown_token_count", "window_count"):
        setattr(whole, count, sum(getattr(part, count) for part in parts))
    del whole.notices[:]
    whole.notices.extend({each.kind: each for part in parts for each in part.notices}.values())
    return whole


def _merge_scores(
    whole: EncodedText,
    told: Sequence[EncodedText],
    shares: Sequence[float],
    field: str,
    name_of: Callable[[Any], str],
    score: str,
) -> None:
    """Set a list of names and scores to the mean, by descending score; equal ones in the order they had."""
    sums: dict[str, float] = {}
    for part, share in zip(told, shares, strict=True):
        for each in getattr(part, field):
            sums[name_of(each)] = sums.get(name_of(each), 0.0) + share * getattr(each, score)
    entries = {name_of(each): each for each in getattr(whole, field)}
    ranked = sorted(sums.items(), key=lambda item: -item[1])
    kept = []
    for name, value in ranked:
        entry = type(entries[name])()
        entry.CopyFrom(entries[name])
        setattr(entry, score, value)
        kept.append(entry)
    whole.ClearField(field)  # type: ignore[arg-type]  # the names of three fields
    getattr(whole, field).extend(kept)
