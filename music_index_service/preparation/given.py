"""What of a clip another encoder heard already: facets, moods, traits and VAD as they come, checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS, TRAITS, VAD_AXES
from ambiance.clip_filter import folded
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.validation import shown
from music_index_service.preparation.offences import Offences

_SUM_TOLERANCE = 0.001  # of moods

Scores = Sequence[Any]  # a repeated field of FacetScore or MoodScore


@dataclass(frozen=True)
class Given:
    """One kind of scores of n clips."""

    values: NDArray[np.float32]  # [n, k] 0 for a clip that has none
    present: NDArray[np.bool_]  # [n] whether the clip has them, in good order


def read_facets(batch: Sequence[ClipInput], offences: Offences) -> Given:
    """The facets of each clip, in the order of affect.FACETS; notes what is wrong."""
    lists = [clip.facets for clip in batch]
    rows = [{each.facet: each.score for each in scores} for scores in lists]
    return _read("facets", FACETS, rows, lists, _facet_pairs, offences)


def read_traits(batch: Sequence[ClipInput], offences: Offences) -> Given:
    """The traits of each clip, in the order of affect.TRAITS; notes what is wrong."""
    lists = [clip.traits for clip in batch]
    rows = [{each.facet: each.score for each in scores} for scores in lists]
    return _read("traits", TRAITS, rows, lists, _facet_pairs, offences)


def read_moods(batch: Sequence[ClipInput], offences: Offences) -> Given:
    """The moods of each clip, in the order of affect.MOODS; notes what is wrong."""
    lists = [clip.moods for clip in batch]
    rows = [{each.mood: each.score for each in scores} for scores in lists]
    moods = _read("moods", MOODS.names, rows, lists, _mood_pairs, offences)
    sums = moods.values.sum(axis=1, dtype=np.float64)
    for i in np.flatnonzero(moods.present & (np.abs(sums - 1) > _SUM_TOLERANCE)).tolist():
        offences.add(i, "moods", f"sum to 1 within {_SUM_TOLERANCE}, got {sums[i]:.4g}")
    return moods


def read_vad(batch: Sequence[ClipInput], offences: Offences) -> Given:
    """Valence, arousal and dominance of each clip; notes what is wrong."""
    present = np.fromiter((clip.HasField("vad") for clip in batch), np.bool_, len(batch))
    values = np.zeros((len(batch), len(VAD_AXES)), np.float32)
    for i in np.flatnonzero(present).tolist():
        vad = batch[i].vad
        values[i] = vad.valence, vad.arousal, vad.dominance
    for i, axis in np.argwhere(~_inside(values)).tolist():
        offences.add(i, f"vad.{VAD_AXES[axis]}", f"0 to 1, got {values[i, axis]:g}")
    return Given(values, present)


_Pairs = list[tuple[str, str, float]]  # name of the name's field, name, score


def _read(
    field: str,
    names: Sequence[str],
    rows: Sequence[dict[str, float]],
    lists: Sequence[Scores],
    pairs_of: Callable[[Scores], _Pairs],
    offences: Offences,
) -> Given:
    """Lay scores out in the order of `names`: quickly if each stands once, else pair by pair."""
    in_order, all_names, nothing = itemgetter(*names), set(names), (0.0,) * len(names)
    listed: list[Sequence[float]] = []
    present = np.fromiter(map(bool, rows), np.bool_, len(rows))
    for i, (row, scores) in enumerate(zip(rows, lists, strict=True)):
        if not row:
            listed.append(nothing)
        elif len(scores) == len(names) and row.keys() == all_names:
            listed.append(in_order(row))
        else:
            found = _sorted_out(i, field, names, pairs_of(scores), offences)
            present[i] = found is not None
            listed.append(found or nothing)
    values = np.array(listed, np.float32).reshape(len(rows), len(names))
    for i, column in np.argwhere(~_inside(values)).tolist():
        pairs = pairs_of(lists[i])
        at = next(j for j, (_, name, _) in enumerate(pairs) if folded(name) == names[column])
        offences.add(i, f"{field}[{at}].score", f"0 to 1, got {values[i, column]:g}")
    return Given(values, present)


def _sorted_out(
    clip: int, field: str, names: Sequence[str], pairs: _Pairs, offences: Offences
) -> list[float] | None:
    """Scores in the order of `names`, which are the same in upper and lower case; None if that can't be."""
    if len(pairs) > len(names):
        offences.add(clip, field, f"{len(names)}, each once, got {len(pairs):,}")
        return None
    scores: dict[str, float] = {}
    for j, (of_name, name, score) in enumerate(pairs):
        plain = folded(name)
        if plain not in names:
            offences.add(clip, f"{field}[{j}].{of_name}", f"one of {', '.join(names)}, got {shown(name)}")
        elif plain in scores:
            offences.add(clip, f"{field}[{j}].{of_name}", f"{plain} stands twice")
        scores[plain] = score
    if missing := [name for name in names if name not in scores]:
        offences.add(clip, field, f"all {len(names)} or none, lacks {', '.join(missing)}")
        return None
    return [scores[name] for name in names]


def _inside(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """<bool> of the same shape: in [0, 1]. NaN isn't."""
    result: NDArray[np.bool_] = (values >= 0) & (values <= 1)
    return result


def _facet_pairs(scores: Scores) -> _Pairs:
    return [("facet", each.facet, each.score) for each in scores]


def _mood_pairs(scores: Scores) -> _Pairs:
    return [("mood", each.mood, each.score) for each in scores]
