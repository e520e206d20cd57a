"""Chooses the sequence of clips: a beam search over each passage's candidates, settled a few passages behind.

Each hypothesis is a clip, or none, for every passage so far. Its cost is the sum of what
`gateway.soundtrack.costs` tells; what `gateway.soundtrack.history` rules out isn't among its continuations.
The oldest open choice of the best hypothesis is settled once it has been weighed with LAG passages after
it, and hypotheses that differ from it end.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.soundtrack.candidates import Weighed
from gateway.soundtrack.choices import Choice
from gateway.soundtrack.costs import fit_costs, holding_costs, move_costs, replay_costs, silence_cost
from gateway.soundtrack.heard import compare
from gateway.soundtrack.history import History
from gateway.soundtrack.settings import Brief

WIDTH = 24  # hypotheses that are kept
LAG = 4  # passages that are looked ahead before a clip is settled
FIRST_LAG = 2  # before the first, and one more for each after it: somebody waits for those


class Hypothesis(NamedTuple):
    """A sequence up to a passage: what isn't settled of it, and its cost."""

    cost: float
    tail: tuple[Choice, ...]  # the choice that was settled last, if any, then those that are open


def chosen(brief: Brief, passages: Iterable[Weighed]) -> Iterator[Choice]:
    """What plays to each passage, in order."""
    beam = _Beam(brief)
    for weighed in passages:
        beam.extend(weighed)
        while beam.open_count > min(LAG, FIRST_LAG + beam.settled_count):
            yield beam.settle()
    while beam.open_count:
        yield beam.settle()


class _Beam:
    def __init__(self, brief: Brief) -> None:
        self._brief, self._history = brief, History(brief)
        self._hypotheses = [Hypothesis(0.0, ())]
        self.open_count = self.settled_count = 0

    def extend(self, weighed: Weighed) -> None:
        """Continue every hypothesis by a passage, and keep the best."""
        costs = self._costs(weighed) + np.array([[each.cost] for each in self._hypotheses])
        best = costs.ravel().argsort(kind="stable")[:WIDTH]
        continued = []
        for at in best[np.isfinite(costs.ravel()[best])].tolist():
            before = self._hypotheses[at // costs.shape[1]]
            choice = self._choice(before.tail, weighed, at % costs.shape[1])
            continued.append(Hypothesis(float(costs.flat[at]), (*before.tail, choice)))
        self._hypotheses = continued
        self.open_count += 1

    def settle(self) -> Choice:
        """Settle the oldest open choice: that of the best hypothesis."""
        best = self._hypotheses[0]
        choice = best.tail[-self.open_count]
        self._hypotheses = [
            Hypothesis(each.cost - best.cost, each.tail[-self.open_count :])
            for each in self._hypotheses
            if _same(each.tail[-self.open_count], choice)
        ]
        self._history.settle(choice)
        self.open_count -= 1
        self.settled_count += 1
        return choice

    def _costs(self, weighed: Weighed) -> NDArray[np.float64]:
        """<float64>[hypotheses, candidates + 2] what each candidate adds, then holding, then silence."""
        fits = fit_costs(self._brief, weighed)
        candidates = np.tile(fits, (len(self._hypotheses), 1))
        held = np.full(len(self._hypotheses), np.inf)
        tails = [each.tail for each in self._hypotheses]
        last = [tail[-1] for tail in tails if tail]
        if weighed.scene.span.decision is None:
            candidates += replay_costs(self._brief, self._history.plays(weighed))
            candidates[:, ~self._history.allowed(weighed, self.open_count)] = np.inf
            if last and weighed.ids:
                heard = compare(tails, weighed)
                candidates += move_costs(self._brief, heard, last, weighed)
                candidates[~self._history.allowed_after(heard, weighed, self.open_count)] = np.inf
            if last:
                held = holding_costs(self._brief, last, weighed, fits)
        silence = np.full(len(self._hypotheses), silence_cost(weighed))
        return np.column_stack([candidates, held, silence])

    def _choice(self, tail: tuple[Choice, ...], weighed: Weighed, column: int) -> Choice:
        seconds, count = weighed.scene.span.seconds, len(weighed.ids)
        if column > count:
            facets, vad = np.zeros(weighed.facets.shape[1]), np.zeros(weighed.vads.shape[1])
            return Choice(weighed, None, None, facets, vad, False, seconds)
        if column == count:
            last = tail[-1]
            rank = weighed.rank_of(last.clip_id)
            return last._replace(weighed=weighed, rank=rank, is_held=True, seconds=last.seconds + seconds)
        clip = weighed.neighbors[column].clip
        goes_on = bool(tail) and tail[-1].clip_id == clip.id  # by a decision
        if goes_on:
            seconds += tail[-1].seconds
        return Choice(weighed, column, clip, weighed.facets[column], weighed.vads[column], goes_on, seconds)


def _same(one: Choice, other: Choice) -> bool:
    return one is other or (one.clip_id == other.clip_id and one.is_held == other.is_held)
