"""Emphasis in what the command line prints."""

import os
import sys


class Style:
    """Emphasis on a terminal that shows it; plain text elsewhere."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    @classmethod
    def of_output(cls) -> "Style":
        """With colour where standard output is a terminal, unless NO_COLOR is set."""
        return cls(colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))

    def strong(self, text: str) -> str:
        """Bold."""
        return self._wrapped("1", text)

    def faint(self, text: str) -> str:
        """Dimmed."""
        return self._wrapped("2", text)

    def _wrapped(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text
