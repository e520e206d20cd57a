"""Chooses the sequence of clips: a beam search over each passage's candidates, settled a few passages behind.

Each hypothesis is a clip, or none, for every passage so far. Its cost is the sum of what `gateway.soundtrack.costs` tells;
what `gateway.soundtrack.history` rules out isn't among its continuations. The oldest open choice of the best hypothesis is
settled once it has been weighed with LAG passages after it, and hypotheses that differ from it end.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gateway.soundtrack.candidates import Weighed
from gateway.soundtrack.choices import Choice
from gateway.soundtrack.costs import Costs
from gateway.soundtrack.history import History
from gateway.soundtrack.settings import Brief

WIDTH = 24  # hypotheses that are kept
LAG = 4  # passages that are looked ahead before a clip is settled; fewer before the first ones

_HELD, _SILENT = -1, -2  # in place of a rank


class Hypothesis(NamedTuple):
    """A sequence up to a passage: what isn't settled of it, and its cost."""

    cost: float
    tail: tuple[Choice, ...]  # the choice that was settled last, if any, then those that are open


def chosen(brief: Brief, passages: Iterable[Weighed]) -> Iterator[Choice]:
    """What plays to each passage, in order."""
    beam = _Beam(brief)
    for weighed in passages:
        beam.extend(weighed)
        while beam.open_count > min(LAG, 1 + beam.settled_count):
            yield beam.settle()
    while beam.open_count:
        yield beam.settle()


class _Beam:
    def __init__(self, brief: Brief) -> None:
        self._brief, self._costs, self._history = brief, Costs(brief), History(brief)
        self._hypotheses = [Hypothesis(0.0, ())]
        self.open_count = self.settled_count = 0

    def extend(self, weighed: Weighed) -> None:
        """Continue every hypothesis by a passage, and keep the best."""
        own = self._costs.fits(weighed)
        if weighed.scene.span.decision is None:
            own = own + self._costs.replays(self._history.plays(weighed))
            own[~self._history.allowed(weighed, self.open_count)] = np.inf
        continued = [
            (before.cost + cost, at, rank)
            for at, before in enumerate(self._hypotheses)
            for rank, cost in self._continuations(before.tail, weighed, own)
        ]
        continued.sort()
        self._hypotheses = [
            Hypothesis(cost, (*before.tail, self._choice(before.tail, weighed, rank)))
            for cost, before, rank in (
                (cost, self._hypotheses[at], rank) for cost, at, rank in continued[:WIDTH]
            )
        ]
        self.open_count += 1

    def settle(self) -> Choice:
        """Settle the oldest open choice: that of the best hypothesis."""
        choice = self._hypotheses[0].tail[-self.open_count]
        least = self._hypotheses[0].cost
        self._hypotheses = [
            Hypothesis(each.cost - least, each.tail[-self.open_count :])
            for each in self._hypotheses
            if _same(each.tail[-self.open_count], choice)
        ]
        self._history.settle(choice)
        self.open_count -= 1
        self.settled_count += 1
        return choice

    def _continuations(
        self, tail: tuple[Choice, ...], weighed: Weighed, own: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    ) -> Iterator[tuple[int, float]]:
        """Ranks and costs of the best that may follow these choices."""
        costs = own + self._costs.moves(tail, weighed)
        if weighed.scene.span.decision is None:
            costs[~self._history.allowed_after(tail, weighed)] = np.inf
        for rank in costs.argsort(kind="stable")[:WIDTH].tolist():
            if costs[rank] < np.inf:
                yield rank, float(costs[rank])
        held = self._costs.holding(tail, weighed)
        if held is not None:
            yield _HELD, held
        yield _SILENT, self._costs.silence(weighed)

    def _choice(self, tail: tuple[Choice, ...], weighed: Weighed, rank: int) -> Choice:
        seconds = self._brief.seconds(weighed.scene.span.word_count)
        if rank == _SILENT:
            return Choice(weighed, None, None, np.zeros(weighed.facets.shape[1]), False, seconds)
        last = tail[-1] if tail else None
        if rank == _HELD:
            assert last is not None  # `Costs.holding` has seen it
            own = weighed.rank_of(last.clip.id)
            return Choice(weighed, own, last.clip, last.facets, True, last.seconds + seconds)
        clip = weighed.neighbors[rank].clip
        goes_on = last is not None and last.clip_id == clip.id  # by a decision
        if last is not None and goes_on:
            seconds += last.seconds
        return Choice(weighed, rank, clip, weighed.facets[rank], goes_on, seconds)


def _same(one: Choice, other: Choice) -> bool:
    return one is other or (one.clip_id == other.clip_id and one.is_held == other.is_held)
