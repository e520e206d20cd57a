"""What the clients return for writes, as `ambiance.results` has it for everything else."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ambiance.errors import Violation
from ambiance.results import Index


class WriteOutcome(StrEnum):
    """What a write did with one clip."""

    CREATED = "created"  # there is a clip that wasn't there
    UPDATED = "updated"  # the clip is another than it was
    UNCHANGED = "unchanged"  # nothing had to be done
    DELETED = "deleted"  # the clip is gone
    NOT_FOUND = "not_found"  # there is no such clip
    REFUSED = "refused"  # it can't be written: the violations tell why
    UNKNOWN = "unknown"  # the service is newer than this client


@dataclass(frozen=True, slots=True)
class IndexCreation:
    """An index to write to."""

    index: Index
    created: bool  # False if it was there already


class WriteResult(NamedTuple):
    """What became of one clip of a write."""

    clip_id: str  # as it was given
    outcome: WriteOutcome
    violations: tuple[Violation, ...] = ()  # why it was refused, such as "clips[3].labels[0]"; else empty
