"""When calls are due: the schedule of an open loop, made before it begins and never bent by slow answers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Arrivals = Literal["constant", "poisson"]


@dataclass(frozen=True)
class Plan:
    """An open loop: `rate` calls/s for `warm_up_s` seconds that don't count and `duration_s` that do."""

    rate: float
    warm_up_s: float
    duration_s: float
    arrivals: Arrivals = "constant"
    seed: int = 0

    @property
    def total_s(self) -> float:
        """Seconds from the first call to the last."""
        return self.warm_up_s + self.duration_s


def due_times(plan: Plan) -> NDArray[np.float64]:
    """Seconds after the start at which each call is due, ascending: <float64>[n], below `plan.total_s`.

    Poisson arrivals have independent, exponentially distributed gaps, as callers who don't know of each
    other have; the seed draws them.
    """
    if plan.arrivals == "constant":
        return np.arange(int(plan.rate * plan.total_s), dtype=np.float64) / plan.rate
    rng = np.random.default_rng(plan.seed)
    count = rng.poisson(plan.rate * plan.total_s)
    return np.sort(rng.uniform(0.0, plan.total_s, count))
