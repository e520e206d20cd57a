"""What a write did with one clip."""

from enum import Enum, auto


class Outcome(Enum):
    """As in ambiance.music.v1.WriteOutcome, by the same names."""

    CREATED = auto()
    UPDATED = auto()
    UNCHANGED = auto()
    DELETED = auto()
    NOT_FOUND = auto()
