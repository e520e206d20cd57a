"""What a service answers from, so that it can be replaced while the service goes on answering."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Holder(Generic[T]):
    """Holds an immutable snapshot. Any number of threads may read and replace it at once.

    A request reads `current` once, and answers from what it read to its end. A swap is one assignment, of a
    snapshot that is loaded and warm: requests that begin afterwards are answered from it. What one before is
    lives on until the last request that began on it has ended.
    """

    current: T

    def swap(self, snapshot: T) -> None:
        """Answer from another snapshot from now on."""
        self.current = snapshot
