"""When calls may queue beyond the permits: in a burst, and not in an overload.

A burst is over by itself: its calls come at once, wait their turn and are gone. In an overload calls keep
coming faster than they are answered; a queue then only adds its length to the latency of all, so the permits
alone should be filled. What tells one from the other is how long there has been a queue, as in CoDel (RFC
8289), and that it doesn't shrink: a large burst on a slow machine takes long, and a few calls that come later
must not make an overload of it.
"""

from collections.abc import Callable
from time import perf_counter


class Bursts:
    """Decides of each call as it arrives whether it is refused."""

    def __init__(
        self, permits: int, queue: int, patience_s: float, clock: Callable[[], float] = perf_counter
    ) -> None:
        """Take the numbers.

        Args:
            permits: calls that may be inside at any time.
            queue: calls that may be inside beyond them while there is no overload.
            patience_s: for how long a queue may grow or stand before that is an overload, as is a full
                queue. It is over once no call was refused for as long; a free permit is no sign of it, since
                in an overload too there is one for a moment whenever the thread that lets calls in had to
                wait for those that answer them.
            clock: tells the time in seconds.
        """
        self._permits, self._most, self._patience_s = permits, permits + queue, patience_s
        self._clock = clock
        self._queueing_since: float | None = None
        self._highest = 0  # calls inside since then
        self.overloaded, self._last_refusal = False, 0.0

    def refuses(self, inside: int) -> bool:
        """Whether the call that arrives now, with so many inside, is refused."""
        now = self._clock()
        if inside < self._permits:
            self._queueing_since = None
            self.overloaded = self.overloaded and now - self._last_refusal < self._patience_s
            return False
        # A queue that has shrunk by half is as good as a new one.
        if self._queueing_since is None or inside < self._highest / 2:
            self._queueing_since, self._highest = now, inside
        stands = inside >= self._highest and now - self._queueing_since > self._patience_s
        self._highest = max(self._highest, inside)
        self.overloaded = self.overloaded or stands or inside >= self._most
        if self.overloaded:
            self._last_refusal = now
        return self.overloaded
