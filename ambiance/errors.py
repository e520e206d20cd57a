"""Domain errors, free of grpc. `ambiance.status_codes` turns each into one status code."""

import copyreg
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Violation:
    """One offence in a request: `field` is its path (`texts[3]`), `description` names limit and offence."""

    field: str
    description: str

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


class AmbianceError(Exception):
    """Base of every error that Ambiance raises on purpose. Each survives pickle and copy with its fields."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Restore message and fields as they are: `__init__`, which Python would call, builds them anew from
        arguments that an error doesn't keep, and a process pool breaks on what it can't unpickle."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class InvalidInputError(AmbianceError):
    """Raised when a request breaks its contract, whatever the state of the service."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(map(str, self.violations)))

    @classmethod
    def of(cls, field: str, description: str) -> "InvalidInputError":
        """An error of a single violation."""
        return cls([Violation(field, description)])


class NotFoundError(AmbianceError):
    """Raised when a request names something (an index, a clip) that the service doesn't hold."""


class PreconditionError(AmbianceError):
    """Raised when a valid request can't be met by what is loaded, a vector of another lineage say."""


class OverloadedError(AmbianceError):
    """Raised when no permit is free; `retry_after_s` is when a caller may try again, in seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class DeadlineError(AmbianceError):
    """Raised when the caller's deadline passed before the answer was ready."""


class UnavailableError(AmbianceError):
    """Raised when a peer this answer needs can't be reached or isn't serving."""


class ArtifactError(AmbianceError):
    """Raised when an artifact is missing, damaged or of another kind; the message names both sides."""


class StorageError(AmbianceError):
    """Raised when what is written can't be kept or read, whatever is retried: the disk is read-only, a file
    damaged or in use. The message names the file."""


class StorageFullError(StorageError):
    """Raised when the disk has no room for a write; nothing of it was kept."""


class PeerError(AmbianceError):
    """Raised when a peer answered with an error that isn't the caller's fault."""
