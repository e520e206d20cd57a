"""What is tortured: anything that keeps clips by id and says when they are safe."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class TargetError(Exception):
    """Raised when a target doesn't do what it must: it doesn't start, refuses a valid write, can't read."""


class NotAcknowledgedError(Exception):
    """Raised when a target ended before it answered: nobody knows what became of the call."""


class Target(Protocol):
    """A program that is started, written to, killed and started again on what it left on disk.

    Calls come from several threads at once. Each but `kill` raises NotAcknowledgedError if the program was
    killed meanwhile, and TargetError if it fails by itself.
    """

    def start(self) -> None:
        """Start it on what its earlier lives left; returns once it takes writes."""

    def write(self, contents: Mapping[str, str]) -> int:
        """Write clips, all or none: id to content, at most 400 ASCII characters.

        Returns, once they are safe, the number of the write: larger than that of any acknowledged before it
        was sent. 0 if the target has no numbers.
        """

    def delete(self, clip_ids: Sequence[str]) -> int:
        """Delete clips, all or none, whether they are there or not. Returns as `write` does."""

    @property
    def figures(self) -> Mapping[str, int]:
        """What else happened to it, by name."""

    def read_all(self) -> dict[str, str]:
        """The content of every clip that is there, by id, after whatever checks of itself the target has."""

    def rest(self) -> None:
        """End what goes on beside writes, which begin it again: then one that lives may be read, too."""

    def kill(self) -> None:
        """SIGKILL, at any moment, even while it starts; returns once the process is gone."""

    def stop(self) -> None:
        """End it in an orderly way."""

    def close(self) -> None:
        """End whatever of it still runs."""
