"""How often one may ask."""

import re
import time
from collections.abc import Callable

from ambiance.errors import InvalidInputError

MAX_PER_SECOND = 100.0
_SECONDS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3_600.0}


class Pace:
    """Lets a caller through at most so many times a second."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the rate, and what tells and passes the time."""
        self._interval_s = 1 / per_second
        self._clock, self._sleep = clock, sleep
        self._next = clock()

    def wait(self) -> None:
        """Wait for one's turn."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._interval_s

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long from now."""
        self._next = max(self._next, self._clock() + seconds)


def per_second(text: str) -> float:
    """A rate such as "1/s", "30/min", "200/h" or "2", which is a second's.

    Raises:
        InvalidInputError: if it is none, or not above 0 and at most MAX_PER_SECOND.
    """
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)(?:/(s|min|h))?", text.strip())
    rate = float(found[1]) / _SECONDS[found[2] or ""] if found else 0.0
    if not 0 < rate <= MAX_PER_SECOND:
        what = f"above 0, at most {MAX_PER_SECOND:g}/s, such as 1/s, 30/min or 200/h, got {text!a}"
        raise InvalidInputError.of("--rate", what)
    return rate
