"""What Milvus counted last, kept for a moment: counts repeat from request to request."""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT_S = 1.0  # how long writes of other replicas may be missing from a count
_MAX_KEPT = 1_024


class Remembered(Generic[T]):
    """Answers by question, each for KEPT_S or until something was written. Threads may share it."""

    def __init__(self, ask: Callable[[str], T], kept_s: float = KEPT_S) -> None:
        """Take what answers."""
        self._ask, self._kept_s = ask, kept_s
        self._answers: dict[str, tuple[float, T]] = {}
        self._writes = 0
        self._lock = Lock()

    def get(self, question: str) -> T:
        """The answer."""
        with self._lock:
            asked_at, known = self._answers.get(question, (0.0, None))
            writes = self._writes
        if known is not None and monotonic() - asked_at < self._kept_s:
            return known
        asked_at, answer = monotonic(), self._ask(question)
        with self._lock:
            if writes == self._writes:  # else the answer may be from before
                if len(self._answers) >= _MAX_KEPT:
                    self._answers.clear()
                self._answers[question] = asked_at, answer
        return answer

    def forget(self) -> None:
        """Ask anew from now on: something was written."""
        with self._lock:
            self._answers.clear()
            self._writes += 1
