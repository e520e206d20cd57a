"""The clips of a path, chosen as a whole among the candidates of its points, by beam search.

A shortest path through the candidates would be exact, did clips not exclude each other: none stands twice,
and limits hold for any two.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from music_index_service.searching.selection import GROUPED_BY, Candidates, Described, Limits

# Paths that are followed at once, and how many of them may end in one clip: those differ in what came before.
_BEAM, _ENDING_ALIKE = 64, 4

# What an uneven change from one clip to the next weighs beside how far clips are from their points, each in
# units of how much it varies among the candidates. On paths of 8 clips between any two scenes it takes the
# mean change from .22 to .17, and of the steps that lead back every other, at no cost in fit.
_CHANGE_WEIGHT = 16.0
# What distance weighs at both ends: they are what was asked for. Else a path through a few clips, hardly any
# of which lie on the way, would spare itself the leaps by beginning in another mood. Of 15 released clips the
# ends lose .2 of fit instead of 2.1, and the mean change grows from .27 to .32; of all clips they lose none.
_END_WEIGHT = 16.0


@dataclass(frozen=True)
class _Trail:
    """The first clips of a path, by their places among all candidates."""

    cost: float
    places: tuple[int, ...]


def follow(
    points: Sequence[Candidates], clips: Described, limits: Limits, stride: NDArray[np.float64]
) -> list[int]:
    """The column of a candidate for each point: together they are near their points, and go in even strides.

    Ends before the first point for which no path that is followed has a candidate left.

    Args:
        points: candidates of each point in its order, nearest first, at least one.
        clips: what limits, and changes, are read of.
        limits: of likeness, which hold for the whole path.
        stride: <float64>[facets] the change from a clip to the next that would be even.
    """
    handles, places = np.unique(np.concatenate([handles for _, handles in points]), return_inverse=True)
    columns = np.split(places, np.cumsum([len(handles) for _, handles in points])[:-1])
    candidates = _Together(handles, clips, limits, stride)
    unit = float(np.mean([distances.std(dtype=np.float64) for distances, _ in points])) or 1.0
    weights = [_END_WEIGHT, *[1.0] * (len(points) - 2), _END_WEIGHT][: len(points)]
    trails = [_Trail(0.0, ())]
    for (distances, _), here, weight in zip(points, columns, weights, strict=True):
        costs = weight * distances / unit + np.array([trail.cost for trail in trails])[:, None]
        if trails[0].places:
            costs += candidates.changes(np.array([trail.places[-1] for trail in trails]), here)
        going_on = _cheapest(costs, here.tolist(), trails, candidates)
        if not going_on:
            break
        trails = going_on
    best = trails[0].places
    return [columns[i].tolist().index(place) for i, place in enumerate(best)]


def _cheapest(
    costs: NDArray[np.float64], here: Sequence[int], trails: Sequence[_Trail], candidates: "_Together"
) -> list[_Trail]:
    """The trails that go on to some candidates of a point at the least cost <float64>[trails, candidates]."""
    found: list[_Trail] = []
    endings = Counter[int]()
    for flat in np.argsort(costs, axis=None, kind="stable").tolist():
        row, column = divmod(flat, len(here))
        place, before = here[column], trails[row].places
        if endings[place] == _ENDING_ALIKE or not candidates.fits(before, place):
            continue
        endings[place] += 1
        found.append(_Trail(float(costs[row, column]), (*before, place)))
        if len(found) == _BEAM:
            break
    return found


class _Together:
    """How the candidates of all points go together; each is known by its place among them."""

    def __init__(
        self, handles: NDArray[np.int64], clips: Described, limits: Limits, stride: NDArray[np.float64]
    ) -> None:
        self._facets = clips.facets(handles).astype(np.float64)
        self._stride = stride
        self._unit = 2 * float(self._facets.var(axis=0).sum()) or 1.0  # mean squared distance of two of them
        self._least = float(limits.min_separation) ** 2
        self._capped = [
            (clips.groups(field, handles), most)
            for field, most in zip(GROUPED_BY, limits.max_per_group, strict=True)
            if most
        ]

    def changes(self, ones: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float64]:
        """<float64>[n, m] the cost of going from each of n to each of m."""
        difference = self._facets[ones][:, None] + self._stride - self._facets[others]
        return _CHANGE_WEIGHT / self._unit * np.einsum("nmf,nmf->nm", difference, difference)

    def fits(self, before: tuple[int, ...], place: int) -> bool:
        """Whether a candidate may stand behind others."""
        if place in before:
            return False
        for groups, most in self._capped:
            group = groups[place]
            if group and sum(groups[other] == group for other in before) >= most:
                return False
        if self._least and before:
            difference = self._facets[list(before)] - self._facets[place]
            return bool((np.einsum("nf,nf->n", difference, difference) >= self._least).all())
        return True
