"""What is wrong with the clips of a batch, clip by clip: one bad clip never spoils the others."""

from ambiance.errors import Violation
from ambiance.validation import MAX_VIOLATIONS


class Offences:
    """Collects violations by clip; a clip that has any is refused."""

    def __init__(self, count: int) -> None:
        """Start without any for so many clips."""
        self._found: list[list[Violation]] = [[] for _ in range(count)]

    def add(self, clip: int, field: str, description: str) -> None:
        """Note an offence of a clip; the field is relative to it, empty for the clip as a whole."""
        path = f"clips[{clip}].{field}" if field else f"clips[{clip}]"
        self._found[clip].append(Violation(path, description))

    def __contains__(self, clip: int) -> bool:
        """Whether a clip is refused."""
        return bool(self._found[clip])

    def of(self, clip: int) -> list[Violation]:
        """A clip's, the first MAX_VIOLATIONS; the last of these counts what is left."""
        found = self._found[clip]
        if (left := len(found) - MAX_VIOLATIONS) <= 0:
            return found
        last = found[MAX_VIOLATIONS - 1]
        counted = Violation(last.field, f"{last.description} (and {left:,} more violations)")
        return [*found[: MAX_VIOLATIONS - 1], counted]
